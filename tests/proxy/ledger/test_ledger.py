"""The ledger's blocks: what they hold, how they end, and what is announced of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import pytest
from fakes.samples import DAY_MS, NOON_MS, ROUTE, asks, cap, record

from bursar.contract.events import AttemptSettled, DoubtResolved, Event, HoldInDoubt, StandingsChanged
from bursar.domain.account import Standing, Unit
from bursar.domain.clock import FixedClock
from bursar.domain.cycle import Cycle, Every
from bursar.domain.hold import HoldEnded
from bursar.domain.refusals import LedgerUnavailable, OverBudget
from bursar.ledger.audit import audit
from bursar.ledger.ledger import Ledger
from bursar.storage.memory import MemoryStore
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import Store, StoreUnavailable

TODAY = Cycle(NOON_MS - DAY_MS // 2, NOON_MS + DAY_MS // 2)
LAPTOP = cap("laptop", 1000)
EVERYTHING = cap("everything", 5000, Every.MONTH)
REQUESTS = cap("requests", 3, Every.HOUR, Unit.REQUESTS)


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "ledger.sqlite3")
    yield store
    await store.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON_MS)


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def ledger(store: Store, clock: FixedClock, events: list[Event]) -> AsyncIterator[Ledger]:
    ledger = Ledger(store, clock, events.append, UTC)
    yield ledger
    assert await ledger.drain() == 0
    assert await store.read(audit) == ()


async def test_a_block_holds_then_settles_and_announces_both(ledger: Ledger, events: list[Event]) -> None:
    kept = record("x1", cost_nano=250)
    async with ledger.hold("x1", ROUTE, asks(400, LAPTOP, EVERYTHING)) as held:
        assert ledger.open_holds == 1
        assert (held.amount("cap:laptop"), held.amount("cap:none"), held.nano) == (400, 0, 400)
        assert held.accounts == (LAPTOP, EVERYTHING)
        assert held.standings["cap:laptop"] == Standing("cap:laptop", TODAY, 1000, 1000, 400, 0)
        assert events == [StandingsChanged(NOON_MS, tuple(held.standings.values()))]
        held.settle(asks(250, LAPTOP, EVERYTHING), kept)
    await ledger.drain()
    assert ledger.open_holds == 0
    [_, changed, settled] = events
    assert isinstance(changed, StandingsChanged)
    assert [(each.account_id, each.held, each.settled) for each in changed.standings] == [
        ("cap:laptop", 0, 250),
        ("cap:everything", 0, 250),
    ]
    assert isinstance(settled, AttemptSettled)
    assert (settled.exchange_id, settled.upstream, settled.model) == ("x1", "main", "small-model")
    assert (settled.at_ms, settled.usage, settled.quality) == (NOON_MS, kept.usage, kept.quality)
    assert (settled.cost_nano, settled.priced, settled.first_ms) == (250, True, 420)
    assert settled.paid_by == ("cap:laptop", "cap:everything")


async def test_a_block_that_says_nothing_is_released(ledger: Ledger, store: Store, events: list[Event]) -> None:
    async with ledger.hold("x1", ROUTE, asks(400, LAPTOP)):
        pass
    await ledger.drain()
    assert (await ledger.standings([LAPTOP]))["cap:laptop"].available == 1000
    assert [type(event) for event in events] == [StandingsChanged, StandingsChanged]
    assert await store.read(lambda reader: reader.history(None, 1)) == []


async def test_a_release_may_leave_a_record(ledger: Ledger, store: Store, events: list[Event]) -> None:
    async with ledger.hold("x1", ROUTE, asks(400, LAPTOP)) as held:
        held.release(record("x1", status=429))
    await ledger.drain()
    [(_, row)] = await store.read(lambda reader: reader.history(None, 2))
    assert (row.status, row.paid_by) == (429, ())
    assert not any(isinstance(event, AttemptSettled) for event in events)


async def test_the_last_word_wins(ledger: Ledger) -> None:
    async with ledger.hold("x1", ROUTE, asks(400, LAPTOP)) as held:
        held.settle(asks(1, LAPTOP), record(cost_nano=1))
        held.release()
        held.settle(asks(300, LAPTOP), record(cost_nano=300))
    await ledger.drain()
    assert (await ledger.standings([LAPTOP]))["cap:laptop"].settled == 300


async def test_a_block_left_by_an_error_ends_as_it_was_told(ledger: Ledger) -> None:
    async def call() -> None:
        async with ledger.hold("x1", ROUTE, asks(400, LAPTOP)) as held:
            held.settle(asks(300, LAPTOP), record(cost_nano=300))
            raise LookupError

    with pytest.raises(LookupError):
        await call()
    await ledger.drain()
    assert (await ledger.standings([LAPTOP]))["cap:laptop"].settled == 300


async def test_what_cannot_be_borne_holds_nothing_and_writes_nothing(
    ledger: Ledger, store: Store, events: list[Event]
) -> None:
    with pytest.raises(OverBudget):
        async with ledger.hold("x1", ROUTE, asks(1001, EVERYTHING, LAPTOP)):
            raise AssertionError("never entered")
    assert ledger.open_holds == 0
    assert events == []
    assert await store.read(lambda reader: reader.entries()) == []


async def test_growing_holds_more_of_the_same_attempt(ledger: Ledger) -> None:
    async with ledger.hold("x1", ROUTE, asks(400, LAPTOP)) as held:
        await held.grow(asks(300, LAPTOP))
        with pytest.raises(OverBudget):
            await held.grow(asks(301, LAPTOP))
        assert (held.amount("cap:laptop"), held.nano) == (700, 700)
        assert held.standings["cap:laptop"].available == 300
        held.settle(asks(650, LAPTOP), record(cost_nano=650))
    await ledger.drain()
    standing = (await ledger.standings([LAPTOP]))["cap:laptop"]
    assert (standing.held, standing.settled) == (0, 650)


async def test_a_block_without_any_account_still_records(ledger: Ledger, store: Store, events: list[Event]) -> None:
    async with ledger.hold("x1", ROUTE, ()) as held:
        assert (held.accounts, held.standings, held.nano) == ((), {}, 0)
        held.settle((), record("x1", price=None))
    await ledger.drain()
    assert len(await store.read(lambda reader: reader.history(None, 2))) == 1
    assert isinstance(events[-1], AttemptSettled)
    assert not events[-1].priced


async def test_accounts_of_other_units_do_not_count_as_dollars(ledger: Ledger) -> None:
    async with ledger.hold("x1", ROUTE, (*asks(1, REQUESTS), *asks(7, LAPTOP))) as held:
        assert held.nano == 7


async def test_a_hundred_at_once_on_a_cap_for_ten(ledger: Ledger, store: Store) -> None:
    answers: list[bool] = []
    entered = asyncio.Event()

    async def call(number: int) -> None:
        try:
            async with ledger.hold(f"x{number}", ROUTE, asks(100, LAPTOP)) as held:
                answers.append(True)
                await entered.wait()
                held.settle(asks(100, LAPTOP), record(f"x{number}", cost_nano=100))
        except OverBudget:
            answers.append(False)
        if len(answers) == 100:
            entered.set()

    async with asyncio.TaskGroup() as calls:
        for number in range(100):
            calls.create_task(call(number))
    assert answers.count(True) == 10
    await ledger.drain()
    assert (await ledger.standings([LAPTOP]))["cap:laptop"].settled == 1000
    assert len(await store.read(lambda reader: reader.history(None, 200))) == 10


async def test_two_at_once_for_what_only_one_can_have(ledger: Ledger) -> None:
    both = asks(600, LAPTOP, EVERYTHING), asks(600, EVERYTHING, LAPTOP)

    async def call(number: int) -> bool:
        try:
            async with ledger.hold(f"x{number}", ROUTE, both[number]):
                await asyncio.sleep(0)
                return True
        except OverBudget:
            return False

    assert sorted(await asyncio.gather(call(0), call(1))) == [False, True]


async def test_accounts_stand_as_if_their_cycles_were_open(ledger: Ledger, clock: FixedClock, store: Store) -> None:
    standings = await ledger.standings([LAPTOP, EVERYTHING, LAPTOP])
    assert standings["cap:laptop"] == Standing("cap:laptop", TODAY, 1000, 1000)
    assert set(standings) == {"cap:laptop", "cap:everything"}
    async with ledger.hold("x1", ROUTE, asks(400, LAPTOP)) as held:
        held.settle(asks(400, LAPTOP), record(cost_nano=400))
    await ledger.drain()
    clock.turn(DAY_MS)
    [tomorrow] = (await ledger.standings_now([LAPTOP])).standings
    assert (tomorrow.cycle.start_ms, tomorrow.available) == (TODAY.end_ms, 1000)
    assert len(await store.read(lambda reader: reader.standings())) == 1


async def test_a_settlement_of_yesterday_is_not_announced_as_how_things_stand_today(
    ledger: Ledger, clock: FixedClock, events: list[Event]
) -> None:
    async with ledger.hold("x1", ROUTE, asks(400, LAPTOP)) as held:
        clock.turn(DAY_MS)
        async with ledger.hold("x2", ROUTE, asks(10, LAPTOP)):
            held.settle(asks(400, LAPTOP), record(cost_nano=400))
    await ledger.drain()
    shown = [standing for event in events if isinstance(event, StandingsChanged) for standing in event.standings]
    assert [(each.cycle == TODAY, each.held) for each in shown] == [(True, 400), (False, 10), (False, 0)]


async def test_a_note_is_a_record_without_a_hold(ledger: Ledger, store: Store, events: list[Event]) -> None:
    ledger.note(record("x1", status=402, refusal="budget_exceeded"))
    assert len(await ledger.standings([LAPTOP])) == 1
    [(_, row)] = await store.read(lambda reader: reader.history(None, 2))
    assert row.refusal == "budget_exceeded"
    assert events == []


async def test_what_a_dead_run_held_is_in_doubt_until_it_is_resolved(
    ledger: Ledger, store: Store, clock: FixedClock
) -> None:
    dead = Ledger(store, clock, lambda event: None, UTC)
    left = [
        await dead.hold(f"x{n}", ROUTE, (*asks(100 + n, LAPTOP), *asks(1, REQUESTS))).__aenter__() for n in range(3)
    ]
    await dead.hold("nothing", ROUTE, ()).__aenter__()
    events: list[Event] = []
    ledger = Ledger(store, clock, events.append, UTC)
    await ledger.recover()
    doubts = [event for event in events if isinstance(event, HoldInDoubt)]
    assert [(each.exchange_id, each.shares) for each in doubts] == [
        (f"x{n}", (("cap:laptop", 100 + n), ("cap:requests", 1))) for n in range(3)
    ]
    assert [each.hold_id for each in doubts] == [held.holds[0].id for held in left]
    assert all(each.settles_ms is not None and each.settles_ms > each.placed_ms for each in doubts)
    assert (await ledger.standings([LAPTOP]))["cap:laptop"].held == 303
    events.clear()

    await ledger.resolve(doubts[0].hold_id, None)
    await ledger.resolve(doubts[1].hold_id, (*asks(400, LAPTOP), *asks(1, REQUESTS)))
    assert [type(event) for event in events] == [StandingsChanged, DoubtResolved] * 2
    with pytest.raises(HoldEnded):
        await ledger.resolve(doubts[0].hold_id, None)
    standings = await ledger.standings([LAPTOP, REQUESTS])
    assert (standings["cap:laptop"].held, standings["cap:laptop"].settled) == (102, 400)
    assert (standings["cap:requests"].held, standings["cap:requests"].settled) == (1, 1)

    events.clear()
    await Ledger(store, clock, events.append, UTC).recover()
    assert [event.hold_id for event in events if isinstance(event, HoldInDoubt)] == [doubts[2].hold_id]


async def test_an_open_hold_cannot_be_resolved_from_outside(ledger: Ledger) -> None:
    async with ledger.hold("x1", ROUTE, asks(400, LAPTOP)) as held:
        with pytest.raises(HoldEnded):
            await ledger.resolve(held.holds[0].id, None)


async def test_a_ledger_without_a_store_refuses(clock: FixedClock) -> None:
    store = MemoryStore()
    ledger = Ledger(store, clock, lambda event: None, UTC)
    await store.close()
    with pytest.raises(LedgerUnavailable, match="Nothing was sent"):
        async with ledger.hold("x1", ROUTE, asks(1, LAPTOP)):
            raise AssertionError("never entered")
    with pytest.raises(StoreUnavailable):
        await ledger.standings([LAPTOP])
    ledger.note(record())
    assert ledger.open_holds == 0
    assert await ledger.drain() == 0
