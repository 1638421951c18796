"""The meter: what an answer has used so far, by the upstream's word and by our own count."""

from dataclasses import replace

import pytest
from fakes.counting import text_tokens
from fakes.work import calls_made, watched_encoders
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects.canonical import Heard
from bursar.dialects.usage import CLAMPED
from bursar.domain.calibration import Factor
from bursar.domain.usage import Quality, Usage
from bursar.metering.count import PromptCounter, scaled
from bursar.metering.meter import ABSURD, CUT_COUNTED, INCOMPLETE, Meter
from bursar.tokens.text import TextCounter

WORDS = "the quick brown fox jumps over the lazy dog and then returns home "
WORDS_TOKENS = 14
PROMPT = 40


@pytest.fixture
def meter(counter: PromptCounter) -> Meter:
    return Meter(PROMPT, counter, "gpt-4o")


def tell(meter: Meter, text: str, size: int = 4) -> None:
    for start in range(0, len(text), size):
        meter.hear(Heard(text=text[start : start + size], choices=1))


def test_without_a_report_our_own_count_is_the_usage(meter: Meter, counter: PromptCounter) -> None:
    tell(meter, WORDS * 50)
    expected = Usage(PROMPT, text_tokens(counter, WORDS * 50, "gpt-4o"))
    assert meter.usage == meter.counted == expected
    assert meter.exact() == expected.completion_tokens
    assert (meter.quality, meter.reported, meter.heard, meter.notes) == (Quality.COUNTED, False, True, ())


def test_a_models_factor_is_on_the_answer_too(counter: PromptCounter) -> None:
    meter = Meter(PROMPT, counter, "claude-opus-5")
    tell(meter, WORDS * 50)
    assert meter.exact() == text_tokens(counter, WORDS * 50, "claude-opus-5")


def test_what_was_learned_is_settled_by_its_best_figure_and_held_by_its_highest(counter: PromptCounter) -> None:
    plain, learned = (
        Meter(PROMPT, counter, "gpt-4o"),
        Meter(PROMPT, counter, "gpt-4o", Factor(1_300, 1_500, 1_000, 9, 50)),
    )
    for meter in (plain, learned):
        tell(meter, WORDS * 50)
    written = plain.exact()
    assert learned.written() == written
    assert learned.exact() == learned.usage.completion_tokens == scaled(written, 1_300)
    assert learned.to_be_held() == learned.completion_tokens == scaled(written, 1_500)
    assert learned.bill(after_cut=True)[0].completion_tokens > scaled(written, 1_400)


def test_reasoning_is_a_part_of_the_answer(meter: Meter, counter: PromptCounter) -> None:
    meter.hear(Heard(text="let me think", reasoning="let me think", choices=1))
    meter.hear(Heard(text="hello" + "so be it", reasoning="so be it", choices=1))
    counted = meter.counted
    assert counted.reasoning_tokens == text_tokens(counter, "let me thinkso be it", "gpt-4o")
    assert counted.completion_tokens == counted.reasoning_tokens + 1


def test_a_report_wins_over_the_count_which_is_kept(meter: Meter) -> None:
    tell(meter, WORDS)
    reported = Usage(50, 99, cached_tokens=30, reasoning_tokens=80)
    meter.hear(Heard(usage=reported))
    assert (meter.usage, meter.quality, meter.reported) == (reported, Quality.REPORTED, True)
    assert meter.counted.completion_tokens == WORDS_TOKENS
    assert meter.completion_tokens == 99, "what is hidden is used as well"


def test_the_last_report_counts_and_none_are_added_up(meter: Meter) -> None:
    for completion in (1, 7, 13):
        tell(meter, "hello ")
        meter.hear(Heard(text="hello", usage=Usage(50, completion)))
    assert meter.usage == Usage(50, 13)
    assert meter.quality is Quality.REPORTED


