"""Traffic: calls at once, rates and wrong keys, by a clock that is turned by hand."""

from contextlib import ExitStack

import pytest

from bursar.domain.client_key import ClientKey
from bursar.domain.clock import FixedClock
from bursar.domain.key_limits import key_limits
from bursar.domain.refusals import AboveRate, RateLimited, WrongKeys
from bursar.traffic import Traffic


def key(*rates: str, parallel: int | None = None, name: str = "laptop") -> ClientKey:
    return ClientKey(name, b"", "abcd", 0, limits=key_limits(rates, parallel))


def test_a_key_without_limits_leaves_no_trace() -> None:
    traffic = Traffic(FixedClock())
    with traffic.enter(key()) as place:
        assert place.headers == {}
    assert traffic.lanes == 0


def test_so_many_calls_at_once_and_not_one_more() -> None:
    traffic, laptop = Traffic(FixedClock()), key(parallel=3)
    with ExitStack() as running:
        for _ in range(3):
            running.enter_context(traffic.enter(laptop))
        with pytest.raises(RateLimited, match="may run 3 calls at once") as refused:
            traffic.enter(laptop)
        assert (refused.value.retry_after_s, refused.value.status) == (5, 429)
        # Another key has places of its own.
        with traffic.enter(key(parallel=1, name="desk")):
            pass
    with traffic.enter(laptop):
        pass


def test_a_place_is_given_up_however_the_block_ends() -> None:
    traffic, laptop = Traffic(FixedClock()), key(parallel=1)
    for _ in range(3):
        with pytest.raises(KeyError), traffic.enter(laptop):
            raise KeyError


def test_the_tightest_of_several_rates_is_told_and_the_longest_wait_too() -> None:
    clock = FixedClock()
    traffic, laptop = Traffic(clock), key("2/s", "3/min")
    told = [traffic.enter(laptop).headers for _ in range(2)]
    assert [(each["X-RateLimit-Limit"], each["X-RateLimit-Remaining"]) for each in told] == [("2", "1"), ("2", "0")]
    with pytest.raises(RateLimited, match=r"used up its 2 requests per second\. There is room in 1 s") as refused:
        traffic.enter(laptop)
    assert refused.value.retry_after_s == 1
    clock.turn(1_000)
    assert traffic.enter(laptop).headers["X-RateLimit-Remaining"] == "0"
    with pytest.raises(RateLimited, match="3 requests per minute") as refused:
        traffic.enter(laptop)
    assert (refused.value.retry_after_s, refused.value.may_retry) == (59, True)
    assert refused.value.headers["X-RateLimit-Reset"] == str(-(-(clock.now_ms() + 59_000) // 1000))
    assert refused.value.detail["raise_with"] == "bursar key set laptop --rate 2/s 6/min"
    clock.turn(59_000)
    traffic.enter(laptop)


def test_a_refused_call_uses_nothing() -> None:
    clock = FixedClock()
    traffic, laptop = Traffic(clock), key("1/s", "10/min")
    traffic.enter(laptop)
    for _ in range(50):
        with pytest.raises(RateLimited):
            traffic.enter(laptop)
    clock.turn(1_000)
    traffic.enter(laptop)
    assert traffic.enter(key("10/min")).headers["X-RateLimit-Remaining"] == "7"


def test_a_wait_of_more_than_a_minute_is_never_asked_of_a_client() -> None:
    traffic, laptop = Traffic(FixedClock()), key("1/hour")
    traffic.enter(laptop)
    with pytest.raises(RateLimited, match="There is room in 60 min") as refused:
        traffic.enter(laptop)
    assert (refused.value.retry_after_s, refused.value.may_retry) == (60, False)


def test_tokens_count_when_they_are_known() -> None:
    clock = FixedClock()
    traffic, laptop = Traffic(clock), key("1000tok/min", "5/min")
    place = traffic.enter(laptop, 400)
    assert place.headers["X-RateLimit-Remaining-Tokens"] == "600"
    assert place.headers["X-RateLimit-Remaining"] == "4"
    traffic.used("laptop", 500)
    with pytest.raises(RateLimited, match="has 100 left of its 1,000 tokens per minute, and this prompt takes 101"):
        traffic.enter(laptop, 101)
    traffic.enter(laptop, 100)
    with pytest.raises(RateLimited, match="used up its 1,000 tokens per minute"):
        traffic.enter(laptop, 0)
    traffic.used("laptop", 5_000)
    clock.turn(60_000)
    traffic.enter(laptop, 1_000)


def test_a_prompt_above_the_whole_rate_is_not_told_to_wait() -> None:
    with pytest.raises(AboveRate, match=r"1,001 tokens.*--rate 2000tok/min") as refused:
        Traffic(FixedClock()).enter(key("1000tok/min"), 1_001)
    assert (refused.value.status, refused.value.may_retry, refused.value.retry_after_s) == (413, False, None)


def test_changed_limits_are_in_force_for_the_next_call_and_forget_nothing() -> None:
    traffic = Traffic(FixedClock())
    traffic.enter(key("3/min"))
    traffic.enter(key("3/min", "1/s"))
    with pytest.raises(RateLimited, match="1 request per second"):
        traffic.enter(key("3/min", "1/s"))
    assert traffic.enter(key("3/min")).headers["X-RateLimit-Remaining"] == "0"


def test_ten_wrong_keys_a_minute_are_looked_at_from_each_address() -> None:
    clock = FixedClock()
    traffic = Traffic(clock)
    for _ in range(10):
        traffic.wrong_key("10.0.0.1")
    clock.turn(20_000)
    with pytest.raises(WrongKeys, match="ask again in 40 s") as refused:
        traffic.wrong_key("10.0.0.1")
    assert (refused.value.retry_after_s, refused.value.may_retry) == (40, False)
    traffic.wrong_key("10.0.0.2")
    clock.turn(40_000)
    traffic.wrong_key("10.0.0.1")


def test_no_number_of_addresses_fills_the_memory() -> None:
    traffic = Traffic(FixedClock())
    for number in range(20_000):
        traffic.wrong_key(f"10.0.{number >> 8}.{number & 255}")
    assert traffic.addresses <= 4_096
