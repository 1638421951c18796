"""Ends outlive a disk that takes nothing: kept, tried again, and on disk soon after it takes things again."""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

import pytest
from fakes.samples import NOON_MS, ROUTE, asks, cap, record

from bursar.contract.events import AttemptSettled, Event
from bursar.domain.clock import FixedClock
from bursar.domain.refusals import LedgerUnavailable
from bursar.ledger.audit import audit
from bursar.ledger.ledger import Held, Ledger
from bursar.storage.sqlite.store import SqliteStore

LAPTOP = cap("laptop", 10**9)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
async def store(database: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(database)
    yield store
    await store.close()


@contextmanager
def full_disk(database: Path) -> Iterator[None]:
    """No file can grow beyond what the ledger's log has now, as on a disk without room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = database.with_name(database.name + "-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def settle(held: Held, cost: int) -> None:
    held.settle(asks(cost, LAPTOP), record(held.exchange_id, cost_nano=cost))
    await held.__aexit__(None, None, None)


async def test_a_settlement_outlives_a_full_disk(store: SqliteStore, database: Path) -> None:
    settled: list[int] = []
    three_settled = asyncio.Event()

    def publish(event: Event) -> None:
        if isinstance(event, AttemptSettled):
            settled.append(event.cost_nano)
            if len(settled) == 3:
                three_settled.set()

    ledger = Ledger(store, FixedClock(NOON_MS), publish, UTC)
    running = [await ledger.hold(f"x{number}", ROUTE, asks(100, LAPTOP)).__aenter__() for number in range(5)]
    with full_disk(database):
        await settle(running[0], 60)
        for _ in range(3):
            with pytest.raises(LedgerUnavailable, match="Nothing was sent"):
                await ledger.hold("y", ROUTE, asks(1, LAPTOP)).__aenter__()
        await settle(running[1], 70)
        assert ledger.open_holds == 5
        standing = (await ledger.standings([LAPTOP]))[LAPTOP.id]
        assert (standing.held, standing.settled) == (500, 0)
        assert settled == []
    await settle(running[2], 80)
    async with asyncio.timeout(60):
        await three_settled.wait()
    assert ledger.open_holds == 2
    standing = (await ledger.standings([LAPTOP]))[LAPTOP.id]
    assert (standing.held, standing.settled) == (200, 210)
    assert sorted(settled) == [60, 70, 80]
    for held in running[3:]:
        await held.__aexit__(None, None, None)
    assert await ledger.drain() == 0
    assert await store.read(audit) == ()


async def test_what_never_reaches_the_disk_is_in_doubt_in_the_next_run(database: Path) -> None:
    store = await SqliteStore.open(database)
    ledger = Ledger(store, FixedClock(NOON_MS), lambda event: None, UTC)
    held = await ledger.hold("x1", ROUTE, asks(100, LAPTOP)).__aenter__()
    with full_disk(database):
        await settle(held, 60)
        assert await ledger.drain(0.05) == 1
        await store.close()
    store = await SqliteStore.open(database)
    ledger = Ledger(store, FixedClock(NOON_MS), lambda event: None, UTC)
    await ledger.recover()
    assert (await ledger.standings([LAPTOP]))[LAPTOP.id].held == 100
    assert await store.read(audit) == ()
    await store.close()


async def test_an_end_that_fails_by_a_bug_leaves_its_hold_and_the_others_alone(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(store, FixedClock(NOON_MS), lambda event: None, UTC)
    broken = await ledger.hold("x1", ROUTE, asks(100, LAPTOP)).__aenter__()
    sound = await ledger.hold("x2", ROUTE, asks(100, LAPTOP)).__aenter__()
    await settle(broken, 2**63)
    await settle(sound, 50)
    assert await ledger.drain() == 0
    assert "stays held" in caplog.text
    standing = (await ledger.standings([LAPTOP]))[LAPTOP.id]
    assert (standing.held, standing.settled) == (100, 50)
