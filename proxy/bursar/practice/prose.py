"""Prose: the text of practice answers, in pieces whose tokens are known, made from the digest of what was asked."""

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

import msgspec

from bursar.practice.memo import Memo
from bursar.practice.sentences import SENTENCES

_quote = msgspec.json.Encoder().encode
_NONCE = re.compile(r"NONCE-[0-9a-fA-F]+")
_WORD = re.compile(r"[^\W\d_]{4,14}")
_LOOKED_AT = 2_000
"""So much of what was asked is searched for words to speak about."""
_AROUND = 64
"""The longest token worth looking at, in characters."""
_COMMON = frozenset(
    _WORD.findall(
        "about after also been could does every from have here into just like make more most need only other please "
        "should some tell than that their them then there these they this what when where which while will with would "
        "write your code nonce"
    )
)


class Piece(NamedTuple):
    """A piece of text that begins where a token begins: as JSON, too, and with its tokens."""

    text: str
    quoted: bytes
    tokens: int


def piece(text: str, tokens: int) -> Piece:
    """A piece, quoted."""
    return Piece(text, _quote(text), tokens)


def _known_pieces(sentence: str) -> tuple[Piece, ...]:
    """A sentence of known words after another: each word with the space before it, and each stop, is one token."""
    return tuple(piece(part, 1) for part in re.findall(r" \w+|[.,]", " " + sentence))


_SENTENCES = tuple(map(_known_pieces, SENTENCES))
_STOP, _COMMA, _AND = piece(".", 1), piece(",", 1), piece(" and", 1)
_ASKED = (piece("You", 1), *_known_pieces("asked about"))
_NO_WORDS = (piece("Here", 1), *_known_pieces("is what I have to say."))
_CODE = _known_pieces("Your code is")


def code_of(nonce: str) -> str:
    """The proof that an answer came from here: `CODE-` and the first 12 hex digits of the nonce's SHA-256."""
    return "CODE-" + sha256(nonce.encode()).hexdigest()[:12]


def topics(asked: str) -> list[str]:
    """Up to three telling words of what was asked."""
    words = (word for word in _WORD.findall(asked[:_LOOKED_AT]) if word.lower() not in _COMMON)
    return list(dict.fromkeys(words))[:3]


def opening(asked: str, memo: Memo) -> list[Piece]:
    """How an answer begins: with what was asked, and with the code for its nonce where it holds one."""
    words = [piece(f" {word}", memo.count(f" {word}")) for word in topics(asked)]
    if words:
        pieces = [*_ASKED, words[0]]
        for word in words[1:-1]:
            pieces += (_COMMA, word)
        if len(words) > 1:
            pieces += (_AND, words[-1])
        pieces.append(_STOP)
    else:
        pieces = list(_NO_WORDS)
    nonce = _NONCE.search(asked) if "NONCE-" in asked else None
    if nonce is not None:
        code = " " + code_of(nonce[0])
        pieces += (*_CODE, piece(code, memo.count(code)), _STOP)
    return pieces


def prose(digest: bytes, asked: str, tokens: int, memo: Memo, *, exact: bool) -> list[Piece]:
    """Text on what was asked, up to the sentence that reaches `tokens`, or of exactly so many."""
    pieces = opening(asked, memo)
    have = tokens_of(pieces)
    for sentence in _sentences(digest):
        if have >= tokens:
            break
        pieces += sentence
        have += len(sentence)
    if not exact or have == tokens:
        return pieces
    pieces = cut_tokens(pieces, tokens, memo)
    # A stop after a stop or a comma would be one token with it.
    if pieces[-1].tokens == 1 and pieces[-2:-1] not in ([_STOP], [_COMMA]):
        pieces[-1] = _STOP
    return pieces


