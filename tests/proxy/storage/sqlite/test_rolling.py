"""The file gives its space back, a step holds calls up for a moment only, and a copy is whole while calls go on."""

import asyncio
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, date
from pathlib import Path

import pytest
from fakes.samples import DAY_MS, NOON_MS, ROUTE, asks, cap, record

from bursar.domain.clock import FixedClock
from bursar.domain.cycle import Every
from bursar.ledger.audit import audit
from bursar.ledger.ledger import Ledger
from bursar.ledger.retention import PAGES_A_STEP, ROWS_A_STEP, sweep_at
from bursar.storage.backups import back_up_daily, backups_of
from bursar.storage.sqlite.examine import examined
from bursar.storage.sqlite.file import open_file
from bursar.storage.sqlite.migrate import shipped_steps
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import StoreUnavailable

CAPS = (cap("day", 10**15), cap("month", 10**15, Every.MONTH))
CALLS = 6_000


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


def size_of(file: Path) -> int:
    return file.stat().st_size


def is_private_and_alone(file: Path) -> bool:
    return stat.S_IMODE(file.stat().st_mode) == 0o600 and not list(file.parent.glob(f"{file.name}-*"))


async def calls(ledger: Ledger, clock: FixedClock, count: int) -> None:
    async def one(number: int) -> None:
        async with ledger.hold(f"exchange{number:06}", ROUTE, asks(500, *CAPS)) as held:
            held.settle(asks(400, *CAPS), record(f"exchange{number:06}", 400, at_ms=clock.now_ms()))

    for first in range(0, count, 200):
        clock.turn(6 * 3_600_000)
        await asyncio.gather(*map(one, range(first, first + 200)))
    assert await ledger.drain() == 0


async def test_the_file_shrinks_and_no_step_does_much(database: Path) -> None:
    store, clock = await SqliteStore.open(database), FixedClock(NOON_MS)
    await calls(Ledger(store, clock, lambda event: None, UTC), clock, CALLS)
    await store.close()
    full = size_of(database)

    store = await SqliteStore.open(database)
    now_ms = clock.now_ms() + 200 * DAY_MS
    sweep = sweep_at(now_ms, 2, UTC, NOON_MS)
    assert sweep is not None
    took: list[int] = []
    # Of a hundred instructions of SQLite each; the handler is asked whether to stop.
    await store._errand(lambda connection: connection.set_progress_handler(lambda: took.append(took.pop() + 1), 100))

    async def measured(more: bool) -> bool:
        took.append(0)
        return await (store.roll_up(sweep, ROWS_A_STEP) if more else store.shrink(PAGES_A_STEP))

    for more in (True, False):
        while await measured(more):
            pass
    await store._errand(lambda connection: connection.set_progress_handler(None, 0))
    assert len(took) > CALLS / ROWS_A_STEP
    # Each step does as much as it may: a page at a time would take a day.
    assert len(took) < CALLS / ROWS_A_STEP * 6 + full / 1024 / PAGES_A_STEP + 10
    assert max(took) < 4 * ROWS_A_STEP
    assert await store.read(audit) == ()
    assert await store.read(lambda reader: reader.records_cost_nano()) == CALLS * 400
    await store.close()
    assert size_of(database) < full / 5
    assert examined(database, audit) == ()


async def test_a_file_that_was_made_without_is_written_anew(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for step in shipped_steps()[:1]:
            connection.executescript(step.sql)
        connection.execute(f"PRAGMA application_id = {0x42555253}")
        connection.execute("PRAGMA user_version = 1")
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    with closing(open_file(database, False, shipped_steps())) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert connection.execute("PRAGMA user_version").fetchone() == (shipped_steps()[-1].version,)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x42555253,)


async def test_a_new_file_can_give_space_back(database: Path) -> None:
    await (await SqliteStore.open(database)).close()
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)


async def test_a_backup_is_whole_while_calls_go_on(database: Path, tmp_path: Path) -> None:
    store, clock = await SqliteStore.open(database), FixedClock(NOON_MS)
    ledger = Ledger(store, clock, lambda event: None, UTC)
    await calls(ledger, clock, 1_000)
    going_on = asyncio.ensure_future(calls(ledger, clock, 2_000))
    copies: list[Path] = []
    while not going_on.done():
        copies.append(tmp_path / f"copy{len(copies)}")
        await store.back_up(copies[-1])
        await asyncio.sleep(0)
    await going_on
    assert len(copies) > 1
    for each in copies:
        assert examined(each, audit) == ()
        assert is_private_and_alone(each)
    await store.close()
    restored = await SqliteStore.open(copies[0])
    assert len(await restored.read(lambda reader: reader.history(None, 10_000))) >= 1_000
    await restored.close()


async def test_one_backup_a_day_and_so_many_are_kept(database: Path) -> None:
    store = await SqliteStore.open(database)
    days = [date(2026, 9, day) for day in range(1, 11)]
    for day in days:
        made = await back_up_daily(database, day, 7, store.back_up)
        assert made is not None
        assert await back_up_daily(database, day, 7, store.back_up) is None
    names = [f"ledger-{day}.sqlite3" for day in days[3:]]
    assert [path.name for path in backups_of(database)] == names
    assert stat.S_IMODE(backups_of(database)[0].parent.stat().st_mode) == 0o700
    assert await back_up_daily(database, date(2026, 9, 20), 0, store.back_up) is None
    assert len(backups_of(database)) == 7
    await store.close()
    with pytest.raises(StoreUnavailable):
        await back_up_daily(database, date(2026, 9, 21), 7, store.back_up)
    assert [path.name for path in backups_of(database)] == names