def test_a_side_that_a_report_leaves_out_keeps_what_was_known(meter: Meter) -> None:
    meter.hear(Heard(usage=Usage(50, 1, cached_tokens=20), choices=1))
    tell(meter, WORDS)
    meter.hear(Heard(usage=Usage(0, 12)))
    assert meter.usage == Usage(50, 12, cached_tokens=20)
    assert meter.quality is Quality.REPORTED


def test_what_is_said_after_a_report_counts(meter: Meter) -> None:
    meter.hear(Heard(text="hi", usage=Usage(50, 1), choices=1))
    tell(meter, WORDS)
    assert meter.usage == Usage(50, meter.exact())
    assert meter.quality is Quality.COUNTED


def test_a_report_of_nothing_is_not_believed(meter: Meter) -> None:
    tell(meter, WORDS)
    meter.hear(Heard(usage=Usage(0, 0)))
    assert meter.usage == meter.counted == Usage(PROMPT, WORDS_TOKENS)
    assert (meter.quality, meter.notes) == (Quality.COUNTED, (INCOMPLETE,))


def test_an_answer_without_text_may_have_no_completion(meter: Meter) -> None:
    meter.hear(Heard(usage=Usage(50, 0)))
    assert (meter.usage, meter.quality, meter.notes) == (Usage(50, 0), Quality.REPORTED, ())


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        (Usage(50, 10**9), Usage(50, WORDS_TOKENS)),
        (Usage(10**9, 12), Usage(PROMPT, 12)),
        (Usage(10**9, 10**9, cached_tokens=5, reasoning_tokens=7), Usage(PROMPT, WORDS_TOKENS)),
    ],
)
def test_absurd_figures_are_dropped_and_marked(meter: Meter, reported: Usage, usage: Usage) -> None:
    tell(meter, WORDS)
    meter.hear(Heard(usage=reported))
    assert meter.usage == usage
    assert (meter.quality, meter.notes) == (Quality.COUNTED, (ABSURD,))
    assert meter.completion_tokens <= WORDS_TOKENS


def test_large_figures_that_may_be_true_are_believed(meter: Meter) -> None:
    tell(meter, WORDS)
    meter.hear(Heard(usage=Usage(100_000, 101_000, reasoning_tokens=100_900)))
    assert (meter.usage.completion_tokens, meter.quality) == (101_000, Quality.REPORTED)


def test_figures_out_of_bounds_are_clamped_and_marked(meter: Meter) -> None:
    meter.hear(Heard(usage=Usage(50, 12, cached_tokens=60, reasoning_tokens=-3), notes=("usage_unreadable",)))
    assert meter.usage == Usage(50, 12, cached_tokens=50)
    assert meter.notes == (CLAMPED, "usage_unreadable")
    assert meter.quality is Quality.REPORTED


def test_an_error_is_nothing_heard(meter: Meter) -> None:
    meter.hear(Heard(error="overloaded", choices=1))
    meter.hear(Heard(finish_reason="error", choices=1))
    assert not meter.heard
    meter.hear(Heard(choices=1))
    assert meter.heard


def test_a_whole_plain_answer_is_heard_at_once(meter: Meter, counter: PromptCounter) -> None:
    text = WORDS * 2000
    meter.hear(Heard(text=text, usage=Usage(50, 27_000), choices=1))
    assert (meter.usage, meter.quality) == (Usage(50, 27_000), Quality.REPORTED)
    assert meter.owed == len(text), "nothing has been counted on the loop"
    assert meter.exact() == text_tokens(counter, text, "gpt-4o")
    assert meter.owed == 0


