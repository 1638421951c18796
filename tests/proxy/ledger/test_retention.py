"""What is too old goes, and nothing that anybody asks about changes by it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fakes.samples import ROUTE, asks, cap, record

from bursar.domain.clock import FixedClock
from bursar.domain.cycle import Every
from bursar.domain.usage import Usage
from bursar.ledger.ledger import Ledger
from bursar.ledger.retention import retire, sweep_at
from bursar.ledger.statement import Statement
from bursar.storage.memory import MemoryStore
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import Store

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_MS = 3_600_000
CAPS = (cap("hour", 10**12, Every.HOUR), cap("month", 10**12, Every.MONTH), cap("total", 10**12, Every.TOTAL))


def at(text: str, zone: Any = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "months", "before"),
    [
        ("2026-11-21T20:00", 2, "2026-09-21T00:00"),
        ("2026-04-30T00:00", 2, "2026-02-28T00:00"),
        ("2026-01-15T12:00", 1, "2025-12-15T00:00"),
        ("2026-12-31T23:59", 24, "2024-12-31T00:00"),
    ],
)
def test_what_is_kept_is_whole_days_of_the_users_months(now: str, months: int, before: str) -> None:
    first_ms = at("2024-01-01T10:00")
    sweep = sweep_at(at(now), months, BERLIN, first_ms)
    assert sweep is not None
    assert sweep.before_ms == at(before)
    assert sweep.days[0] == at("2024-01-01T00:00")
    # Days of 23 and 25 hours too: each begin is a midnight, none is left out.
    assert all(datetime.fromtimestamp(day / 1000, BERLIN).hour == 0 for day in sweep.days)
    assert len(sweep.days) == (datetime.fromisoformat(before) - datetime(2024, 1, 1, tzinfo=None)).days  # noqa: DTZ001
    assert sweep_at(at(now), months, BERLIN, at(before)) is None


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    store: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "ledger.sqlite3")
    yield store
    await store.close()


async def test_reports_statements_and_balances_stay_the_same(store: Store) -> None:
    clock = FixedClock(at("2026-03-01T01:30"))
    ledger = Ledger(store, clock, lambda event: None, BERLIN)
    statement = Statement(store, clock, BERLIN)
    doubtful = ledger.hold("doubt", ROUTE, asks(77, *CAPS))
    await doubtful.__aenter__()
    for number in range(300):
        cost = 1000 + number
        async with ledger.hold(f"x{number}", ROUTE, asks(cost + 5, *CAPS)) as held:
            model, project = ("small", "large")[number % 2], ("a", "b", "")[number % 3]
            usage = Usage(cost, number)
            kept = record(f"x{number}", cost, at_ms=clock.now_ms(), usage=usage, model=model, project=project)
            held.settle(asks(cost, *CAPS), kept)
        clock.turn(21 * HOUR_MS + number * 1000)
    assert await ledger.drain() == 0

    async def seen() -> list[Any]:
        reports = [await statement.spend(by, 0) for by in ("day", "week", "month", "model", "project", "key", "alias")]
        months = [await statement.month(f"2026-{month:02}") for month in range(3, 12)]
        standings = sorted(map(str, await store.read(lambda reader: reader.standings())))
        key = await statement.of_key("laptop")
        return [
            [(report.rows, report.total) for report in reports],
            [(month.total, month.by_model, month.by_project, month.accounts) for month in months],
            standings,
            key,
        ]

    before = await seen()
    records = len(await store.read(lambda reader: reader.history(None, 1000)))
    assert await retire(store, clock, BERLIN, 2) >= 1
    assert await seen() == before
    assert await statement.audit() == ()
    assert len(await store.read(lambda reader: reader.history(None, 1000))) < records / 3
    assert len(await store.read(lambda reader: reader.holds())) == 1
    assert await retire(store, clock, BERLIN, 2) == 0

    assert (await statement.month("2026-03")).usage[0].exchange_id == ""
    doubtful.release()
    await doubtful.__aexit__(None, None, None)
    await ledger.drain()
    assert await statement.audit() == ()


async def test_calls_go_on_while_old_ones_go(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "ledger.sqlite3")
    clock = FixedClock(at("2026-03-01T00:00", UTC))
    ledger = Ledger(store, clock, lambda event: None, UTC)

    async def call(number: int) -> None:
        async with ledger.hold(f"x{number}", ROUTE, asks(10, *CAPS)) as held:
            held.settle(asks(7, *CAPS), record(f"x{number}", 7, at_ms=clock.now_ms()))

    for first in range(0, 2000, 100):
        clock.turn(HOUR_MS)
        await asyncio.gather(*map(call, range(first, first + 100)))
    clock.turn(200 * 24 * HOUR_MS)
    retiring = asyncio.ensure_future(retire(store, clock, UTC, 2))
    number = 2000
    while not retiring.done():
        await call(number)
        number += 1
    assert await retiring > 5
    await ledger.drain()
    statement = Statement(store, clock, UTC)
    assert await statement.audit() == ()
    assert (await statement.spend("model", 0)).total.cost_nano == 7 * number
    assert len(await store.read(lambda reader: reader.history(None, 10_000))) == number - 2000
    await store.close()
