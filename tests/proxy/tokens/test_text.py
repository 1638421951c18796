"""Counting texts: exactly where it can be, quickly whatever the text is, and never with a panic."""

import base64
import random

import pytest
from fakes.work import watched_encoders
from hypothesis import given
from hypothesis import strategies as st

from bursar.tokens.text import (
    LONGEST_PIECE,
    PIECE,
    SAMPLED_ABOVE,
    TextCounter,
    bytes_as_tokens,
    encoding_of,
    pieces_of,
    plain_name,
    settled_length,
)
from bursar.tokens.vocabulary import CL100K, ENCODINGS, O200K, Vocabularies

LONG = 1 << 19
"""Half a million characters, four times the longest piece that is counted at once."""
AWKWARD = st.lists(
    st.sampled_from("aZzéñßǅʰ中かन\u093e  \n\n\r\t.,'s!/\\-_09९²\u0301\u200d\u00a0\u2003\x00{}\"İıſ😀\ud800")
    | st.sampled_from(["the", "'ll", "LL"]),
    max_size=40,
).map("".join)
WORDS = ("def", "return", "value", "self", "the", "quick", "await", "naïve", "façade", "12", "3.5", "#", "-", "it's")


def prose(size: int) -> str:
    """Made-up Python, chat and markdown, in lines."""
    chance = random.Random(size)
    lines, length = list[str](), 0
    while length < size:
        line = " ".join(chance.choice(WORDS) for _ in range(chance.randrange(0, 14)))
        lines.append("    " * chance.randrange(0, 3) + line + "\n")
        length += len(lines[-1])
    return "".join(lines)


@pytest.fixture
def encoded(vocabularies: Vocabularies, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long the texts were that the encoders were given so far, in characters."""
    return watched_encoders(vocabularies, monkeypatch)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_long_text_is_counted_to_the_token(counter: TextCounter, vocabularies: Vocabularies, encoding: str) -> None:
    text = prose(500_000)
    assert len(text) > LONGEST_PIECE
    whole = len(vocabularies.encoding(encoding).encode_ordinary(text))
    assert counter.count(text, encoding) == counter.count_once(text, encoding) == whole


@given(AWKWARD, st.integers(0, 3))
def test_pieces_put_together_are_the_text(text: str, times: int) -> None:
    long = text * times + "x" * (PIECE * times) + text
    pieces = list(pieces_of(long))
    assert "".join(pieces) == long
    assert all(len(piece) <= LONGEST_PIECE for piece in pieces)


@given(AWKWARD, AWKWARD)
def test_a_cut_behind_a_newline_and_before_a_letter_changes_no_count(
    vocabularies: Vocabularies, before: str, behind: str
) -> None:
    left, right = before + "\n", "w" + behind
    for name in ENCODINGS:
        encode = vocabularies.encoding(name).encode_ordinary
        assert encode(left + right) == encode(left) + encode(right)


@given(AWKWARD)
def test_a_settled_part_changes_no_count(vocabularies: Vocabularies, text: str) -> None:
    cut = settled_length(text)
    for name in ENCODINGS:
        encode = vocabularies.encoding(name).encode_ordinary
        assert encode(text) == encode(text[:cut]) + encode(text[cut:])


def test_a_settled_part_ends_at_the_last_space_between_words() -> None:
    assert settled_length("hello wide wor") == len("hello wide")
    assert settled_length("hello wide ") == len("hello")
    assert settled_length("a, b. 1 2") == 0
    assert settled_length("") == 0


PATHOLOGICAL = {
    "one letter": "a" * LONG,
    "spaces": " " * LONG,
    "tabs": "\t" * LONG,
    "newlines": "\n" * LONG,
    "spaces and newlines": (" " * 99 + "\n") * (LONG // 100),
    "base64": base64.b64encode(random.Random(1).randbytes(LONG * 3 // 4)).decode(),
    "emoji": "😀" * (LONG // 2),
    "NUL": "\0" * LONG,
    "dashes": "-" * LONG,
    "letters": "".join(random.Random(2).choices("abcdefghijklmnopqrstuvwxyz", k=LONG)),
    "combining marks": "\u0301" * (LONG // 2),
    "half characters": "\ud800" * (LONG // 2),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
def test_no_long_text_freezes_or_panics(
    counter: TextCounter, encoded: list[int], capfd: pytest.CaptureFixture[str], text: str, encoding: str
) -> None:
    assert counter.count_once(text, encoding) > 0
    # Uncut, some of these take minutes, and a run of spaces makes the native part panic; here they are cut.
    assert sum(encoded) == len(text)
    assert max(encoded) <= LONGEST_PIECE
    assert "panic" not in capfd.readouterr().err


def test_a_text_beyond_measure_is_counted_by_a_sample(counter: TextCounter, encoded: list[int]) -> None:
    text = "word " * (SAMPLED_ABOVE * 3 // 5)
    counted = counter.count_once(text, O200K)
    assert sum(encoded) < SAMPLED_ABOVE
    assert max(encoded) <= LONGEST_PIECE
    assert counted == pytest.approx(len(text) / 5, rel=0.01)


def test_a_panic_of_the_native_part_becomes_a_guess(counter: TextCounter, capfd: pytest.CaptureFixture[str]) -> None:
    spaces = " " * 1_100_000
    assert counter._count_piece(spaces, O200K) == bytes_as_tokens(len(spaces)) == 314_286
    assert "panicked" in capfd.readouterr().err
    assert counter.count("hello world", O200K) == 2


def test_what_is_no_panic_is_not_swallowed(counter: TextCounter) -> None:
    with pytest.raises(KeyError):
        counter.count("hello", "no encoding")


def test_a_long_text_that_comes_again_is_not_counted_again(counter: TextCounter, encoded: list[int]) -> None:
    text = prose(300_000)
    counted = counter.count(text, O200K)
    assert sum(encoded) == len(text)
    encoded.clear()
    assert counter.count("".join(list(text)), O200K) == counted
    assert encoded == []
    assert counter.count(text, CL100K) != counted
    assert sum(encoded) == len(text)


def test_special_tokens_in_a_text_are_text(counter: TextCounter) -> None:
    assert counter.count("<|endoftext|>", O200K) > 1


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4", CL100K),
        ("gpt-4-0613", CL100K),
        ("gpt-4-turbo-2024-04-09", CL100K),
        ("gpt-3.5-turbo", CL100K),
        ("gpt-35-turbo", CL100K),
        ("text-embedding-3-small", CL100K),
        ("ft:gpt-3.5-turbo:acme::id", CL100K),
        ("openai/gpt-4", CL100K),
        ("GPT-4", CL100K),
        ("gpt-4o", O200K),
        ("gpt-4o-mini", O200K),
        ("ft:gpt-4o-mini:acme", O200K),
        ("gpt-4.1", O200K),
        ("gpt-4.5-preview", O200K),
        ("gpt-5.6-sol", O200K),
        ("o3", O200K),
        ("claude-sonnet-4-5", O200K),
        ("", O200K),
    ],
)
def test_the_encoding_follows_the_models_name(model: str, encoding: str) -> None:
    assert encoding_of(model) == encoding


def test_a_plain_name_has_no_vendor() -> None:
    assert plain_name("OpenRouter/openai/GPT-4o:free") == "gpt-4o:free"
