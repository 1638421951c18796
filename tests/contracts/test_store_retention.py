"""One suite for every store: what is rolled up is in every sum as before, and what is of use stays."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fakes.samples import DAY_MS, HOUR_MS, NOON_MS, ROUTE, record

from bursar.domain.account import Share
from bursar.domain.hold import Entry, EntryKind, HeldShare, HoldState
from bursar.domain.usage import NOTHING, Usage
from bursar.storage.memory import MemoryStore
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import EntrySum, Only, SpendBy, Store, StoreUnavailable, Stretch, Sweep

MIDNIGHT_MS = NOON_MS - 12 * HOUR_MS
DAYS = tuple(MIDNIGHT_MS + day * DAY_MS for day in range(4))
SWEEP = Sweep(DAYS[3], DAYS[:3])
"""Three days are too old; the fourth is kept."""


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "ledger.sqlite3")
    yield store
    await store.close()


async def keep(store: Store, at_ms: int, cost: int, **changes: Any) -> None:
    kept = record(f"x{cost}", cost, at_ms=at_ms, usage=Usage(cost, 2, 3, 4, 5), **changes)
    await store.submit(lambda transaction: transaction.add_record(kept, (Share("cap:a", cost),)))


async def write(store: Store, *entries: Entry) -> None:
    for entry in entries:
        await store.submit(lambda transaction, entry=entry: transaction.add_entry(entry))  # type: ignore[misc]


async def all_of(store: Store, most: int = 3) -> int:
    """Roll up everything that is too old; how many steps it took."""
    steps = 0
    while await store.roll_up(SWEEP, most):
        steps += 1
    return steps


def test_a_sweep_knows_the_day_of_an_instant() -> None:
    assert SWEEP.day_of(DAYS[1]) == DAYS[1]
    assert SWEEP.day_of(DAYS[1] - 1) == DAYS[0]
    assert SWEEP.day_of(DAYS[2] + DAY_MS - 1) == DAYS[2]
    assert SWEEP.day_of(0) == DAYS[0]
    assert SWEEP.between(DAYS[0] + 1, DAYS[2]) == DAYS[:3]
    assert SWEEP.between(DAYS[1] + 5, DAYS[2] - 1) == (DAYS[1],)


async def test_spend_is_the_same_by_every_heading_and_day(store: Store) -> None:
    await store.submit(lambda transaction: transaction.add_record(record("refused", at_ms=DAYS[0], usage=NOTHING)))
    for day in range(4):
        for number in range(5):
            await keep(
                store,
                DAYS[day] + number * HOUR_MS,
                10**day * (number + 1),
                model=("small", "large")[number % 2],
                key=("laptop", "desk")[number % 3 == 0],
            )
    stretches = [Stretch(str(day), DAYS[day], DAYS[day] + DAY_MS) for day in range(4)]

    async def seen() -> list[Any]:
        by = [await store.read(lambda reader, by=by: reader.spend_by(by, 0, 2 * NOON_MS)) for by in SpendBy]  # type: ignore[misc]
        return [
            [sorted(rows, key=lambda row: row.label) for rows in by],
            await store.read(lambda reader: reader.spend_in(stretches)),
            await store.read(lambda reader: reader.spend_in(stretches, Only(SpendBy.KEY, "desk"))),
            await store.read(lambda reader: reader.records_cost_nano()),
            await store.read(lambda reader: reader.first_record_ms()),
        ]

    before = await seen()
    assert await all_of(store) > 3
    assert await seen() == before
    assert len(await store.read(lambda reader: reader.history(None, 100))) == 5
    assert await store.read(lambda reader: reader.first_kept_ms()) == DAYS[3]
    lines = await store.read(lambda reader: reader.usage_lines(0, 2 * NOON_MS))
    assert [line.at_ms for line in lines if not line.exchange_id] == sorted([*DAYS[:3]] * 4)
    assert sum(line.cost_nano for line in lines) == before[3]
    assert {line.paid for line in lines if not line.exchange_id} == {()}


async def test_a_record_that_comes_late_joins_its_day(store: Store) -> None:
    await keep(store, DAYS[0] + 1, 5)
    await all_of(store)
    await keep(store, DAYS[0] + 2, 7)
    await all_of(store)
    [line] = await store.read(lambda reader: reader.usage_lines(0, 2 * NOON_MS))
    assert (line.at_ms, line.requests, line.cost_nano, line.prompt_tokens) == (DAYS[0], 2, 12, 12)


async def test_pages_of_history_go_on_where_they_were(store: Store) -> None:
    for number in range(4):
        await keep(store, DAYS[0] + number, 1 + number)
    for number in range(4):
        await keep(store, DAYS[3] + number, 10 + number)
    [*_, (place, _)] = await store.read(lambda reader: reader.history(None, 2))
    await all_of(store)
    rows = await store.read(lambda reader: reader.history(place, 10))
    assert [row.cost_nano for _, row in rows] == [11, 10]


async def test_entries_add_up_as_before(store: Store) -> None:
    await write(
        store,
        Entry(EntryKind.GRANT, "cap:a", DAYS[0], 1000, DAYS[0] + 1),
        Entry(EntryKind.HOLD, "cap:a", DAYS[0], 300, DAYS[0] + 2, hold_id=7),
        Entry(EntryKind.SETTLE, "cap:a", DAYS[0], 250, DAYS[1] + 4, hold_id=7, held=300),
        Entry(EntryKind.GRANT, "wallet:w", 0, 5000, DAYS[0] + 5),
        Entry(EntryKind.SETTLE, "wallet:w", 0, 40, DAYS[0] + 6, hold_id=7),
        Entry(EntryKind.CORRECT, "wallet:w", 0, -5, DAYS[1] + 6),
        Entry(EntryKind.RELEASE, "cap:a", DAYS[0], 0, DAYS[3], hold_id=8),
        Entry(EntryKind.HOLD, "cap:a", DAYS[3], 1, DAYS[3] + 1, hold_id=9),
    )

    async def sums(*between: int) -> list[EntrySum]:
        found = await store.read(lambda reader: reader.entry_sums(*between))
        return sorted(found, key=lambda each: (each.account_id, each.cycle_start_ms))

    before = [await sums(), await sums(DAYS[0], DAYS[1]), await sums(DAYS[1], DAYS[3])]
    movements = await store.read(lambda reader: reader.movements(0, 2 * NOON_MS))
    assert await all_of(store, 2) == 2
    assert [await sums(), await sums(DAYS[0], DAYS[1]), await sums(DAYS[1], DAYS[3])] == before
    kept = await store.read(lambda reader: reader.entries())
    assert [(entry.kind, entry.account_id) for entry in kept] == [
        (EntryKind.GRANT, "wallet:w"),
        (EntryKind.CORRECT, "wallet:w"),
        (EntryKind.RELEASE, "cap:a"),
        (EntryKind.HOLD, "cap:a"),
    ]
    after = await store.read(lambda reader: reader.movements(0, 2 * NOON_MS))
    assert [(each.account_id, each.kind, each.amount) for each in after] == [
        (each.account_id, each.kind, each.amount) for each in movements
    ]


async def test_lines_of_a_hold_that_has_not_ended_stay(store: Store) -> None:
    shares = (HeldShare("cap:a", DAYS[0], 300),)
    held = await store.submit(
        lambda transaction: transaction.add_hold("x1", ROUTE.upstream, ROUTE.model, DAYS[0], shares)
    )
    await write(
        store,
        Entry(EntryKind.HOLD, "cap:a", DAYS[0], 300, DAYS[0], hold_id=held.id),
        Entry(EntryKind.HOLD, "cap:a", DAYS[0], 5, DAYS[0], hold_id=held.id + 1),
        Entry(EntryKind.RELEASE, "cap:a", DAYS[0], -5, DAYS[0], hold_id=held.id + 1),
        Entry(EntryKind.HOLD, "cap:a", DAYS[0], 6, DAYS[0], hold_id=held.id + 2),
    )
    await all_of(store)
    assert held.id in [entry.hold_id for entry in await store.read(lambda reader: reader.entries())]
    assert await store.read(lambda reader: reader.holds()) == [held]
    await store.submit(lambda transaction: transaction.end_hold(held.id, HoldState.RELEASED))
    assert await all_of(store) == 1
    [total] = await store.read(lambda reader: reader.entry_sums())
    assert total == EntrySum("cap:a", DAYS[0], 0, 306, 0)


async def test_a_store_that_has_nothing_old_does_nothing(store: Store) -> None:
    assert not await store.roll_up(SWEEP, 10)
    await keep(store, DAYS[3], 5)
    assert not await store.roll_up(SWEEP, 10)
    assert not await store.shrink(10)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.roll_up(SWEEP, 10)
