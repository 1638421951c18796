"""Counting a text while it grows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.metering.tally import LONGEST_AT_ONCE, LONGEST_BATCH, Tally
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import CL100K, ENCODINGS, O200K

PIECES = st.lists(
    st.text(st.sampled_from("ab cdé \n,.'12中😀"), max_size=30) | st.just("hello wide world, it's fine. "), max_size=60
)


@given(PIECES, st.sampled_from(ENCODINGS))
def test_the_figure_never_falls_and_is_short_by_a_batch_at_most(
    text_counter: TextCounter, pieces: list[str], encoding: str
) -> None:
    tally, shown, whole = Tally(text_counter, encoding), 0, ""
    for piece in pieces:
        whole += piece
        changed = tally.add(piece)
        assert tally.so_far >= shown
        assert changed or tally.so_far == shown
        shown = tally.so_far
        assert len(text_counter.vocabularies.encoding(encoding).encode_ordinary(whole)) - shown <= LONGEST_BATCH


@given(st.lists(st.sampled_from(["hello ", "wide", " world", ", it's\n", "a", " b"]), max_size=400))
def test_a_text_of_words_is_counted_to_the_token_however_it_is_cut(
    text_counter: TextCounter, pieces: list[str]
) -> None:
    text = "".join(pieces)
    by_piece, by_letter, at_once = (Tally(text_counter, O200K) for _ in range(3))
    for piece in pieces:
        by_piece.add(piece)
    for letter in text:
        by_letter.add(letter)
    at_once.add(text)
    expected = text_counter.count(text, O200K)
    assert [tally.exact() for tally in (by_piece, by_letter, at_once)] == pytest.approx(
        [expected] * 3, abs=len(text) // 256
    )


def test_words_are_never_cut(text_counter: TextCounter) -> None:
    text = "the quick brown fox jumps over the lazy dog and returns " * 400
    tally = Tally(text_counter, CL100K)
    for start in range(0, len(text), 4):
        tally.add(text[start : start + 4])
    assert tally.exact() == text_counter.count(text, CL100K)


def test_an_exact_figure_disturbs_nothing(text_counter: TextCounter) -> None:
    text = "counting words while they arrive letter by letter " * 60
    asked, left_alone = Tally(text_counter, O200K), Tally(text_counter, O200K)
    for letter in text:
        asked.add(letter)
        left_alone.add(letter)
        asked.exact()
    assert asked.exact() == left_alone.exact() == text_counter.count(text, O200K)


def test_text_without_words_is_counted_too(text_counter: TextCounter) -> None:
    text = "中文没有空格" * 2000
    tally = Tally(text_counter, O200K)
    for letter in text:
        tally.add(letter)
        assert tally.so_far >= 0
    assert tally.exact() == pytest.approx(text_counter.count(text, O200K), rel=0.01)


def test_a_very_long_piece_waits_for_the_exact_figure(text_counter: TextCounter) -> None:
    text = "word " * LONGEST_AT_ONCE
    tally = Tally(text_counter, O200K)
    assert tally.add(text)
    assert tally.owed == len(text)
    assert tally.so_far > len(text) // 5, "a guess until then"
    assert tally.exact() == text_counter.count(text, O200K) == tally.so_far
    assert tally.owed == 0


def test_nobody_waits_for_a_thread_that_still_counts(text_counter: TextCounter) -> None:
    tally = Tally(text_counter, O200K)
    tally.add("word " * 20_000)
    with tally._counting:
        guess = tally.exact()
    assert guess >= tally.exact() > 10_000