class TestAfterACut:
    def test_without_usage_our_count_is_raised_by_a_tenth_and_a_chunk(self, meter: Meter) -> None:
        tell(meter, WORDS * 10, size=7)
        counted = meter.exact()
        usage, quality = meter.bill(after_cut=True)
        assert usage == Usage(PROMPT, -(-counted * 110 // 100) + 2)
        assert (quality, meter.notes) == (Quality.COUNTED, (CUT_COUNTED,))
        assert meter.counted.completion_tokens == counted

    def test_a_report_that_came_in_time_stands(self, meter: Meter) -> None:
        tell(meter, WORDS)
        meter.hear(Heard(usage=Usage(50, 12)))
        assert meter.bill(after_cut=True) == (Usage(50, 12), Quality.REPORTED)

    def test_an_early_report_gives_the_prompt(self, meter: Meter) -> None:
        meter.hear(Heard(usage=Usage(50, 1, cached_tokens=20), choices=1))
        tell(meter, WORDS)
        usage, quality = meter.bill(after_cut=True)
        assert usage == Usage(50, 16 + 2, cached_tokens=20)
        assert quality is Quality.COUNTED

    def test_what_was_delivered_costs_its_prompt_at_least(self, meter: Meter) -> None:
        assert meter.bill(after_cut=True) == (Usage(PROMPT, 0), Quality.COUNTED)
        meter.hear(Heard(choices=1))
        assert meter.bill(after_cut=True) == (Usage(PROMPT, 1), Quality.COUNTED)

    def test_a_proper_end_is_billed_as_it_is(self, meter: Meter) -> None:
        tell(meter, WORDS)
        assert meter.bill(after_cut=False) == (Usage(PROMPT, WORDS_TOKENS), Quality.COUNTED)
        assert meter.notes == ()


SAID = st.text(st.sampled_from("ab cd é\n中,"), max_size=40) | st.just(WORDS * 5)
HEARD = st.builds(
    lambda reasoning, answer, usage, choices: Heard(reasoning + answer, reasoning, usage, choices=choices),
    st.just("") | SAID,
    SAID,
    usage=st.none()
    | st.builds(
        Usage,
        prompt_tokens=st.integers(-5, 10**13),
        completion_tokens=st.integers(-5, 2000) | st.integers(0, 10**13),
        cached_tokens=st.integers(-5, 10**4),
        reasoning_tokens=st.integers(-5, 10**4),
    ),
    choices=st.integers(0, 1),
)


@given(st.lists(HEARD, max_size=30), st.sampled_from(["gpt-4o", "gpt-4", "claude-opus-5"]), st.booleans())
def test_the_running_figure_never_falls_and_the_usage_stays_within_reason(
    text_counter: TextCounter, events: list[Heard], model: str, cut: bool
) -> None:
    meter, shown = Meter(PROMPT, PromptCounter(text_counter), model), 0
    for event in events:
        meter.hear(event)
        assert meter.completion_tokens >= shown
        shown = meter.completion_tokens
        assert meter.exact() - shown <= 2 * 1024
    usage, quality = meter.bill(cut)
    exact = meter.exact()
    assert usage.prompt_tokens >= 1
    assert 0 <= usage.cached_tokens <= usage.prompt_tokens <= 100_000 + 100 * PROMPT
    assert 0 <= usage.reasoning_tokens <= usage.completion_tokens
    assert usage.completion_tokens <= 100_000 + 100 * exact + 1100
    assert quality is not Quality.ESTIMATED
    assert meter.quality is Quality.COUNTED or meter.reported
    assert meter.counted == replace(meter.counted, prompt_tokens=PROMPT, completion_tokens=exact)


def test_a_delta_costs_little_and_no_text_is_counted_twice(
    counter: PromptCounter, text_counter: TextCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = watched_encoders(text_counter.vocabularies, monkeypatch)
    deltas = [Heard(text=WORDS[start : start + 4], choices=1) for start in range(0, len(WORDS), 4)] * 500
    meter = Meter(PROMPT, counter, "gpt-4o")

    def hear_all() -> None:
        for delta in deltas:
            meter.hear(delta)
            _ = meter.completion_tokens

    assert calls_made(hear_all) < 20 * len(deltas)
    assert sum(encoded) <= len(WORDS) * 500
    assert len(encoded) < len(deltas) / 10
