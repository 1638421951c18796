"""SqliteStore on disks that fail: nothing is half kept, nothing acknowledged is lost, and it goes on by itself."""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fakes.samples import DAY_MS, NOON_MS, record

from bursar.domain.account import Standing
from bursar.domain.cycle import Cycle
from bursar.domain.hold import HeldShare
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import StoreUnavailable, Transaction

TODAY = Cycle(NOON_MS, NOON_MS + DAY_MS)
STANDING = Standing("cap:a", TODAY, 1000, 1000)
TOMORROW_SHARE = HeldShare("cap:a", NOON_MS + DAY_MS, 1)


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


def hold_on(transaction: Transaction) -> int:
    """A change that touches something of everything."""
    standing = transaction.standing("cap:a") or STANDING
    transaction.put_standing(standing.holding(10))
    transaction.put_fact("last", str(standing.held))
    return transaction.add_hold("x1", "main", "m", NOON_MS, (HeldShare("cap:a", NOON_MS, 10),)).id


def held(transaction: Transaction) -> tuple[int, int]:
    """What is held by the standing, and by how many holds."""
    standing = transaction.standing("cap:a")
    return standing.held if standing is not None else 0, len(transaction.open_holds())


async def put(store: SqliteStore, standing: Standing) -> None:
    await store.submit(lambda transaction: transaction.put_standing(standing))


async def test_a_full_disk_keeps_nothing_of_a_batch_and_later_everything(store: SqliteStore, database: Path) -> None:
    await store.submit(hold_on)
    with full_disk(database):
        flying = [store.submit(hold_on) for _ in range(3)]
        await asyncio.sleep(0)
        gathering = [store.submit(hold_on), store.submit(held)]
        outcomes = await asyncio.gather(*flying, *gathering, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 5
        assert str(database) in str(outcomes[0])
        assert await store.submit(held) == (10, 1)
        with pytest.raises(StoreUnavailable):
            await store.submit(hold_on)
    await store.submit(hold_on)
    assert await store.submit(held) == (20, 2)
    assert [each.held for each in await store.read(lambda reader: reader.standings())] == [20]
    assert len(await store.read(lambda reader: reader.holds())) == 2


async def test_new_words_that_could_not_be_kept_are_kept_with_the_next_batch(
    store: SqliteStore, database: Path
) -> None:
    await store.submit(lambda transaction: transaction.add_record(record("x1")))
    with full_disk(database), pytest.raises(StoreUnavailable):
        await store.submit(lambda transaction: transaction.add_record(record("x2", client="new")))
    await store.submit(lambda transaction: transaction.add_record(record("x3", client="newer")))
    await store.submit(lambda transaction: transaction.add_record(record("x4", client="new")))
    rows = await store.read(lambda reader: reader.history(None, 10))
    assert [(row.exchange_id, row.client) for _, row in rows] == [("x4", "new"), ("x3", "newer"), ("x1", "editor/1.2")]


async def test_ids_of_holds_that_could_not_be_kept_are_never_given_again(store: SqliteStore, database: Path) -> None:
    first = await store.submit(hold_on)
    lost: list[int] = []
    with full_disk(database), pytest.raises(StoreUnavailable):
        await store.submit(lambda transaction: lost.append(hold_on(transaction)))
    assert await store.submit(hold_on) not in (first, *lost)


async def test_ids_of_holds_go_on_after_reopening(database: Path) -> None:
    ids: list[int] = []
    for _ in range(3):
        store = await SqliteStore.open(database)
        ids += [await store.submit(hold_on), await store.submit(hold_on)]
        await store.close()
    assert len(set(ids)) == 6


async def test_figures_are_the_same_after_reopening(database: Path) -> None:
    store = await SqliteStore.open(database)
    for day in range(5):
        cycle = Cycle(NOON_MS + day * DAY_MS, NOON_MS + (day + 1) * DAY_MS)
        await put(store, Standing("cap:a", cycle, 9, 9, day))
        if day == 1:
            await store.submit(lambda transaction: transaction.add_hold("x", "u", "m", 0, (TOMORROW_SHARE,)))
    await store.close()
    store = await SqliteStore.open(database)
    latest = await store.submit(lambda transaction: transaction.standing("cap:a"))
    assert latest is not None
    assert (latest.cycle.start_ms, latest.held) == (NOON_MS + 4 * DAY_MS, 4)
    placed_in = await store.submit(lambda transaction: transaction.standing_in("cap:a", NOON_MS + DAY_MS))
    assert placed_in is not None
    assert placed_in.held == 1
    await store.close()


async def test_a_program_that_locks_the_file_is_named_and_outlived(store: SqliteStore, database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="another program has locked it"):
            await store.submit(hold_on)
        other.execute("ROLLBACK")
    await store.submit(hold_on)
    assert await store.submit(held) == (10, 1)


async def test_a_bug_of_ours_fails_its_batch_and_not_the_writer(store: SqliteStore) -> None:
    with pytest.raises(StoreUnavailable, match="a bug"):
        await store.submit(lambda transaction: transaction.add_record(record(price=object())))
    await store.submit(hold_on)
    assert await store.submit(held) == (10, 1)


async def test_readers_see_what_was_kept_while_changes_go_on(store: SqliteStore) -> None:
    async def change() -> None:
        for _ in range(200):
            await store.submit(hold_on)

    changing = asyncio.ensure_future(change())
    seen = []
    while not changing.done():
        [*standings], holds = await store.read(lambda reader: (reader.standings(), reader.holds()))
        assert sum(each.held for each in standings) == 10 * len(holds)
        seen.append(len(holds))
    await changing
    assert seen == sorted(seen)


async def test_a_waiter_that_left_does_not_disturb_the_others(store: SqliteStore) -> None:
    futures = [store.submit(hold_on) for _ in range(10)]
    for future in futures[::2]:
        future.cancel()
    assert len(set(await asyncio.gather(*futures[1::2]))) == 5
    assert await store.submit(held) == (100, 10)


async def test_closing_keeps_what_was_handed_over(database: Path) -> None:
    store = await SqliteStore.open(database)
    told: list[object] = []
    for _ in range(5):
        store.hand_over(hold_on, lambda answer, error: told.append(error))
    await store.close()
    assert told == [None] * 5
    again = await SqliteStore.open(database, durability="full")
    assert await again.submit(held) == (50, 5)
    await again.close()
    assert {path.name for path in database.parent.iterdir()} == {"ledger.sqlite3", "ledger.sqlite3.lock"}


async def test_standings_of_past_cycles_are_not_kept_in_memory_for_ever(store: SqliteStore) -> None:
    for hour in range(100):
        start = NOON_MS + hour * 3_600_000
        await put(store, Standing("cap:hourly", Cycle(start, start + 3_600_000), 9, 9))
    past = await store.submit(
        lambda transaction: [transaction.standing_in("cap:hourly", NOON_MS + hour * 3_600_000) for hour in range(98)]
    )
    assert past == [None] * 98
    assert len(await store.read(lambda reader: reader.standings())) == 100
