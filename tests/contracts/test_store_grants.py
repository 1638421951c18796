"""What every store keeps of grants: all of them for ever, and which of them have an end to be seen to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bursar.domain.grant import Grant, GrantKind
from bursar.storage.memory import MemoryStore
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import Store, Transaction

RAISE = Grant(0, GrantKind.RAISE, "cap:day", 1_000, 2 * 10**9, 1_500, "a long night", "ada", until_ms=9_000)
TOP_UP = Grant(0, GrantKind.TOP_UP, "wallet:main", 0, 20 * 10**9, 1_600, "half of a character: \ud800")


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "ledger.sqlite3")
    yield store
    await store.close()


async def made(store: Store, *grants: Grant) -> list[Grant]:
    return [await making(store, each) for each in grants]


def making(store: Store, grant: Grant) -> "asyncio.Future[Grant]":
    return store.submit(lambda transaction: transaction.add_grant(grant))


def putting(store: Store, grant: Grant) -> "asyncio.Future[None]":
    return store.submit(lambda transaction: transaction.put_grant(grant))


async def test_all_are_kept_and_those_with_an_end_stay_open(store: Store) -> None:
    raised, topped_up = await made(store, RAISE, TOP_UP)
    assert (raised, topped_up.note) == (replace(RAISE, id=1), "half of a character: ?")
    assert await store.read(lambda reader: reader.grants()) == [raised, topped_up]
    assert await store.submit(lambda transaction: transaction.open_grants()) == (raised,)


async def test_an_end_is_kept_and_changes_nothing_else(store: Store) -> None:
    [raised] = await made(store, RAISE)
    moved = replace(raised, cycle_start_ms=5_000)
    ended = replace(moved, ended_ms=9_001, undone=True)
    for each in (moved, ended):
        await putting(store, each)
    assert await store.read(lambda reader: reader.grants()) == [ended]
    assert await store.submit(lambda transaction: transaction.open_grants()) == ()


async def test_a_change_that_raises_grants_nothing(store: Store) -> None:
    [raised] = await made(store, RAISE)

    def fail(transaction: Transaction) -> None:
        transaction.add_grant(TOP_UP)
        transaction.put_grant(replace(raised, ended_ms=2_000))
        raise LookupError

    with pytest.raises(LookupError):
        await store.submit(fail)
    assert await store.read(lambda reader: reader.grants()) == [raised]
    assert await store.submit(lambda transaction: transaction.open_grants()) == (raised,)


async def test_what_is_open_is_open_after_the_end_of_the_process(tmp_path: Path) -> None:
    for number in (1, 2):
        store = await SqliteStore.open(tmp_path / "ledger.sqlite3")
        [grant] = await made(store, replace(RAISE, note=f"number {number}"))
        assert grant.id == number
        assert len(await store.submit(lambda transaction: transaction.open_grants())) == number
        await store.close()
