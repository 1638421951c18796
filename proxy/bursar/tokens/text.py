"""Counts the tokens of any text within a bounded time, whatever the text is made of."""

import re
from collections.abc import Iterator

from bursar.tokens.memo import Memo
from bursar.tokens.vocabulary import CL100K, O200K, Vocabularies

PIECE = 64 * 1024
"""Characters that are counted in one go; longer texts are cut, as one endless word costs far more than its parts."""
LONGEST_PIECE = 2 * PIECE
SAMPLED_ABOVE = 8 * 1024 * 1024
"""Characters beyond which a text is counted by a sample."""
_SAMPLE_PIECES = 32

_REMEMBERED = 5_000
_WORTH_REMEMBERING = 256
"""Characters below which counting costs less than remembering."""

# In the patterns of both encodings a newline ends a piece and a letter begins one, and a single space between letters
# always goes to the word behind it: a cut at such a place splits no token.
_EXACT_CUT = re.compile(r"(?<=\n)(?=[^\W\d_])|(?<=[^\W\d_])(?= [^\W\d_])")

# Source: the model table of tiktoken 0.14. What is not listed here is newer, or not OpenAI's and counted by a factor.
_CL100K_MODELS = ("gpt-4", "gpt-3.5", "gpt-35", "text-embedding", "davinci-002", "babbage-002")
_O200K_MODELS = ("gpt-4o", "gpt-4.1", "gpt-4.5")


def plain_name(model: str) -> str:
    """A model's name in small letters, without the vendor or fine-tuning prefix: `openai/gpt-4o` is `gpt-4o`."""
    return model.lower().rpartition("/")[2].removeprefix("ft:")


def encoding_of(model: str) -> str:
    """The encoding of a model: cl100k for the GPT-4, GPT-3.5 and embedding families, o200k for everything else."""
    name = plain_name(model)
    return CL100K if name.startswith(_CL100K_MODELS) and not name.startswith(_O200K_MODELS) else O200K


class TextCounter:
    """Counts tokens with the shipped vocabularies, and remembers the counts of long texts, not the texts.

    May be used from several threads at once.
    """

    def __init__(self, vocabularies: Vocabularies) -> None:
        self.vocabularies = vocabularies
        self._memo = Memo[int](_REMEMBERED)

    def count(self, text: str, encoding: str) -> int:
        """The tokens of a text that may come again. Special tokens in it count as the text they are.

        Never raises but VocabularyDamaged. Exact up to 64 Ki characters, and beyond for texts that have
        words or lines; else a token or two off for each cut. Above 8 Mi an estimate from a sample.
        """
        if len(text) < _WORTH_REMEMBERING:
            return self.count_once(text, encoding)
        key = (encoding, hash(text), len(text))
        counted = self._memo.get(key)
        if counted is None:
            counted = self.count_once(text, encoding)
            self._memo.put(key, counted)
        return counted

    def count_once(self, text: str, encoding: str) -> int:
        """The same for a text that will not come again: nothing is remembered."""
        if len(text) <= PIECE:
            return self._count_piece(text, encoding)
        pieces = list(pieces_of(text))
        if len(text) <= SAMPLED_ABOVE:
            return sum(self._count_piece(piece, encoding) for piece in pieces)
        sample = pieces[:: max(1, len(pieces) // _SAMPLE_PIECES)]
        counted = sum(self._count_piece(piece, encoding) for piece in sample)
        return -(-counted * len(text) // sum(map(len, sample)))

    def _count_piece(self, piece: str, encoding: str) -> int:
        try:
            return len(self.vocabularies.encoding(encoding).encode_ordinary(piece))
        except BaseException as error:
            # The native part panics on some endless words, by an exception that is no Exception.
            if type(error).__name__ != "PanicException":
                raise
            return bytes_as_tokens(len(piece.encode("utf-8", "surrogatepass")))


def bytes_as_tokens(size: int) -> int:
    """A guess at the tokens of so many bytes of text: one for every 3.5, rounded up."""
    return -(-size * 2 // 7)


def pieces_of(text: str) -> Iterator[str]:
    """The text in pieces of 64 to 128 Ki characters, cut where no token is split if there is such a place."""
    start = 0
    while len(text) - start > LONGEST_PIECE:
        found = _EXACT_CUT.search(text, start + PIECE, start + LONGEST_PIECE)
        end = found.start() if found else start + LONGEST_PIECE
        yield text[start:end]
        start = end
    yield text[start:]


def settled_length(text: str) -> int:
    """How much of a text that is still growing can be counted now, so that its parts add up to the whole.

    Up to the last single space between two letters, which the patterns of both encodings always give to
    the word behind it. 0 where there is none.
    """
    space = len(text) - 1
    while (space := text.rfind(" ", 1, space)) > 0:
        if text[space - 1].isalpha() and text[space + 1].isalpha():
            return space
    return 0
