"""Ledger: holds before, settles after, exactly once; announces what is on disk and nothing else."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from functools import partial
from types import TracebackType

from bursar.contract.events import AttemptSettled, DoubtResolved, HoldInDoubt, Publish, StandingsChanged
from bursar.domain.account import Account, Demand, PlanEnded, Share, Shortfall, Standing, Unit
from bursar.domain.clock import Clock
from bursar.domain.exchange import UsageRecord
from bursar.domain.hold import EntryKind, Hold, HoldEnded, HoldState
from bursar.domain.refusals import LedgerUnavailable, Refusal
from bursar.domain.route import Route
from bursar.ledger.changes import Placed, end, place, standing_now
from bursar.ledger.doubts import settles_ms
from bursar.ledger.ends import Ends
from bursar.ledger.grants import told
from bursar.ledger.now import Calendar, Now
from bursar.ledger.shortfall import over_budget, plan_ended
from bursar.storage.store import Store, StoreUnavailable, Transaction

PATIENCE_S = 5.0
"""How long the end of the process waits for a disk that takes nothing."""


class Held:
    """The block `async with ledger.hold(…) as held`: what one attempt has set aside, until its one end.

    Entering it holds every demand, or raises OverBudget or LedgerUnavailable. Leaving it, however
    that comes about, hands over the end: what `settle` or `release` said last, or a release where
    neither was called. Changes happen in the order in which they are handed over, and nothing is
    awaited on the way out: so no cancellation, not even of the placing itself, can leave it open.
    """

    def __init__(self, ledger: "Ledger", exchange_id: str, route: Route, demands: Sequence[Demand]) -> None:
        self._ledger = ledger
        self._demands = demands
        self._accounts: dict[str, Account] = {}
        self._amounts: dict[str, int] = {}
        self._ended = False
        self.exchange_id = exchange_id
        self.route = route
        self.holds: list[Hold] = []
        """All that were placed, the first first; also one whose placing nobody waits for any more."""
        self.standings: dict[str, Standing] = {}
        """How the accounts that were asked stood after the last hold, by id."""
        self.used: Sequence[Demand] | None = None
        self.record: UsageRecord | None = None

    async def __aenter__(self) -> "Held":
        try:
            await self._ledger.place(self, self._demands)
        except Refusal:
            raise
        except BaseException:
            self.end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    async def grow(self, demands: Sequence[Demand]) -> None:
        """Hold more, for the same attempt. Raises OverBudget or LedgerUnavailable, and then holds what it held."""
        await self._ledger.place(self, demands)

    def take(self, placed: Placed) -> None:
        """What was placed for it is on disk."""
        amounts = self._amounts
        for account_id, _, amount in placed.hold.shares:
            amounts[account_id] = amounts.get(account_id, 0) + amount
        self._accounts.update(placed.accounts)
        self.standings.update(placed.standings)

    def settle(self, used: Sequence[Demand], record: UsageRecord) -> None:
        """Decide that so much was used, more or less than is held; recorded when the block ends. The last word wins."""
        self.used, self.record = used, record

    def release(self, record: UsageRecord | None = None) -> None:
        """Decide that nothing was used; `record` is kept all the same."""
        self.used, self.record = None, record

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts that were asked."""
        return tuple(self._accounts.values())

    def amount(self, account_id: str) -> int:
        """What is held on one account, in its unit."""
        return self._amounts.get(account_id, 0)

    @property
    def nano(self) -> int:
        """The largest amount held on an account in dollars, in nano-dollars."""
        largest = 0
        for account_id, amount in self._amounts.items():
            if amount > largest and self._accounts[account_id].unit is Unit.NANO_DOLLARS:
                largest = amount
        return largest

    def end(self) -> None:
        """What leaving the block does, for who cannot be one: hand over the end, once."""
        if not self._ended:
            self._ended = True
            self._ledger.end(self)


class _Undone(Exception):
    """Ends a change that was only tried, so that it has done nothing."""

    def __init__(self, placed: Placed) -> None:
        super().__init__()
        self.placed = placed


