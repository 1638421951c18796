"""What is learned of vendors' counts: right within its shown error, bounded whatever is reported, blind to order."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.domain.calibration import ONE, Calibration, Factor
from bursar.domain.usage import Usage
from bursar.metering.calibrations import (
    KEPT_PAIRS,
    LEAST,
    LEAST_PAIRS,
    LEAST_TOKENS,
    MOST,
    MOST_FAMILIES,
    Calibrations,
    Pairs,
)
from bursar.metering.count import Prompt, scaled
from bursar.metering.families import family_of

LLAMA = family_of("llama-3.3-70b")
START = LLAMA.start

texts = st.integers(LEAST_TOKENS, 200_000)
"""Tokens of ours in a text that is long enough to learn from."""
anything = st.integers(-(2**40), 2**40) | st.integers(0, 20_000)
"""What a vendor may say."""


def learn(book: Calibrations, counted: int, reported: int, family_name: str = "llama-3.3-70b") -> None:
    """A prompt and an answer of the same length."""
    usage = Usage(reported, reported)
    book.learn("main", family_of(family_name), Prompt(counted, 0), counted, usage)


def learned(pairs: list[tuple[int, int]]) -> Calibration:
    book = Calibrations()
    for counted, reported in pairs:
        learn(book, counted, reported)
    return book.of("main", LLAMA)


@settings(max_examples=40)
@given(
    true=st.integers(LEAST + 150, MOST - 1_000),
    spread=st.integers(0, 150),
    counted=st.lists(texts, min_size=LEAST_PAIRS, max_size=KEPT_PAIRS + 50),
    chance=st.randoms(use_true_random=False),
)
def test_it_comes_to_the_vendors_true_factor_within_its_shown_error(
    true: int, spread: int, counted: list[int], chance: Random
) -> None:
    """A vendor whose counts are `true` times ours, each call up to `spread` thousandths of that off."""
    pairs = []
    for place, size in enumerate(counted):
        # As many calls are off to either side, by whatever chance wants.
        off = chance.randint(0, spread) * (1 if place % 2 else -1)
        pairs.append((size, -(-size * true * (ONE + off) // ONE**2)))
    for factor in (learned(pairs).prompt, learned(pairs).answer):
        assert factor.error_permille is not None
        assert abs(factor.counted - true) <= scaled(factor.counted, factor.error_permille)
        # The error itself is no larger than the vendor is irregular: it says something.
        assert factor.error_permille <= 2 * spread * ONE // (ONE - spread) + 20
        assert factor.least <= min(true, ONE)
        assert factor.held >= max(true * (ONE - spread) // ONE, START.counted)


@given(st.lists(st.tuples(texts | st.integers(0, LEAST_TOKENS), anything), max_size=KEPT_PAIRS + 30))
def test_whatever_is_reported_it_stays_in_its_bounds(
    pairs: list[tuple[int, int]],
) -> None:
    calibration = learned(pairs)
    for factor, begun in ((calibration.prompt, LLAMA.prompt_start), (calibration.answer, START)):
        assert factor.calls <= KEPT_PAIRS
        assert START.counted <= factor.held <= MOST
        assert LEAST - 10 < factor.least <= ONE
        if factor.is_learned:
            assert factor.calls >= LEAST_PAIRS
            assert LEAST <= factor.counted <= MOST
            assert factor.least <= factor.counted <= factor.held
        else:
            assert (factor.counted, factor.held, factor.least) == (begun.counted, begun.held, begun.least)


@settings(max_examples=40)
@given(
    honest=st.lists(texts, min_size=2 * LEAST_PAIRS, max_size=KEPT_PAIRS),
    nonsense=st.lists(anything, max_size=LEAST_PAIRS - 1),
    chance=st.randoms(use_true_random=False),
)
def test_fewer_than_half_the_reports_do_not_move_it(honest: list[int], nonsense: list[int], chance: Random) -> None:
    pairs = [(size, -(-size * 1_300 // ONE)) for size in honest] + [(5_000, said) for said in nonsense]
    pairs = pairs[-KEPT_PAIRS:]
    chance.shuffle(pairs)
    assert abs(learned(pairs).prompt.counted - 1_300) <= 5


@given(st.lists(st.tuples(texts, anything), max_size=KEPT_PAIRS), st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_that_are_kept_means_nothing(pairs: list[tuple[int, int]], chance: Random) -> None:
    shuffled = list(pairs)
    chance.shuffle(shuffled)
    assert learned(shuffled) == learned(pairs)


@given(st.lists(st.tuples(texts, anything), max_size=KEPT_PAIRS * 2))
def test_it_goes_on_from_what_was_kept_as_if_it_had_never_ended(pairs: list[tuple[int, int]]) -> None:
    book, middle = Calibrations(), len(pairs) // 2
    for counted, reported in pairs[:middle]:
        learn(book, counted, reported)
    again = Calibrations(book.pairs())
    for counted, reported in pairs[middle:]:
        learn(book, counted, reported)
        learn(again, counted, reported)
    assert again.of("main", LLAMA) == book.of("main", LLAMA)
    assert again.pairs() == book.pairs()


def test_a_vendor_that_changes_its_vocabulary_is_followed() -> None:
    pairs = [(1_000, 1_200)] * KEPT_PAIRS
    assert learned(pairs).prompt == Factor(1_200, 1_200, ONE, 5, KEPT_PAIRS)
    halfway = learned(pairs + [(1_000, 1_500)] * (KEPT_PAIRS // 2)).prompt
    assert (halfway.counted, halfway.held) == (1_500, 1_500)
    assert halfway.error_permille == 204, "and for as long as it is not clear, the error says so"
    assert learned(pairs + [(1_000, 1_500)] * KEPT_PAIRS).prompt == Factor(1_500, 1_500, ONE, 4, KEPT_PAIRS)


def test_too_few_reports_correct_nothing() -> None:
    pairs = [(1_000, 1_500)] * (LEAST_PAIRS - 1)
    assert learned(pairs).prompt == replace(LLAMA.prompt_start, calls=LEAST_PAIRS - 1)
    assert learned([*pairs, (1_000, 1_500)]).prompt.counted == 1_500


def test_what_nothing_is_known_of_is_held_on_the_high_side_until_it_is() -> None:
    assert (LLAMA.prompt_start.counted, LLAMA.prompt_start.held) == (1_100, 1_300)
    assert learned([(1_000, 1_050)] * LEAST_PAIRS).prompt.held == 1_100
    for known in ("gpt-5", "claude-opus-5", "claude-3-haiku"):
        family = family_of(known)
        assert family.prompt_start == family.start
        assert family.start.held == family.start.counted


def test_a_count_on_the_high_side_is_never_short_of_what_was_reported_of_nearly_all() -> None:
    pairs = [(size, size * 1_300 // ONE + size % 97) for size in range(LEAST_TOKENS, 10_000, 49)][:KEPT_PAIRS]
    factor = learned(pairs).prompt
    above = sum(reported > scaled(counted, factor.held) for counted, reported in pairs)
    assert above <= KEPT_PAIRS // 40


@pytest.mark.parametrize("reported", [0, -5, 10_000, 599, 4_001, 2**60])
def test_what_is_no_count_of_the_text_is_left_out_and_said(reported: int) -> None:
    calibration = learned([(1_000, reported)] * 30)
    assert calibration.left_out == 60
    assert not calibration.prompt.is_learned
    assert calibration.prompt.calls == 0


def test_media_reasoning_and_short_texts_teach_nothing() -> None:
    book = Calibrations()
    for usage, prompt, answer in (
        (Usage(1_300, 1_300), Prompt(1_000, 85), LEAST_TOKENS - 1),
        (Usage(1_300, 1_300), Prompt(LEAST_TOKENS - 1, 0), None),
        (Usage(1_300, 1_300, reasoning_tokens=10), None, 1_000),
        (Usage(1_300, 1_300, audio_completion_tokens=10), None, 1_000),
    ):
        book.learn("main", LLAMA, prompt, answer, usage)
    assert book.all() == book.take_fresh() == ()


def test_prompts_and_answers_upstreams_and_families_are_learned_apart() -> None:
    book = Calibrations()
    for _ in range(LEAST_PAIRS):
        book.learn("main", LLAMA, Prompt(1_000, 0), 1_000, Usage(1_300, 1_200))
    calibration = book.of("main", LLAMA)
    assert (calibration.prompt.counted, calibration.answer.counted) == (1_300, 1_200)
    for upstream, model in (("other", "llama-3.3-70b"), ("main", "llama-4-scout"), ("main", "gpt-5")):
        family = family_of(model)
        assert book.of(upstream, family) == Calibration(upstream, family.name, family.prompt_start, family.start)


def test_what_is_kept_has_a_bound_and_those_silent_longest_give_way() -> None:
    book = Calibrations()
    for number in range(MOST_FAMILIES + 50):
        learn(book, 1_000, 1_300)
        learn(book, 1_000, 1_300, f"{'abcdefghij'[number % 10]}x-{number}")
    names = {each.family for each in book.all()}
    assert len(names) == MOST_FAMILIES
    assert "llama 3" in names
    assert {each.family for each in book.take_fresh()} == names
    assert book.take_fresh() == ()


def test_what_was_kept_wrongly_is_not_believed() -> None:
    book = Calibrations([Pairs("main", LLAMA.name, 1_100, 1_300, (1_300,) * 30 + (-4, 10**9, 0), (5,), 3)])
    calibration = book.of("main", LLAMA)
    assert (calibration.prompt.counted, calibration.prompt.calls) == (1_300, 30)
    assert calibration.answer.calls == 0


def test_factors_as_people_read_them() -> None:
    assert [str(each) for each in (START, Factor(1_183, 1_200, 1_000, 24, 200))] == ["1.1", "1.183 ± 2.4 %"]
