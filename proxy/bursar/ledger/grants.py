"""Grants: top-ups, raises that end by themselves, resets and corrections; each is a line of the ledger and noted."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import tzinfo

from bursar.contract.events import Granted, GrantEnded, Publish
from bursar.domain.account import Account, AccountKind, Standing, opened
from bursar.domain.clock import Clock
from bursar.domain.grant import Grant, GrantKind
from bursar.domain.hold import Entry, EntryKind
from bursar.ledger.changes import put, renew, standing_now
from bursar.ledger.now import Calendar, Now
from bursar.storage.store import Store, Transaction

Given = tuple[Grant, Standing]


class NoSuchGrant(LookupError):
    """There is no open grant of this number."""


class Grants:
    """Everything that is granted beside the configuration. Raises StoreUnavailable throughout.

    `note` and `by` say why and who, and are kept for ever.
    """

    def __init__(self, store: Store, clock: Clock, publish: Publish, zone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._publish = publish
        self._calendar = Calendar(zone)

    async def top_up(self, wallet: Account, amount: int, *, note: str = "", by: str = "") -> Given:
        """Pay into a wallet; `amount` in nano-dollars."""
        return await self._give(wallet, GrantKind.TOP_UP, lambda standing: amount, note, by)

    async def raise_for(self, cap: Account, amount: int, until_ms: int, *, note: str = "", by: str = "") -> Given:
        """Raise a cap by an amount in its unit, until an instant; it then ends by itself."""
        return await self._give(cap, GrantKind.RAISE, lambda standing: amount, note, by, until_ms)

    async def reset(self, plan: Account, *, note: str = "", by: str = "") -> Given:
        """Grant the whole quota anew, for the rest of the cycle; what was used stays on the record."""
        return await self._give(
            plan, GrantKind.RESET, lambda standing: standing.limit + standing.settled - standing.granted, note, by
        )

    async def correct(self, account: Account, balance: int, *, note: str = "", by: str = "") -> Given:
        """Make what is granted less what is settled be `balance`: something was charged that we did not see."""
        now = self._now()

        def change(transaction: Transaction) -> tuple[list[Grant], Grant, Standing]:
            standing, lapsed = renew(transaction, account, now)
            missed = standing.granted - standing.settled - balance
            standing = standing.settling(0, missed)
            put(transaction, standing, now)
            start_ms = standing.cycle.start_ms
            transaction.add_entry(Entry(EntryKind.CORRECT, account.id, start_ms, missed, now.at_ms))
            noted = Grant(0, GrantKind.CORRECTION, account.id, start_ms, -missed, now.at_ms, note, by)
            return lapsed, transaction.add_grant(noted), standing

        return self._announce(*await self._store.submit(change), now)

    async def undo(self, grant_id: int) -> Grant:
        """End a raise before its time. Raises NoSuchGrant for one that has ended, or is no raise."""
        now = self._now()

        def change(transaction: Transaction) -> Grant:
            grant = next((each for each in transaction.open_grants() if each.id == grant_id), None)
            if grant is None or grant.has_lapsed(now.at_ms):
                raise NoSuchGrant(f"raise {grant_id} has ended, or there is none of this number")
            standing = transaction.standing(grant.account_id)
            if standing is not None and standing.cycle.start_ms == grant.cycle_start_ms:
                standing = standing.adding(-grant.amount)
                put(transaction, standing, now)
            ended = replace(grant, ended_ms=now.at_ms, undone=True)
            transaction.put_grant(ended)
            return ended

        grant = await self._store.submit(change)
        self._publish(GrantEnded(now.at_ms, grant))
        return grant

    async def lapse(self, accounts: Iterable[Account]) -> None:
        """See to every raise whose end has come, also where no call asks the account."""
        now, known = self._now(), {account.id: account for account in accounts}

        def change(transaction: Transaction) -> list[Grant]:
            due = {grant.account_id for grant in transaction.open_grants() if grant.has_lapsed(now.at_ms)}
            return [grant for each in sorted(due & known.keys()) for grant in renew(transaction, known[each], now)[1]]

        for grant in await self._store.submit(change):
            self._publish(GrantEnded(now.at_ms, grant))

    async def adopt(self, accounts: Iterable[Account]) -> None:
        """Take up what the configuration says of plans, at once: a larger quota counts from this instant on.

        Where the plan was not used since its last cycle, the present one begins with the old quota.
        """
        now, plans = self._now(), [account for account in accounts if account.kind is AccountKind.PLAN]

        def change(transaction: Transaction) -> None:
            for plan in plans:
                latest = transaction.standing(plan.id)
                if latest is None or plan.limit <= latest.limit:
                    continue
                standing = standing_now(transaction, plan, now)
                if standing.cycle.start_ms != latest.cycle.start_ms:
                    if plan.anchor is not None and plan.anchor.is_first_use:
                        continue
                    before = opened(replace(plan, limit=latest.limit), standing.cycle)
                    put(transaction, before, now)
                    standing = before.regranted(plan, now.at_ms)
                put(transaction, standing, now)

        await self._store.submit(change)

    async def restore(self) -> None:
        """Announce the raises that an earlier run has made and that go on."""
        now = self._now()
        for grant in await self._store.submit(lambda transaction: transaction.open_grants()):
            self._publish(Granted(now.at_ms, grant))

    async def all(self, account_id: str | None = None) -> tuple[Grant, ...]:
        """All grants ever made, the latest first, of one account or of all."""
        grants = await self._store.read(lambda reader: reader.grants())
        return tuple(grant for grant in reversed(grants) if account_id in (None, grant.account_id))

    async def _give(
        self,
        account: Account,
        kind: GrantKind,
        amount_of: Callable[[Standing], int],
        note: str,
        by: str,
        until_ms: int | None = None,
    ) -> Given:
        now = self._now()

        def change(transaction: Transaction) -> tuple[list[Grant], Grant, Standing]:
            standing, lapsed = renew(transaction, account, now)
            amount, start_ms = amount_of(standing), standing.cycle.start_ms
            standing = standing.adding(amount)
            put(transaction, standing, now)
            noted = Grant(0, kind, account.id, start_ms, amount, now.at_ms, note, by, until_ms)
            return lapsed, transaction.add_grant(noted), standing

        return self._announce(*await self._store.submit(change), now)

    def _announce(self, lapsed: list[Grant], grant: Grant, standing: Standing, now: Now) -> Given:
        for each in lapsed:
            self._publish(GrantEnded(now.at_ms, each))
        self._publish(Granted(now.at_ms, grant))
        return grant, standing

    def _now(self) -> Now:
        return self._calendar.at(self._clock.now_ms())


def told(grant: Grant, at_ms: int) -> Granted | GrantEnded:
    """The event that says what became of a grant."""
    return Granted(at_ms, grant) if grant.ended_ms is None else GrantEnded(at_ms, grant)
