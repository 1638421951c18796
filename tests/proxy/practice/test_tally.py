"""The tally, by itself."""

import asyncio
from contextlib import suppress

import pytest

from bursar.practice.models import SMALL_PRICE, Price
from bursar.practice.tally import Ending, Tally


def test_a_request_is_counted_once_in_all_and_once_for_its_model() -> None:
    tally = Tally()
    with tally.serving(authorized=True) as serving:
        assert tally.in_flight == 1
        serving.has_body()
        serving.asks_for("a", Price(3_000_000, 1_000_000, 7_000_000))
        serving.accepted(10, 4)
        serving.sent(5, reasoning=2)
        serving.sent(1)
        serving.ended(Ending.ANSWERED)
    served = tally.models["a"]
    assert served == tally.total
    assert (served.prompt_tokens, served.cached_tokens, served.completion_tokens, served.reasoning_tokens) == (
        10,
        4,
        6,
        2,
    )
    assert served.cost_nano == 6 * 3 + 4 * 1 + 6 * 7
    assert (served.answered, served.authorized, served.bodies, tally.in_flight) == (1, 1, 1, 0)


def test_a_block_left_quietly_was_broken_and_one_left_by_force_was_aborted() -> None:
    tally = Tally()
    with tally.serving(authorized=False):
        pass
    with suppress(ConnectionResetError), tally.serving(authorized=False):
        raise ConnectionResetError
    with tally.serving(authorized=False) as serving:
        serving.ended(Ending.REFUSED)
        serving.ended(Ending.ANSWERED)
    total = tally.total
    assert (total.begun, total.broken, total.aborted, total.refused, total.answered) == (3, 1, 1, 1, 0)


async def test_idle_is_when_the_last_one_has_gone() -> None:
    tally = Tally()
    await tally.idle()
    with tally.serving(authorized=False):
        with tally.serving(authorized=False):
            pass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await tally.idle()
    await tally.idle()


async def test_what_was_in_flight_at_a_reset_is_counted_no_more() -> None:
    tally = Tally()
    with tally.serving(authorized=True) as serving:
        tally.reset()
        serving.asks_for("a", SMALL_PRICE)
        serving.accepted(10)
        assert tally.in_flight == 1
    assert tally.total.begun == tally.total.prompt_tokens == 0
    assert tally.models == {}
    await tally.idle()
