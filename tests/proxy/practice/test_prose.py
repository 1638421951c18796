"""Prose: pieces whose tokens add up, however they are cut."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.practice.memo import Memo
from bursar.practice.prose import (
    before_stop,
    code_of,
    cut_tokens,
    joined,
    pieces_of,
    prefix_of,
    prose,
    regrouped,
    tokens_of,
    topics,
    without_prefix,
)
from bursar.practice.sentences import SENTENCES
from bursar.tokens.text import TextCounter

ASKED = st.text(max_size=200) | st.from_regex(r"[a-z]{4,14}( [a-z]{4,14}){0,4} NONCE-[0-9a-f]{4,40}", fullmatch=True)


@pytest.fixture(scope="module")
def memo(counter: TextCounter) -> Memo:
    return Memo(counter)


def test_every_word_and_stop_of_the_sentences_is_one_token(count: Any) -> None:
    for sentence in SENTENCES:
        parts = re.findall(r"\w+|[.,]", sentence)
        assert [count(part if part in ".," else f" {part}") for part in parts] == [1] * len(parts)
        assert count(f" {sentence}") == len(parts)
        assert sentence.endswith(".")


def test_sentences_are_different() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES)


@given(asked=ASKED, digest=st.binary(min_size=16, max_size=16), tokens=st.integers(1, 300), exact=st.booleans())
def test_the_pieces_add_up_to_the_tokens_of_the_text(
    memo: Memo, count: Any, asked: str, digest: bytes, tokens: int, exact: bool
) -> None:
    pieces = prose(digest, asked, tokens, memo, exact=exact)
    assert tokens_of(pieces) == count(joined(pieces))
    # Only where a token ends inside a character can an exact length be missed, and then by less than that character.
    assert tokens_of(pieces) >= tokens - 3
    if asked.isascii() and exact:
        assert tokens_of(pieces) == tokens


@given(asked=ASKED, limit=st.integers(0, 60))
def test_a_cut_is_a_prefix_of_exactly_so_many_tokens(memo: Memo, count: Any, asked: str, limit: int) -> None:
    pieces = prose(b"0123456789abcdef", asked, 80, memo, exact=False)
    cut = cut_tokens(pieces, limit, memo)
    assert joined(pieces).startswith(joined(cut))
    assert count(joined(cut)) == tokens_of(cut) <= limit
    if asked.isascii():
        assert tokens_of(cut) == limit


@given(text=st.from_regex(r'[{}\[\]":, a-zA-Z0-9._-]{1,200}', fullmatch=True), tokens=st.integers(0, 60))
def test_a_prefix_of_so_many_tokens_is_found(memo: Memo, count: Any, text: str, tokens: int) -> None:
    if tokens < count(text):
        prefix = prefix_of(text, tokens, memo)
        assert text.startswith(prefix)
        assert count(prefix) == tokens


@given(text=st.text(max_size=300))
def test_any_text_is_divided_without_loss(memo: Memo, count: Any, text: str) -> None:
    pieces = pieces_of(text, memo)
    assert joined(pieces) == text
    assert tokens_of(pieces) == count(text)
    assert len(pieces) <= 16


@given(chunks=st.integers(1, 100))
def test_regrouping_keeps_text_and_tokens(memo: Memo, chunks: int) -> None:
    pieces = prose(b"0123456789abcdef", "hello world", 50, memo, exact=True)
    grouped = regrouped(pieces, chunks)
    assert len(grouped) == min(chunks, 50)
    assert joined(grouped) == joined(pieces)
    assert tokens_of(grouped) == 50


@given(cut=st.integers(0, 400))
def test_what_follows_a_prefix_is_the_rest(memo: Memo, count: Any, cut: int) -> None:
    pieces = prose(b"0123456789abcdef", "hello world", 50, memo, exact=True)
    text = joined(pieces)
    rest = without_prefix(pieces, text[:cut], memo)
    assert joined(rest) == text[cut:]
    assert tokens_of(rest) == count(text[cut:])
    assert joined(without_prefix(pieces, "something else", memo)) == text


def test_the_earliest_stop_ends_the_text(memo: Memo) -> None:
    pieces = prose(b"0123456789abcdef", "hello world", 50, memo, exact=True)
    text = joined(pieces)
    assert joined(before_stop(pieces, ["world", "asked"], memo)) == text[: text.index("asked")]
    assert joined(before_stop(pieces, ["You"], memo)) == ""
    assert joined(before_stop(pieces, ["\0"], memo)) == text


def test_words_to_speak_about_are_telling_and_few() -> None:
    assert topics("What should we tell about Budgets, budgets, proxies, gateways and tunnels?") == [
        "Budgets",
        "budgets",
        "proxies",
    ]
    assert topics("1234 ab c ???") == []


def test_a_code_is_the_digest_of_its_nonce() -> None:
    assert code_of("NONCE-abc123") == "CODE-e68c5b938fae"
