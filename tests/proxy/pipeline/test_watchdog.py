"""One timer that notices when a time that was allowed is over."""

import asyncio

import pytest
from fakes.turned import turned

from bursar.pipeline.watchdog import Watchdog


def soon() -> float:
    return asyncio.get_running_loop().time() + 60


async def wait_under(watchdog: Watchdog, *allowed_s: float) -> None:
    async with watchdog as watch:
        for seconds in allowed_s:
            watch.allow(seconds)
        await asyncio.Event().wait()


async def test_a_time_that_is_over_is_noticed() -> None:
    with pytest.raises(TimeoutError):
        await wait_under(Watchdog(soon()), 0.01)


async def test_moving_on_buys_time(monkeypatch: pytest.MonkeyPatch) -> None:
    turn, waits = turned(monkeypatch), 0
    async with Watchdog(asyncio.get_running_loop().time() + 600) as watch:
        for _ in range(10):
            watch.allow(50)
            await turn(30)
            waits += 1
    assert waits == 10


async def test_a_shorter_time_replaces_a_longer_one() -> None:
    with pytest.raises(TimeoutError):
        await wait_under(Watchdog(soon()), 50, 0.01)


async def test_nothing_buys_more_than_the_total() -> None:
    with pytest.raises(TimeoutError):
        await wait_under(Watchdog(asyncio.get_running_loop().time() + 0.02), 5, 5)


async def test_a_cancellation_from_outside_stays_one() -> None:
    task = asyncio.ensure_future(wait_under(Watchdog(soon()), 50))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
