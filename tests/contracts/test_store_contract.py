"""One suite for every store: what the ledger may rely on, whatever keeps it."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from fakes.samples import DAY_MS, NOON_MS, ROUTE, record

from bursar.domain.account import Share, Standing
from bursar.domain.client_key import ClientKey, FormerKey
from bursar.domain.cycle import Cycle
from bursar.domain.exchange import Outcome, UsageRecord
from bursar.domain.hold import Entry, EntryKind, HeldShare, Hold, HoldEnded, HoldState
from bursar.domain.key_limits import key_limits
from bursar.domain.usage import Quality, Usage
from bursar.storage.memory import MemoryStore
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import EntrySum, KeyUse, SpendBy, Store, StoreUnavailable, Stretch, Transaction

TODAY = Cycle(NOON_MS, NOON_MS + DAY_MS)
TOMORROW = Cycle(NOON_MS + DAY_MS, NOON_MS + 2 * DAY_MS)
STANDING = Standing("cap:a", TODAY, 1000, 1000, 300, 200)
KEY = ClientKey(
    "laptop",
    b"\0\1\2",
    "abcd",
    NOON_MS,
    "thesis",
    ("fast*", "b"),
    NOON_MS + 5,
    disabled=True,
    fallback=("small", "b"),
    limits=key_limits(("60/min", "100ktok/hour"), 4, ("10.0.0.0/8", "fd00::/8"), 500),
    former=(FormerKey(b"\7\6", "wxyz", NOON_MS + 9),),
)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "ledger.sqlite3")
    yield store
    await store.close()


async def placed(store: Store, *shares: HeldShare, exchange_id: str = "x1") -> Hold:
    return await store.submit(
        lambda transaction: transaction.add_hold(exchange_id, ROUTE.upstream, ROUTE.model, NOON_MS, shares)
    )


async def recorded(store: Store, *records: UsageRecord) -> None:
    for each in records:
        await recording(store, each)


def recording(store: Store, each: UsageRecord) -> "asyncio.Future[None]":
    return store.submit(lambda transaction: transaction.add_record(each))


def putting(store: Store, standing: Standing) -> "asyncio.Future[None]":
    return store.submit(lambda transaction: transaction.put_standing(standing))


def adding(store: Store, entry: Entry) -> "asyncio.Future[None]":
    return store.submit(lambda transaction: transaction.add_entry(entry))


def ending(store: Store, hold_id: int, state: HoldState = HoldState.RELEASED) -> "asyncio.Future[Hold]":
    return store.submit(lambda transaction: transaction.end_hold(hold_id, state))


# --- changes ------------------------------------------------------------------------------------


async def test_what_a_change_did_is_there_for_the_next(store: Store) -> None:
    await putting(store, STANDING)
    assert await store.submit(lambda transaction: transaction.standing("cap:a")) == STANDING
    assert await store.submit(lambda transaction: transaction.standing_in("cap:a", NOON_MS)) == STANDING
    assert await store.submit(lambda transaction: transaction.standing("cap:b")) is None
    assert await store.read(lambda reader: reader.standings()) == [STANDING]


async def test_changes_happen_in_the_order_in_which_they_were_handed_over(store: Store) -> None:
    def add(letter: str) -> "asyncio.Future[str]":
        def change(transaction: Transaction) -> str:
            transaction.put_fact("order", (transaction.fact("order") or "") + letter)
            return transaction.fact("order") or ""

        return store.submit(change)

    futures = [add(letter) for letter in "abcdef"]
    assert await asyncio.gather(*futures) == ["a", "ab", "abc", "abcd", "abcde", "abcdef"]


async def test_a_change_that_raises_has_done_nothing(store: Store) -> None:
    hold = await placed(store, HeldShare("cap:a", NOON_MS, 300))
    await putting(store, STANDING)

    def fail(transaction: Transaction) -> None:
        transaction.put_standing(Standing("cap:a", TODAY, 1, 1))
        transaction.put_standing(Standing("cap:a", TOMORROW, 1, 1))
        transaction.put_standing(Standing("cap:b", TODAY, 1, 1))
        transaction.add_entry(Entry(EntryKind.GRANT, "cap:a", NOON_MS, 1, NOON_MS))
        transaction.add_hold("x2", "main", "m", NOON_MS, ())
        transaction.end_hold(hold.id, HoldState.RELEASED)
        transaction.add_record(record())
        transaction.put_key(KEY)
        transaction.put_fact("name", "text")
        raise LookupError("never mind")

    with pytest.raises(LookupError, match="never mind"):
        await store.submit(fail)
    assert await store.submit(lambda transaction: transaction.standing("cap:a")) == STANDING
    assert await store.submit(lambda transaction: transaction.open_holds()) == (hold,)
    assert await store.submit(lambda transaction: transaction.client_keys()) == ()
    assert await store.submit(lambda transaction: transaction.fact("name")) is None
    assert await store.read(lambda reader: reader.entries()) == []
    assert await store.read(lambda reader: reader.history(None, 10)) == []
    assert await store.read(lambda reader: reader.standings()) == [STANDING]
    assert await store.read(lambda reader: reader.holds()) == [hold]


async def test_a_change_whose_waiter_is_cancelled_happens_all_the_same(store: Store) -> None:
    future = putting(store, STANDING)
    future.cancel()
    assert await store.submit(lambda transaction: transaction.standing("cap:a")) == STANDING


async def test_a_change_that_nobody_waits_for_happens_too_and_its_answer_is_told_later(store: Store) -> None:
    told: asyncio.Queue[tuple[str | None, Exception | None]] = asyncio.Queue()

    def change(transaction: Transaction) -> str:
        transaction.put_standing(STANDING)
        return "done"

    def fail(transaction: Transaction) -> str:
        transaction.put_standing(Standing("cap:b", TODAY, 1, 1))
        raise LookupError("never mind")

    store.hand_over(change, lambda answer, error: told.put_nowait((answer, error)))
    store.hand_over(fail, lambda answer, error: told.put_nowait((answer, error)))
    assert told.empty()
    assert await told.get() == ("done", None)
    answer, error = await told.get()
    assert answer is None
    assert isinstance(error, LookupError)
    assert await store.read(lambda reader: reader.standings()) == [STANDING]


async def test_where_accounts_stand_is_announced_once_it_is_on_disk_and_before_anybody_is_told(store: Store) -> None:
    heard: list[tuple[Standing, ...]] = []
    store.announce_to(heard.append)
    later = Standing("cap:a", TOMORROW, 1000, 1000)
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    store.hand_over(lambda transaction: transaction.put_standing(STANDING), lambda *_: told.set_result(len(heard)))
    assert await told == 1
    assert heard.pop() == (STANDING,)
    await putting(store, later)
    assert heard.pop() == (later,)
    # What becomes of an earlier cycle says nothing of how the account stands.
    await putting(store, STANDING.holding(1))
    await store.submit(lambda transaction: transaction.put_fact("name", "text"))
    with pytest.raises(ValueError, match="too large"):
        await putting(store, Standing("cap:b", TODAY, 2**63, 2**63))
    assert heard == []


async def test_a_figure_that_no_back_end_could_keep_fails_its_own_change_alone(store: Store) -> None:
    too_large = 2**63
    beside = putting(store, STANDING)
    huge = Standing("cap:b", TODAY, 0, 0, 0, too_large)
    with pytest.raises(ValueError, match="too large"):
        await putting(store, huge)
    with pytest.raises(ValueError, match="too large"):
        await store.submit(
            lambda transaction: transaction.add_entry(Entry(EntryKind.SETTLE, "cap:b", 0, too_large, NOON_MS))
        )
    for broken in (record(cost_nano=too_large), record(usage=Usage(image_prompt_tokens=-too_large - 1))):
        with pytest.raises(ValueError, match="too large"):
            await recording(store, broken)
    await beside
    assert await store.read(lambda reader: reader.standings()) == [STANDING]


async def test_text_that_no_back_end_could_keep_is_made_such_that_it_can(store: Store) -> None:
    await recorded(store, record(client="half \udc80", notes=("fine", "\ud800")))
    [(_, row)] = await store.read(lambda reader: reader.history(None, 1))
    assert row.client == "half ?"
    assert row.notes == ("fine", "?")


async def test_a_closed_store_takes_nothing(store: Store) -> None:
    last = putting(store, STANDING)
    await store.close()
    assert last.done()
    errors: asyncio.Queue[Exception | None] = asyncio.Queue()
    store.hand_over(lambda transaction: None, lambda _, error: errors.put_nowait(error))
    assert isinstance(await errors.get(), StoreUnavailable)
    with pytest.raises(StoreUnavailable):
        await putting(store, STANDING)
    with pytest.raises(StoreUnavailable):
        await store.read(lambda reader: reader.standings())


# --- standings ----------------------------------------------------------------------------------


async def test_the_latest_cycle_is_the_one_that_begins_last(store: Store) -> None:
    later = Standing("cap:a", TOMORROW, 1000, 1000)
    await putting(store, later)
    await putting(store, STANDING)
    assert await store.submit(lambda transaction: transaction.standing("cap:a")) == later
    assert sorted(await store.read(lambda reader: reader.standings()), key=lambda each: each.cycle) == [STANDING, later]


async def test_the_cycle_of_an_unended_hold_can_be_asked_for_after_later_ones_were_opened(store: Store) -> None:
    await putting(store, STANDING)
    hold = await placed(store, HeldShare("cap:a", NOON_MS, 300))
    for day in range(1, 4):
        opened = Standing("cap:a", Cycle(NOON_MS + day * DAY_MS, NOON_MS + (day + 1) * DAY_MS), 1000, 1000)
        await putting(store, opened)
    assert await store.submit(lambda transaction: transaction.standing_in("cap:a", NOON_MS)) == STANDING
    given_back = STANDING.holding(-300)
    await putting(store, given_back)
    await ending(store, hold.id, HoldState.RELEASED)
    assert given_back in await store.read(lambda reader: reader.standings())
    assert len(await store.read(lambda reader: reader.standings())) == 4


async def test_a_line_moves_the_standing_of_its_own_cycle(store: Store) -> None:
    await putting(store, STANDING)
    hold = await placed(store, HeldShare("cap:a", NOON_MS, 300))
    await putting(store, Standing("cap:a", TOMORROW, 1000, 1000))
    lines = [
        Entry(EntryKind.HOLD, "cap:a", NOON_MS, 50, 2, hold.id),
        Entry(EntryKind.SETTLE, "cap:a", NOON_MS, 40, 3, hold.id, held=50),
        Entry(EntryKind.RELEASE, "cap:a", NOON_MS, -300, 4, hold.id),
        Entry(EntryKind.GRANT, "cap:a", TOMORROW.start_ms, 7, 5),
        Entry(EntryKind.CORRECT, "cap:a", TOMORROW.start_ms, 9, 6),
    ]
    found = await store.submit(lambda transaction: [transaction.enter(*line) for line in lines])
    assert [(each.cycle, each.granted, each.held, each.settled) for each in found] == [
        (TODAY, 1000, 350, 200),
        (TODAY, 1000, 300, 240),
        (TODAY, 1000, 0, 240),
        (TOMORROW, 1007, 0, 0),
        (TOMORROW, 1007, 0, 9),
    ]
    assert await store.read(lambda reader: reader.entries()) == lines
    kept = sorted(await store.read(lambda reader: reader.standings()), key=lambda each: each.cycle)
    assert kept == [found[2], found[4]]
    with pytest.raises(LookupError, match="no cycle that began at 1"):
        await store.submit(lambda transaction: transaction.enter(EntryKind.HOLD, "cap:a", 1, 5, 7))


# --- holds --------------------------------------------------------------------------------------


async def test_a_hold_ends_once(store: Store) -> None:
    shares = (HeldShare("cap:a", NOON_MS, 300), HeldShare("cap:b", 0, 5))
    hold = await placed(store, *shares)
    assert hold == Hold(hold.id, "x1", "main", "small-model", NOON_MS, HoldState.OPEN, shares)
    assert await store.submit(lambda transaction: transaction.hold(hold.id)) == hold
    assert await store.read(lambda reader: reader.holds()) == [hold]
    assert await ending(store, hold.id, HoldState.SETTLED) == hold
    with pytest.raises(HoldEnded):
        await ending(store, hold.id, HoldState.RELEASED)
    assert await store.submit(lambda transaction: transaction.hold(hold.id)) is None
    assert await store.read(lambda reader: reader.holds()) == []


async def test_a_hold_in_doubt_is_there_until_it_ends(store: Store) -> None:
    hold = await placed(store, HeldShare("cap:a", NOON_MS, 300))
    await ending(store, hold.id, HoldState.IN_DOUBT)
    [doubted] = await store.submit(lambda transaction: transaction.open_holds())
    assert doubted.state is HoldState.IN_DOUBT
    assert await store.read(lambda reader: reader.holds()) == [doubted]
    with pytest.raises(HoldEnded):
        await ending(store, hold.id, HoldState.IN_DOUBT)
    await ending(store, hold.id, HoldState.RELEASED)
    assert await store.read(lambda reader: reader.holds()) == []


async def test_no_two_holds_have_one_id(store: Store) -> None:
    ids = [(await placed(store, exchange_id=f"x{number}")).id for number in range(5)]
    for hold_id in ids:
        await ending(store, hold_id)
    ids += [(await placed(store)).id for _ in range(5)]
    assert len(set(ids)) == 10


# --- what readers are told ----------------------------------------------------------------------


async def test_entries_add_up_by_account_and_cycle(store: Store) -> None:
    entries = [
        Entry(EntryKind.GRANT, "cap:a", NOON_MS, 1000, 1),
        Entry(EntryKind.HOLD, "cap:a", NOON_MS, 300, 2, hold_id=7),
        Entry(EntryKind.HOLD, "cap:a", NOON_MS, 100, 3, hold_id=8),
        Entry(EntryKind.GRANT, "cap:b", 0, 50, 3),
        Entry(EntryKind.SETTLE, "cap:a", NOON_MS, 250, 4, hold_id=7, held=300),
        Entry(EntryKind.RELEASE, "cap:a", NOON_MS, -100, 5, hold_id=8),
        Entry(EntryKind.CORRECT, "cap:a", NOON_MS, -20, 6),
    ]
    for entry in entries:
        await adding(store, entry)
    assert await store.read(lambda reader: reader.entries()) == entries
    assert await store.read(lambda reader: reader.entries("cap:b")) == [entries[3]]
    assert await store.read(lambda reader: reader.entries("cap:none")) == []
    sums = await store.read(lambda reader: reader.entry_sums())
    assert sorted(sums, key=lambda each: each.account_id) == [
        EntrySum("cap:a", NOON_MS, 1000, 0, 230),
        EntrySum("cap:b", 0, 50, 0, 0),
    ]
    assert await store.read(lambda reader: reader.ended_twice()) == []
    again = Entry(EntryKind.RELEASE, "cap:a", NOON_MS, 0, 9, hold_id=7)
    await store.submit(lambda transaction: transaction.add_entry(again))
    assert await store.read(lambda reader: reader.ended_twice()) == [7]


async def test_a_record_comes_back_as_it_was_kept(store: Store) -> None:
    usage = Usage(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
    kept = record(
        "x9",
        cost_nano=12,
        attempt=2,
        status=402,
        outcome=Outcome.CUT,
        usage=usage,
        quality=Quality.ESTIMATED,
        price=None,
        first_ms=None,
        stream=False,
        finish_reason="length",
        refusal="budget_exceeded",
        notes=("limit_set", "usage_clamped"),
    )
    paid = (Share("cap:b", 12), Share("cap:a", 5))
    await store.submit(lambda transaction: transaction.add_record(kept, paid))
    await recorded(store, record())
    [(_, plain), (_, row)] = await store.read(lambda reader: reader.history(None, 5))
    assert row.paid_by == ("cap:b", "cap:a")
    assert (row.priced, row.price_source, plain.priced, plain.price_source) == (False, "", True, "shipped 2026-09-01")
    assert plain.paid_by == ()
    for field in set(UsageRecord.__dataclass_fields__) - {"price"}:
        assert getattr(row, field) == getattr(kept, field), field
        assert getattr(plain, field) == getattr(record(), field), field


async def test_history_is_paged_from_the_latest_kept(store: Store) -> None:
    await recorded(store, *(record(f"x{number}", at_ms=NOON_MS - number) for number in range(7)))
    first = await store.read(lambda reader: reader.history(None, 3))
    assert [row.exchange_id for _, row in first] == ["x6", "x5", "x4"]
    then = await store.read(lambda reader: reader.history(first[-1][0], 10))
    assert [row.exchange_id for _, row in then] == ["x3", "x2", "x1", "x0"]
    assert await store.read(lambda reader: reader.history(then[-1][0], 10)) == []


@pytest.mark.parametrize("by", SpendBy)
async def test_spend_is_summed_by_heading_between_two_instants(store: Store, by: SpendBy) -> None:
    field = by.value
    await recorded(
        store,
        record(cost_nano=5, **{field: "one"}, at_ms=NOON_MS - 1),
        record(cost_nano=7, **{field: "one"}),
        record(cost_nano=11, **{field: "two"}),
        record(cost_nano=13, **{field: "one"}, at_ms=NOON_MS + 9, usage=Usage(1, 2, 3, 4, 5, requests=2)),
        record(cost_nano=17, **{field: "two"}, at_ms=NOON_MS + 10),
    )
    rows = await store.read(lambda reader: reader.spend_by(by, NOON_MS, NOON_MS + 10))
    one, two = sorted(rows, key=lambda row: row.label)
    assert (one.label, one.requests, one.prompt_tokens, one.cached_tokens) == ("one", 3, 101, 63)
    assert (one.completion_tokens, one.reasoning_tokens, one.cost_nano) == (22, 10, 20)
    assert (two.label, two.cost_nano) == ("two", 11)
    assert await store.read(lambda reader: reader.records_cost_nano()) == 53


async def test_spend_is_summed_by_stretches_of_time(store: Store) -> None:
    assert await store.read(lambda reader: reader.first_record_ms()) is None
    await recorded(store, *(record(cost_nano=2**number, at_ms=NOON_MS + number) for number in range(6)))
    stretches = [
        Stretch("early", 0, NOON_MS),
        Stretch("first", NOON_MS, NOON_MS + 2),
        Stretch("gap", NOON_MS + 100, NOON_MS + 200),
        Stretch("then", NOON_MS + 2, NOON_MS + 5),
    ]
    rows = await store.read(lambda reader: reader.spend_in(stretches))
    assert [(row.label, row.requests, row.cost_nano) for row in rows] == [("first", 2, 3), ("then", 3, 28)]
    assert await store.read(lambda reader: reader.first_record_ms()) == NOON_MS


# --- keys and facts -----------------------------------------------------------------------------


async def test_keys_are_kept_changed_and_forgotten_by_name(store: Store) -> None:
    other = ClientKey("desk", b"\3", "wxyz", NOON_MS)
    await store.submit(lambda transaction: transaction.put_key(KEY))
    await store.submit(lambda transaction: transaction.put_key(other))
    assert await store.submit(lambda transaction: transaction.client_keys()) == (other, KEY)
    await store.submit(lambda transaction: transaction.remove_key("desk"))
    await store.submit(lambda transaction: transaction.remove_key("nobody"))
    assert await store.submit(lambda transaction: transaction.client_keys()) == (KEY,)


def putting_key(key: ClientKey, transaction: Transaction) -> None:
    transaction.put_key(key)


async def test_the_last_use_of_each_key_is_that_of_its_last_record(store: Store) -> None:
    desk = ClientKey("desk", b"\3", "wxyz", NOON_MS)
    for key in (KEY, desk, ClientKey("unused", b"\4", "none", NOON_MS)):
        await store.submit(partial(putting_key, key))
    await recorded(
        store,
        record("x1", key="laptop", at_ms=NOON_MS + 1, client="a"),
        record("x2", key="laptop", at_ms=NOON_MS + 3, client="b"),
        record("x3", key="gone", at_ms=NOON_MS + 4),
        record("x4", key="desk", at_ms=NOON_MS - 1),
    )
    # What another key of the same name did before is not this one's.
    assert await store.read(lambda reader: reader.last_uses()) == [KeyUse("laptop", NOON_MS + 3, "b")]


async def test_keys_with_their_limits_are_there_after_a_restart(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "ledger.sqlite3")
    await store.submit(lambda transaction: transaction.put_key(KEY))
    await store.close()
    store = await SqliteStore.open(tmp_path / "ledger.sqlite3")
    assert await store.submit(lambda transaction: transaction.client_keys()) == (KEY,)
    await store.close()


async def test_facts_are_kept_changed_and_forgotten(store: Store) -> None:
    await store.submit(lambda transaction: transaction.put_fact("name", "one"))
    await store.submit(lambda transaction: transaction.put_fact("name", "two"))
    assert await store.submit(lambda transaction: transaction.fact("name")) == "two"
    await store.submit(lambda transaction: transaction.put_fact("name", None))
    assert await store.submit(lambda transaction: transaction.fact("name")) is None
