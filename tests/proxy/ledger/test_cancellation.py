"""No cancellation, wherever it strikes, leaves a hold open or counts anything twice."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC
from pathlib import Path

import pytest
from fakes.samples import NOON_MS, ROUTE, asks, cap, record

from bursar.domain.clock import FixedClock
from bursar.domain.cycle import Every
from bursar.domain.refusals import OverBudget
from bursar.ledger.audit import audit
from bursar.ledger.ledger import Ledger
from bursar.storage.sqlite.store import SqliteStore

BLOCKS = 1_000
LAPTOP = cap("laptop", 10**9)
TIGHT = cap("tight", 5_000, Every.TOTAL)


async def block(ledger: Ledger, number: int, dice: random.Random, settled: list[int]) -> None:
    """One attempt that holds, grows, waits and settles, as far as it gets."""
    async with ledger.hold(f"x{number}", ROUTE, asks(100, LAPTOP, TIGHT)) as held:
        for _ in range(dice.randrange(3)):
            await held.grow(asks(50, LAPTOP, TIGHT))
        if dice.random() < 0.7:
            held.settle(asks(number % 90, LAPTOP, TIGHT), record(f"x{number}", cost_nano=number % 90))
            settled.append(number)
        await asyncio.sleep(dice.random() * 0.002)


async def cancelled_at_random(ledger: Ledger, number: int, dice: random.Random, settled: list[int]) -> None:
    """The same, cancelled up to twice at any moment, as when a client leaves and the door closes on top of it."""
    task = asyncio.ensure_future(block(ledger, number, dice, settled))
    for _ in range(dice.randrange(3)):
        for _ in range(dice.randrange(4)):
            await asyncio.sleep(0)
        await asyncio.sleep(dice.random() * 0.004 if dice.random() < 0.5 else 0)
        task.cancel()
    with suppress(asyncio.CancelledError, OverBudget):
        await task


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_thousand_blocks_cancelled_at_random_leave_nothing_open(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    store = await SqliteStore.open(tmp_path / "ledger.sqlite3")
    ledger = Ledger(store, FixedClock(NOON_MS), lambda event: None, UTC)
    settled: list[int] = []
    for first in range(0, BLOCKS, 50):
        calls = (cancelled_at_random(ledger, number, dice, settled) for number in range(first, first + 50))
        await asyncio.gather(*calls)
    assert await ledger.drain() == 0
    assert ledger.open_holds == 0
    assert await store.read(lambda reader: reader.holds()) == []
    assert await store.read(audit) == ()
    rows = await store.read(lambda reader: reader.history(None, BLOCKS + 1))
    assert sorted(int(row.exchange_id[1:]) for _, row in rows) == sorted(settled)
    assert len(settled) > 20  # how many come so far depends on the machine; enough must for the sums to mean something
    standings = await ledger.standings([LAPTOP, TIGHT])
    assert standings[LAPTOP.id].settled == standings[TIGHT.id].settled == sum(number % 90 for number in settled)
    await store.close()


async def test_a_call_cancelled_while_its_hold_is_placed_lets_it_go(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "ledger.sqlite3")
    ledger = Ledger(store, FixedClock(NOON_MS), lambda event: None, UTC)

    async def call() -> None:
        async with ledger.hold("x1", ROUTE, asks(100, LAPTOP)):
            raise AssertionError("never entered")

    for turns in range(4):
        task = asyncio.ensure_future(call())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert await ledger.drain() == 0
        assert (await ledger.standings([LAPTOP]))[LAPTOP.id].held == 0
    assert await store.read(lambda reader: reader.holds()) == []
    await store.close()


async def test_a_call_cancelled_while_it_grows_ends_with_all_it_held(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "ledger.sqlite3")
    ledger = Ledger(store, FixedClock(NOON_MS), lambda event: None, UTC)

    async def call() -> None:
        async with ledger.hold("x1", ROUTE, asks(100, LAPTOP)) as held:
            held.settle(asks(70, LAPTOP), record("x1", cost_nano=70))
            growing.set()
            await held.grow(asks(100, LAPTOP))
            raise AssertionError("never grown")

    growing = asyncio.Event()
    task = asyncio.ensure_future(call())
    await growing.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await ledger.drain() == 0
    standing = (await ledger.standings([LAPTOP]))[LAPTOP.id]
    assert (standing.held, standing.settled) == (0, 70)
    assert await store.read(audit) == ()
    await store.close()
