"""The read side: what was spent, by heading and by time, and pages of what happened."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fakes.samples import record

from bursar.domain.clock import FixedClock
from bursar.domain.exchange import UsageRecord
from bursar.ledger.statement import Statement
from bursar.storage.memory import MemoryStore
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import Store, Transaction

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    """The instant at which clocks in Berlin show this."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "ledger.sqlite3")
    yield store
    await store.close()


@pytest.fixture
def statement(store: Store) -> Statement:
    return Statement(store, FixedClock(at("2026-11-02 12:00")), BERLIN)


async def keep(store: Store, *records: UsageRecord) -> None:
    def add(transaction: Transaction) -> None:
        for each in records:
            transaction.add_record(each)

    await store.submit(add)


async def shown(statement: Statement, by: str, since: str | None = None, until: str | None = None) -> list[object]:
    report = await statement.spend(by, None if since is None else at(since), None if until is None else at(until))
    assert report.by == by
    assert report.total.cost_nano == sum(row.cost_nano for row in report.rows)
    assert report.total.requests == sum(row.requests for row in report.rows)
    return [(row.label, row.cost_nano) for row in report.rows]


async def test_nothing_was_spent_at_first(statement: Statement) -> None:
    report = await statement.spend("day")
    assert report.rows == ()
    assert (report.total.label, report.total.cost_nano) == ("total", 0)
    assert (await statement.spend("model")).rows == ()
    assert await statement.days(31) == []
    assert (await statement.history()).rows == ()
    assert await statement.audit() == ()


async def test_spend_by_heading_has_the_dearest_first(statement: Statement, store: Store) -> None:
    for model, cost in (("small", 1), ("large", 9), ("small", 3), ("also", 4)):
        await keep(store, record(cost_nano=cost, model=model, at_ms=at("2026-11-02 10:00")))
    assert await shown(statement, "model") == [("large", 9), ("also", 4), ("small", 4)]
    assert await shown(statement, "upstream") == [("main", 17)]


async def test_spend_is_from_the_first_instant_to_before_the_last(statement: Statement, store: Store) -> None:
    for day, cost in enumerate((1, 2, 4, 8), 1):
        await keep(store, record(cost_nano=cost, at_ms=at(f"2026-10-0{day} 00:00")))
    assert await shown(statement, "key", "2026-10-02 00:00", "2026-10-04 00:00") == [("laptop", 6)]
    assert await shown(statement, "day", "2026-10-02 00:00", "2026-10-04 00:00") == [
        ("2026-10-02", 2),
        ("2026-10-03", 4),
    ]
    assert await shown(statement, "day", "2026-10-02 00:00", "2026-10-02 00:00") == []


async def test_days_begin_at_midnight_where_the_user_is(statement: Statement, store: Store) -> None:
    # Clocks go back an hour on the 25th, which has 25 hours.
    for instant, cost in (
        ("2026-10-24 23:59", 1),
        ("2026-10-25 00:00", 2),
        ("2026-10-25 23:59", 4),
        ("2026-10-26 00:00", 8),
        ("2026-10-28 12:00", 16),
    ):
        await keep(store, record(cost_nano=cost, at_ms=at(instant)))
    assert await shown(statement, "day") == [
        ("2026-10-24", 1),
        ("2026-10-25", 6),
        ("2026-10-26", 8),
        ("2026-10-28", 16),
    ]
    assert await shown(statement, "week") == [("2026-W43", 7), ("2026-W44", 24)]
    assert await shown(statement, "month") == [("2026-10", 31)]


async def test_an_hour_is_named_by_its_beginning(statement: Statement, store: Store) -> None:
    for instant in ("2026-11-02 09:00", "2026-11-02 09:59", "2026-11-02 11:30"):
        await keep(store, record(cost_nano=1, at_ms=at(instant)))
    assert await shown(statement, "hour") == [("2026-11-02 09:00", 2), ("2026-11-02 11:00", 1)]


async def test_a_stretch_that_is_cut_counts_only_what_is_within(statement: Statement, store: Store) -> None:
    for hour in (1, 5, 9):
        await keep(store, record(cost_nano=hour, at_ms=at(f"2026-11-01 0{hour}:00")))
    assert await shown(statement, "month", "2026-11-01 02:00", "2026-11-01 09:00") == [("2026-11", 5)]


async def test_the_last_days_are_ready_for_a_snapshot(statement: Statement, store: Store) -> None:
    await keep(
        store, record(cost_nano=7, at_ms=at("2026-11-02 11:00")), record(cost_nano=1, at_ms=at("2026-11-02 11:01"))
    )
    await keep(
        store, record(cost_nano=5, at_ms=at("2026-10-31 23:00")), record(cost_nano=9, at_ms=at("2026-10-30 23:00"))
    )
    found = await statement.days(3)
    assert [(day.start_ms, day.end_ms, day.cost_nano, day.tokens, day.requests) for day in found] == [
        (at("2026-10-31 00:00"), at("2026-11-01 00:00"), 5, 120, 1),
        (at("2026-11-02 00:00"), at("2026-11-03 00:00"), 8, 240, 2),
    ]


async def test_an_unknown_heading_is_refused_with_those_there_are(statement: Statement) -> None:
    with pytest.raises(ValueError, match="hour, day, week, month, model, key"):
        await statement.spend("colour")


async def test_pages_of_history_join_without_a_gap(statement: Statement, store: Store) -> None:
    await keep(store, *(record(f"x{number}") for number in range(25)))
    seen: list[str] = []
    before: str | None = None
    while True:
        page = await statement.history(before, 10)
        seen += [row.exchange_id for row in page.rows]
        if page.next is None:
            break
        before = page.next
    assert seen == [f"x{number}" for number in reversed(range(25))]
    assert (await statement.history(limit=25)).next is None


@pytest.mark.parametrize("before", ["", "x", "-1", "1.5", "9" * 30, "²", "1 2"])
async def test_a_place_in_the_history_that_is_none_is_refused(statement: Statement, before: str) -> None:
    with pytest.raises(ValueError, match="no place in the history"):
        await statement.history(before)
