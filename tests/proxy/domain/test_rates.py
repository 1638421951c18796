"""Rates: never more than the limit in a window, and the wait that is named is the wait that is needed."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.rates import Rate, RateUnit, Window, rate_of

MINUTE = Rate(10, 60_000)
START_MS = 1_790_000_000_000

rates = st.builds(Rate, st.integers(1, 20), st.integers(1, 100_000))
steps = st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 5)), max_size=80)


@given(rates, steps)
def test_no_stretch_as_long_as_a_window_that_opens_with_a_use_has_more_than_the_limit(
    rate: Rate, steps: list[tuple[int, int]]
) -> None:
    window, opened_ms, used = Window(rate), None, 0
    for now_ms, (_, amount) in zip(accumulate((step for step, _ in steps), initial=START_MS), steps, strict=False):
        if opened_ms is None or now_ms >= opened_ms + rate.window_ms:
            opened_ms, used = None, 0
        if window.wait_ms(amount, now_ms):
            assert used + amount > rate.limit
            continue
        if amount > rate.limit:
            continue
        window.use(amount, now_ms)
        opened_ms = now_ms if opened_ms is None else opened_ms
        used += amount
        assert used <= rate.limit
        assert window.left(now_ms) == rate.limit - used


@given(rates, steps)
def test_the_wait_that_is_named_is_enough_and_not_a_millisecond_too_long(
    rate: Rate, steps: list[tuple[int, int]]
) -> None:
    window, now_ms = Window(rate), START_MS
    for step, _ in steps:
        now_ms += step
        wait_ms = window.wait_ms(1, now_ms)
        if not wait_ms:
            window.use(1, now_ms)
            continue
        assert 0 < wait_ms <= rate.window_ms
        assert window.ends_ms(now_ms) == now_ms + wait_ms
        assert window.wait_ms(1, now_ms + wait_ms - 1) == 1
        now_ms += wait_ms
        assert window.wait_ms(1, now_ms) == 0


@given(rates, st.lists(st.integers(0, 10**9), min_size=1, max_size=80))
def test_a_clock_set_back_gives_nothing_and_locks_nobody_out(rate: Rate, steps_back: list[int]) -> None:
    window, now_ms, used = Window(rate), START_MS, 0
    for step in steps_back:
        now_ms -= step
        wait_ms = window.wait_ms(1, now_ms)
        assert wait_ms <= rate.window_ms
        if not wait_ms:
            window.use(1, now_ms)
            used += 1
    assert used == min(rate.limit, len(steps_back))
    assert window.wait_ms(rate.limit, now_ms + rate.window_ms) == 0


def test_what_is_above_the_limit_is_waited_for_once() -> None:
    window = Window(Rate(100, 60_000, RateUnit.TOKENS))
    window.use(90, START_MS)
    window.use(500, START_MS + 1_000)
    assert window.left(START_MS + 1_000) == 0
    assert window.wait_ms(1, START_MS + 1_000) == 59_000
    assert window.wait_ms(100, START_MS + 60_000) == 0


@pytest.mark.parametrize(
    ("text", "limit", "window_ms", "unit", "shown"),
    [
        ("60/min", 60, 60_000, RateUnit.REQUESTS, "60/min"),
        ("10/s", 10, 1_000, RateUnit.REQUESTS, "10/s"),
        ("1000 / hour", 1_000, 3_600_000, RateUnit.REQUESTS, "1000/hour"),
        ("100000tok/min", 100_000, 60_000, RateUnit.TOKENS, "100000tok/min"),
        ("100k tokens/minute", 100_000, 60_000, RateUnit.TOKENS, "100000tok/min"),
        ("2mtok/d", 2_000_000, 86_400_000, RateUnit.TOKENS, "2000000tok/day"),
        ("5requests/10s", 5, 10_000, RateUnit.REQUESTS, "5/10s"),
        ("7/60s", 7, 60_000, RateUnit.REQUESTS, "7/min"),
        ("3/90min", 3, 5_400_000, RateUnit.REQUESTS, "3/90min"),
    ],
)
def test_a_rate_is_read_as_people_type_it(text: str, limit: int, window_ms: int, unit: RateUnit, shown: str) -> None:
    assert rate_of(text) == Rate(limit, window_ms, unit)
    assert str(rate_of(text)) == shown
    assert rate_of(shown) == rate_of(text)


@pytest.mark.parametrize(
    "text", ["", "60", "/min", "0/min", "-1/min", "1/0s", "1.5/s", "9/fortnight", "1/40day", "٣/min"]
)
def test_what_is_no_rate_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="rate|must be one of"):
        rate_of(text)


def test_a_rate_is_said_in_words() -> None:
    assert rate_of("60/min").words == "60 requests per minute"
    assert rate_of("1/5s").words == "1 request per 5 seconds"
    assert rate_of("100ktok/hour").words == "100,000 tokens per hour"
