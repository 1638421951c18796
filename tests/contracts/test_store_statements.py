"""One suite for every store: what statements and the log are made from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.samples import DAY_MS, NOON_MS, PRICE, record

from bursar.contract.statements import Movement, Paid
from bursar.domain.account import Share
from bursar.domain.exchange import UsageRecord
from bursar.domain.hold import Entry, EntryKind
from bursar.domain.usage import NOTHING, Usage
from bursar.storage.memory import MemoryStore
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import EntrySum, Only, SpendBy, Store, Stretch


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "ledger.sqlite3")
    yield store
    await store.close()


async def keep(store: Store, each: UsageRecord, *paid: Share) -> None:
    await store.submit(lambda transaction: transaction.add_record(each, paid))


async def test_an_exchange_comes_back_with_its_attempts_prices_and_payers(store: Store) -> None:
    await keep(store, record("x1", status=503, usage=NOTHING, price=None))
    await keep(store, record("x2", cost_nano=9))
    await keep(store, record("x1", cost_nano=7, attempt=2), Share("cap:b", 7), Share("cap:tokens", 120))
    first, second = await store.read(lambda reader: reader.exchange("x1"))
    assert (first.row.attempt, first.row.status, first.price, first.paid) == (1, 503, None, ())
    assert (second.row.attempt, second.row.cost_nano, second.price) == (2, 7, PRICE)
    assert second.paid == (Paid("cap:b", 7), Paid("cap:tokens", 120))
    assert second.row.paid_by == ("cap:b", "cap:tokens")
    assert await store.read(lambda reader: reader.exchange("x3")) == []


async def test_usage_lines_are_in_the_order_of_time_without_what_used_nothing(store: Store) -> None:
    await keep(store, record("later", cost_nano=2, at_ms=NOON_MS + 9))
    await keep(store, record("refused", at_ms=NOON_MS + 1, usage=NOTHING))
    await keep(store, record("sooner", cost_nano=1, usage=Usage(1, 2, 3, 4, 5)), Share("cap:a", 1))
    await keep(store, record("after", cost_nano=3, at_ms=NOON_MS + 10))
    await keep(store, record("before", cost_nano=4, at_ms=NOON_MS - 1))
    sooner, later = await store.read(lambda reader: reader.usage_lines(NOON_MS, NOON_MS + 10))
    assert (sooner.exchange_id, later.exchange_id) == ("sooner", "later")
    assert (sooner.key, sooner.project, sooner.client, sooner.alias) == ("laptop", "thesis", "editor/1.2", "fast")
    assert (sooner.upstream, sooner.model, sooner.paid) == ("main", "small-model", (Paid("cap:a", 1),))
    figures = (sooner.requests, sooner.prompt_tokens, sooner.completion_tokens, sooner.cached_tokens)
    assert (*figures, sooner.reasoning_tokens, sooner.cost_nano) == (1, 1, 2, 3, 5, 1)


async def test_movements_and_sums_are_those_between_two_instants(store: Store) -> None:
    for entry in (
        Entry(EntryKind.GRANT, "wallet:a", 0, 1000, NOON_MS - 1),
        Entry(EntryKind.GRANT, "wallet:a", 0, 500, NOON_MS),
        Entry(EntryKind.SETTLE, "wallet:a", 0, 30, NOON_MS + 1, hold_id=1, held=40),
        Entry(EntryKind.CORRECT, "wallet:a", 0, 20, NOON_MS + 2),
        Entry(EntryKind.GRANT, "wallet:a", 0, 7, NOON_MS + 3),
    ):
        await store.submit(lambda transaction, entry=entry: transaction.add_entry(entry))  # type: ignore[misc]
    assert await store.read(lambda reader: reader.movements(NOON_MS, NOON_MS + 3)) == [
        Movement(NOON_MS, "wallet:a", "grant", 500),
        Movement(NOON_MS + 2, "wallet:a", "correct", -20),
    ]
    sums = await store.read(lambda reader: reader.entry_sums(NOON_MS, NOON_MS + 3))
    assert sums == [EntrySum("wallet:a", 0, 500, -40, 50)]
    assert await store.read(lambda reader: reader.entry_sums(until_ms=NOON_MS)) == [EntrySum("wallet:a", 0, 1000, 0, 0)]


async def test_spend_in_stretches_may_be_that_of_one_key(store: Store) -> None:
    await keep(store, record(cost_nano=1, key="desk"))
    await keep(store, record(cost_nano=2, key="laptop"))
    await keep(store, record(cost_nano=4, key="laptop", at_ms=NOON_MS + DAY_MS))
    stretches = [Stretch("ever", 0, NOON_MS + 2 * DAY_MS), Stretch("day", NOON_MS, NOON_MS + DAY_MS)]
    rows = await store.read(lambda reader: reader.spend_in(stretches, Only(SpendBy.KEY, "laptop")))
    assert [(row.label, row.requests, row.cost_nano) for row in rows] == [("ever", 2, 6), ("day", 1, 2)]
    assert await store.read(lambda reader: reader.spend_in(stretches, Only(SpendBy.KEY, "nobody"))) == []


async def test_spend_by_a_heading_may_be_that_of_one_name_under_another(store: Store) -> None:
    await keep(store, record(cost_nano=1, key="desk", model="small"))
    await keep(store, record(cost_nano=2, key="laptop", model="small"))
    await keep(store, record(cost_nano=4, key="laptop", model="large"))
    for only, spent in (
        (Only(SpendBy.KEY, "laptop"), {"small": 2, "large": 4}),
        (Only(SpendBy.PROJECT, "thesis"), {"small": 3, "large": 4}),
        (Only(SpendBy.MODEL, "none"), {}),
    ):
        rows = await store.read(lambda reader, only=only: reader.spend_by(SpendBy.MODEL, 0, NOON_MS + 1, only))  # type: ignore[misc]
        assert {row.label: row.cost_nano for row in rows} == spent