class Ledger:
    """All accounts of one store. Made once; what the configuration says of an account comes with each demand."""

    def __init__(self, store: Store, clock: Clock, publish: Publish, zone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._publish = publish
        self._calendar = Calendar(zone)
        self._ends = Ends(store)
        self._open: set[Held] = set()
        store.announce_to(self._announce_standings)

    def hold(self, exchange_id: str, route: Route, demands: Sequence[Demand]) -> Held:
        """A block that holds every demand, of all accounts or of none, while an attempt is made at a route."""
        return Held(self, exchange_id, route, demands)

    @property
    def open_holds(self) -> int:
        """How many attempts hold something now."""
        return len(self._open)

    def note(self, record: UsageRecord) -> None:
        """Keep the record of an attempt that never held anything. Not tried again: no money depends on it."""
        future = self._store.submit(lambda transaction: transaction.add_record(record))
        future.add_done_callback(lambda noted: noted.exception())

    async def standings(self, accounts: Iterable[Account]) -> dict[str, Standing]:
        """How accounts stand now, by id; one that no call has asked yet as if its cycle had been opened.

        Raises StoreUnavailable.
        """
        now, asked = self._now(), tuple(accounts)

        def look(transaction: Transaction) -> dict[str, Standing]:
            return {account.id: standing_now(transaction, account, now) for account in asked}

        try:
            return await self._store.submit(look)
        except StoreUnavailable:
            # It had seen something that could not be kept and is no longer there.
            return await self._store.submit(look)

    async def standings_now(self, accounts: Iterable[Account]) -> StandingsChanged:
        """The same, ready to be announced after a change of the configuration."""
        standings = await self.standings(accounts)
        return StandingsChanged(self._clock.now_ms(), tuple(standings.values()))

    async def recover(self) -> None:
        """Doubt every hold that an earlier run left open, and announce all that are in doubt.

        What held nothing leaves nothing to be in doubt about, and is released. Raises StoreUnavailable.
        """
        for hold, ends_ms in await self._store.submit(partial(_doubt_open, now=self._now())):
            self._publish(
                HoldInDoubt(
                    self._clock.now_ms(),
                    hold.id,
                    hold.exchange_id,
                    hold.upstream,
                    hold.model,
                    hold.placed_ms,
                    tuple((share.account_id, share.amount) for share in hold.shares),
                    ends_ms,
                )
            )

    async def resolve(self, hold_id: int, used: Sequence[Demand] | None) -> None:
        """End a hold in doubt, by what is known now: what was used, or None for nothing.

        It is written as a correction, since no record of what was used exists. Raises HoldEnded for
        a hold that is not in doubt, StoreUnavailable.
        """
        now = self._now()

        def change(transaction: Transaction) -> None:
            hold = transaction.hold(hold_id)
            if hold is None or hold.state is not HoldState.IN_DOUBT:
                raise HoldEnded(f"hold {hold_id} is not in doubt")
            end(transaction, (hold,), used, now, EntryKind.CORRECT)

        await self._store.submit(change)
        self._publish(DoubtResolved(now.at_ms, hold_id))

    async def drain(self, patience_s: float = PATIENCE_S) -> int:
        """Wait until every end is on disk, at most so long; returns how many are not: the next run doubts them."""
        return await self._ends.drain(patience_s)

    # --- for Held -------------------------------------------------------------------------------

    async def would_place(self, exchange_id: str, route: Route, demands: Sequence[Demand]) -> Placed:
        """What placing a hold would come to; undone before anybody can see it. Raises as entering a block does."""
        now = self._now()

        def change(transaction: Transaction) -> None:
            raise _Undone(place(transaction, exchange_id, route, demands, now))

        try:
            await self._store.submit(change)
        except _Undone as undone:
            return undone.placed
        except Shortfall as shortfall:
            raise over_budget(shortfall, now.at_ms, self._calendar.zone) from None
        except PlanEnded as ended:
            raise plan_ended(ended.account, now.at_ms, self._calendar.zone) from None
        except StoreUnavailable as error:
            raise LedgerUnavailable(f"No budget can be looked at: {error.reason}.") from None
        raise AssertionError("a change that raises has an exception for an answer")

    async def place(self, held: Held, demands: Sequence[Demand]) -> None:
        """Place a hold for a block. Raises OverBudget or LedgerUnavailable."""
        now = self._now()

        def change(transaction: Transaction) -> Placed:
            placed = place(transaction, held.exchange_id, held.route, demands, now)
            # At once, for whoever waits for it may leave; one that cannot be kept has no end either.
            held.holds.append(placed.hold)
            return placed

        try:
            placed = await self._store.submit(change)
        except Shortfall as shortfall:
            raise over_budget(shortfall, now.at_ms, self._calendar.zone) from None
        except PlanEnded as ended:
            raise plan_ended(ended.account, now.at_ms, self._calendar.zone) from None
        except StoreUnavailable as error:
            raise LedgerUnavailable(f"Nothing was sent, because no budget can be held: {error.reason}.") from None
        self._open.add(held)
        held.take(placed)
        for grant in placed.grants:
            self._publish(told(grant, now.at_ms))

    def end(self, held: Held) -> None:
        """Hand over the end of a block."""
        now = self._now()

        def change(transaction: Transaction) -> tuple[Share, ...]:
            # A placing that nobody waited for may have failed; of what was placed, nothing ends twice.
            holds = [hold for hold in held.holds if transaction.hold(hold.id) is not None]
            if not holds:
                raise HoldEnded(f"exchange {held.exchange_id} holds nothing")
            paid = end(transaction, holds, held.used, now)
            if held.record is not None:
                transaction.add_record(held.record, paid)
            return paid

        def then(paid: tuple[Share, ...] | None) -> None:
            self._open.discard(held)
            if paid is not None and held.used is not None and held.record is not None:
                self._publish(_settled(held.record, paid, now.at_ms))

        self._ends.hand_over(change, then)

    def _announce_standings(self, standings: tuple[Standing, ...]) -> None:
        self._publish(StandingsChanged(self._clock.now_ms(), standings))

    def _now(self) -> Now:
        return self._calendar.at(self._clock.now_ms())


def _doubt_open(transaction: Transaction, now: Now) -> list[tuple[Hold, int | None]]:
    """Doubt or release all open holds; returns those in doubt, each with when it settles by itself."""
    for hold in transaction.open_holds():
        if hold.state is HoldState.OPEN:
            if hold.shares:
                transaction.end_hold(hold.id, HoldState.IN_DOUBT)
            else:
                end(transaction, (hold,), None, now)
    return [(hold, settles_ms(transaction, hold)) for hold in transaction.open_holds()]


def _settled(record: UsageRecord, paid: tuple[Share, ...], at_ms: int) -> AttemptSettled:
    return AttemptSettled(
        at_ms=at_ms,
        exchange_id=record.exchange_id,
        upstream=record.upstream,
        model=record.model,
        usage=record.usage,
        quality=record.quality,
        cost_nano=record.cost_nano,
        priced=record.price is not None,
        paid_by=tuple(dict(paid)),
        first_ms=record.first_ms,
        key=record.key,
    )