def _sentences(digest: bytes) -> Iterator[tuple[Piece, ...]]:
    """Sentences without end, none twice in a row, in an order that the digest decides."""
    state, before = int.from_bytes(digest[:8], "big"), -1
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFF_FFFF_FFFF_FFFF
        chosen = (state >> 33) % len(_SENTENCES)
        if chosen == before:
            chosen = (chosen + 1) % len(_SENTENCES)
        before = chosen
        yield _SENTENCES[chosen]


def tokens_of(pieces: Iterable[Piece]) -> int:
    """The tokens of all of them."""
    return sum([one.tokens for one in pieces])


def joined(pieces: Iterable[Piece]) -> str:
    """Their text."""
    return "".join([one.text for one in pieces])


def cut_tokens(pieces: Sequence[Piece], limit: int, memo: Memo) -> list[Piece]:
    """The first `limit` tokens of them; fewer only where a token ends inside a character."""
    for index, one in enumerate(pieces):
        if one.tokens > limit:
            kept = list(pieces[:index])
            if limit:
                text = prefix_of(one.text, limit, memo)
                kept.append(piece(text, memo.count(text)))
            return kept
        limit -= one.tokens
    return list(pieces)


def prefix_of(text: str, tokens: int, memo: Memo) -> str:
    """The longest prefix of `text` that is exactly so many tokens, which are fewer than it has.

    There is one wherever that token ends with a character, since a merge that crosses the end of a token
    never happened: what stands before it tokenizes alone as it does with the rest. Found by halving, then
    by looking around, because a prefix that ends inside a token may take more tokens than a longer one.
    """
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if memo.count(text[:middle]) <= tokens:
            low = middle
        else:
            high = middle - 1
    near = (*range(low, max(0, low - _AROUND), -1), *range(low + 1, min(len(text), low + _AROUND)))
    exact = next((end for end in near if memo.count(text[:end]) == tokens), None)
    return text[: low if exact is None else exact]


def cut_characters(pieces: Sequence[Piece], characters: int, memo: Memo) -> list[Piece]:
    """The first so many characters of them."""
    kept: list[Piece] = []
    for one in pieces:
        if len(one.text) > characters:
            if characters:
                text = one.text[:characters]
                kept.append(piece(text, memo.count(text)))
            break
        kept.append(one)
        characters -= len(one.text)
    return kept


def without_prefix(pieces: Sequence[Piece], prefix: str, memo: Memo) -> list[Piece]:
    """What follows `prefix`, where the text begins with it; else all."""
    if not prefix or not joined(pieces).startswith(prefix):
        return list(pieces)
    left = len(prefix)
    for index, one in enumerate(pieces):
        if left < len(one.text):
            rest = one.text[left:]
            return [piece(rest, memo.count(rest)) if left else one, *pieces[index + 1 :]]
        left -= len(one.text)
    return []


def before_stop(pieces: Sequence[Piece], stops: Sequence[str], memo: Memo) -> list[Piece]:
    """The text up to the first of the stops in it."""
    text = joined(pieces) if stops else ""
    found = [at for stop in stops if (at := text.find(stop)) >= 0]
    return cut_characters(pieces, min(found), memo) if found else list(pieces)


def regrouped(pieces: Sequence[Piece], chunks: int) -> list[Piece]:
    """The same text in `chunks` pieces of about the same length (fewer only where there are fewer)."""
    if chunks >= len(pieces):
        return list(pieces)
    edges = [index * len(pieces) // chunks for index in range(chunks + 1)]
    groups = (pieces[start:end] for start, end in zip(edges, edges[1:], strict=False))
    return [piece(joined(group), tokens_of(group)) for group in groups]


def pieces_of(text: str, memo: Memo, most: int = 16) -> list[Piece]:
    """Any text in at most `most` pieces. The tokens of each are what it adds to those before it, so that
    they add up to the tokens of the whole.
    """
    step = max(4, -(-len(text) // most))
    pieces, before = [], 0
    for end in range(step, len(text) + step, step):
        so_far = memo.count(text[:end])
        pieces.append(piece(text[end - step : end], so_far - before))
        before = so_far
    return pieces
