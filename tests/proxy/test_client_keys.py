"""Client keys: issued once, known by digest, kept, and gone when revoked."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.samples import NOON_MS

from bursar.client_keys import ClientKeys
from bursar.contract.commands import ChangeKey
from bursar.contract.events import Event, KeyChanged, KeyRevoked
from bursar.domain.client_key import digest_of
from bursar.domain.clock import FixedClock
from bursar.domain.refusals import InvalidParameter, NameTaken, UnknownKey
from bursar.storage.memory import MemoryStore
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import Store, StoreUnavailable


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "ledger.sqlite3")
    yield store
    await store.close()


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def keys(store: Store, events: list[Event]) -> ClientKeys:
    return ClientKeys(store, FixedClock(NOON_MS), events.append)


async def test_an_issued_key_is_found_by_its_text_and_by_nothing_else(keys: ClientKeys, events: list[Event]) -> None:
    key, text = await keys.issue("laptop", project="thesis", models=("fast*",), expires_ms=NOON_MS + 1)
    other, _ = await keys.issue("desk")
    assert keys.match(text) == key
    assert (key.name, key.project, key.models, key.expires_ms) == ("laptop", "thesis", ("fast*",), NOON_MS + 1)
    assert (key.digest, key.hint, key.created_ms) == (digest_of(text), text[-4:], NOON_MS)
    for wrong in ("", text[:-1], text + "x", text.upper(), "bk-", "\udc80", "bk-" + "a" * 10_000):
        assert keys.match(wrong) is None
    assert keys.list() == (other, key)
    assert [event.key.name for event in events if isinstance(event, KeyChanged)] == ["laptop", "desk"]
    assert text not in repr(events)


async def test_keys_are_there_in_the_next_run(keys: ClientKeys, store: Store) -> None:
    key, text = await keys.issue("laptop", models=("a", "b*"))
    events: list[Event] = []
    again = ClientKeys(store, FixedClock(NOON_MS), events.append)
    assert again.match(text) is None
    await again.load()
    assert again.match(text) == key
    assert [event.key.models for event in events if isinstance(event, KeyChanged)] == [("a", "b*")]


async def test_a_revoked_key_is_known_no_more(keys: ClientKeys, store: Store, events: list[Event]) -> None:
    _, text = await keys.issue("laptop")
    await keys.revoke("laptop")
    assert keys.match(text) is None
    assert events[-1] == KeyRevoked(NOON_MS, "laptop")
    with pytest.raises(UnknownKey):
        await keys.revoke("laptop")
    await keys.load()
    assert keys.list() == ()
    _, again = await keys.issue("laptop")
    assert again != text


@pytest.mark.parametrize("name", ["", ".hidden", "-x", "a b", "a/b", "é", "a" * 65, "a\n", "laptop;", "\u0661"])
async def test_a_name_that_cannot_be_is_refused(keys: ClientKeys, name: str) -> None:
    with pytest.raises(InvalidParameter, match="cannot name a key"):
        await keys.issue(name)


@pytest.mark.parametrize("project", ["a\nb", "\x1b[2J", "\x9b31m", "a\0", "\u202etxt", "a\u200b", "a" * 101])
async def test_a_project_that_would_act_or_hide_is_refused(keys: ClientKeys, project: str) -> None:
    with pytest.raises(InvalidParameter, match="a project's name"):
        await keys.issue("laptop", project=project)
    await keys.issue("laptop", project="thèse 2026 / 論文")
    with pytest.raises(InvalidParameter, match="a project's name"):
        await keys.change("laptop", ChangeKey(project=project))


@pytest.mark.parametrize("at_ms", [-1, 2**63, 253_402_300_800_000])
async def test_an_end_beyond_all_calendars_is_refused(keys: ClientKeys, at_ms: int) -> None:
    with pytest.raises(InvalidParameter, match="a key's end"):
        await keys.issue("laptop", expires_ms=at_ms)
    await keys.issue("laptop", expires_ms=253_402_300_799_999)
    with pytest.raises(InvalidParameter, match="a key's end"):
        await keys.change("laptop", ChangeKey(expires_ms=at_ms))


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "0", "a" * 64])
async def test_a_name_that_can_be_is_taken_once(keys: ClientKeys, name: str) -> None:
    await keys.issue(name)
    with pytest.raises(NameTaken):
        await keys.issue(name)


async def test_of_two_at_once_one_gets_the_name(keys: ClientKeys) -> None:
    answers = await asyncio.gather(keys.issue("laptop"), keys.issue("laptop"), return_exceptions=True)
    assert sorted(isinstance(answer, NameTaken) for answer in answers) == [False, True]
    assert len(keys.list()) == 1


async def test_a_key_whose_asker_left_is_not_issued(store: Store, keys: ClientKeys) -> None:
    task = asyncio.ensure_future(keys.issue("laptop"))
    await asyncio.sleep(0)
    task.cancel()
    outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    known = await store.submit(lambda transaction: transaction.client_keys())
    assert len(known) == (0 if isinstance(outcome, asyncio.CancelledError) else 1)
    assert keys.list() == known


async def test_a_key_that_could_not_be_forgotten_is_still_accepted(store: Store, keys: ClientKeys) -> None:
    key, text = await keys.issue("laptop")
    await store.close()
    with pytest.raises(StoreUnavailable):
        await keys.revoke("laptop")
    assert keys.match(text) == key
