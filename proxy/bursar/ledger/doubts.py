"""Doubts: holds whose process died. Each is settled or released by somebody who knows, or settled whole, as an
estimate, once its cycles are over; never silently."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial

from bursar.contract.events import DoubtResolved, Publish
from bursar.domain.account import Account, AccountKind, Need, Share, Unit
from bursar.domain.clock import Clock
from bursar.domain.cycle import Every
from bursar.domain.exchange import Outcome, UsageRecord
from bursar.domain.hold import EntryKind, Hold, HoldEnded, HoldState
from bursar.domain.usage import Quality, Usage
from bursar.ledger.changes import end
from bursar.ledger.now import Calendar, Now
from bursar.storage.store import Store, Transaction

Paid = tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A hold in doubt, and the instant at which it will be settled whole: None where no cycle of its ends."""

    hold: Hold
    settles_ms: int | None


class Doubts:
    """The holds in doubt. Raises StoreUnavailable throughout, and HoldEnded for a hold that is not in doubt."""

    def __init__(self, store: Store, clock: Clock, publish: Publish, zone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._publish = publish
        self._calendar = Calendar(zone)

    async def all(self) -> tuple[Doubt, ...]:
        """All of them, in the order in which they were placed."""
        return await self._store.submit(_doubts)

    async def settle(self, hold_id: int, accounts: Iterable[Account], share: tuple[int, int] = (1, 1)) -> Paid:
        """Settle a hold: whole, or the share (a fraction) of it that is known to have been used; what each paid."""
        return await self._resolve(hold_id, share, accounts, ("in_doubt",))

    async def release(self, hold_id: int) -> Paid:
        """Release a hold: nothing was used."""
        return await self._resolve(hold_id, None, (), ())

    async def settle_overdue(self, accounts: Iterable[Account]) -> list[Hold]:
        """Settle whole, marked as an estimate, every hold whose cycles are all over; returns them."""
        known, now_ms, settled = tuple(accounts), self._clock.now_ms(), []
        for doubt in await self.all():
            if doubt.settles_ms is not None and doubt.settles_ms <= now_ms:
                await self._resolve(doubt.hold.id, (1, 1), known, ("in_doubt", "cycle_over"))
                settled.append(doubt.hold)
        return settled

    async def _resolve(
        self, hold_id: int, share: tuple[int, int] | None, accounts: Iterable[Account], notes: tuple[str, ...]
    ) -> Paid:
        now = self._calendar.at(self._clock.now_ms())
        known = {account.id: account for account in accounts}
        paid = await self._store.submit(
            partial(_resolve_one, hold_id=hold_id, share=share, accounts=known, now=now, notes=notes)
        )
        self._publish(DoubtResolved(now.at_ms, hold_id, share is not None, "cycle_over" in notes))
        return paid


def _doubts(transaction: Transaction) -> tuple[Doubt, ...]:
    return tuple(
        Doubt(hold, settles_ms(transaction, hold))
        for hold in transaction.open_holds()
        if hold.state is HoldState.IN_DOUBT
    )


def settles_ms(transaction: Transaction, hold: Hold) -> int | None:
    """When a hold in doubt is settled whole; None for never.

    At the end of the last of its cycles that ends: until then it may keep a call from being made twice.
    """
    standings = (transaction.standing_in(share.account_id, share.cycle_start_ms) for share in hold.shares)
    ends = [each.cycle.end_ms for each in standings if each is not None and each.cycle.end_ms is not None]
    return max(ends, default=None)


def _resolve_one(
    transaction: Transaction,
    hold_id: int,
    share: tuple[int, int] | None,
    accounts: Mapping[str, Account],
    now: Now,
    notes: tuple[str, ...],
) -> Paid:
    hold = transaction.hold(hold_id)
    if hold is None or hold.state is not HoldState.IN_DOUBT:
        raise HoldEnded(f"hold {hold_id} is not in doubt")
    if share is None:
        return end(transaction, (hold,), None, now, EntryKind.CORRECT)
    used = demands_of(hold, share, accounts)
    paid = end(transaction, (hold,), used, now, EntryKind.CORRECT)
    cost_nano = max((need.amount for (need,) in used if need.account.unit is Unit.NANO_DOLLARS), default=0)
    transaction.add_record(_record(hold, cost_nano, now, notes), paid)
    return paid


def demands_of(hold: Hold, share: tuple[int, int], accounts: Mapping[str, Account]) -> list[tuple[Need]]:
    """A share of what a hold holds, rounded up, of each of its accounts on its own."""
    part, whole = share
    return [
        (Need(accounts.get(each.account_id) or _unknown(each.account_id), -(-each.amount * part // whole)),)
        for each in hold.shares
    ]


def _unknown(account_id: str) -> Account:
    """An account that the configuration has no longer: what it holds is settled all the same."""
    return Account(account_id, AccountKind.CAP, account_id.partition(":")[2], Unit.REQUESTS, Every.TOTAL, 0)


def _record(hold: Hold, cost_nano: int, now: Now, notes: tuple[str, ...]) -> UsageRecord:
    """What is known of a call whose process died: that it was made, and the most that it may have cost."""
    return UsageRecord(
        exchange_id=hold.exchange_id,
        attempt=1,
        at_ms=now.at_ms,
        key="",
        project="",
        client="",
        alias="",
        upstream=hold.upstream,
        model=hold.model,
        status=0,
        outcome=Outcome.FAILED,
        usage=Usage(requests=1),
        quality=Quality.ESTIMATED,
        prompt_counted=0,
        completion_counted=0,
        price=None,
        cost_nano=cost_nano,
        first_ms=None,
        total_ms=max(0, now.at_ms - hold.placed_ms),
        stream=False,
        notes=notes,
    )
