"""Reconcile: what a vendor has charged beside what we have settled, since they were first compared; the drift."""

from datetime import tzinfo

import msgspec

from bursar.contract.events import BalanceCompared, BalanceView, Publish
from bursar.domain.account import Account
from bursar.domain.clock import Clock
from bursar.domain.wallet import VendorBalance
from bursar.ledger.changes import standing_now
from bursar.ledger.now import Calendar
from bursar.storage.store import Store, Transaction


class Baseline(msgspec.Struct, frozen=True):
    """Both sides as they were at the first comparison; kept as long as the vendor is asked in the same way."""

    at_ms: int
    way: str
    used: int | None
    remaining: int | None
    settled: int
    granted: int


class Reconciler:
    """Compares wallets with what their vendors say. Raises StoreUnavailable throughout."""

    def __init__(self, store: Store, clock: Clock, publish: Publish, zone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._publish = publish
        self._calendar = Calendar(zone)
        self._last: dict[str, BalanceView] = {}

    def last(self, wallet: Account) -> BalanceView | None:
        """What the vendor said last in this run."""
        return self._last.get(wallet.id)

    async def baseline(self, wallet: Account) -> Baseline | None:
        """Both sides at the first comparison, if there was one."""
        return await self._store.submit(lambda transaction: _baseline(transaction, wallet))

    async def compare(self, wallet: Account, found: VendorBalance, alarm_nano: int) -> BalanceView:
        """Compare, and announce. The alarm is raised where the drift cannot come from calls that still run.

        Where the vendor says what was used, that is compared. Where it says only what is left, what
        was paid in here since counts as paid in there.
        """
        now = self._calendar.at(self._clock.now_ms())

        def change(transaction: Transaction) -> BalanceView:
            standing = standing_now(transaction, wallet, now)
            base = _baseline(transaction, wallet)
            if base is None or base.way != found.way:
                base = Baseline(now.at_ms, found.way, found.used, found.remaining, standing.settled, standing.granted)
                transaction.put_fact(_fact(wallet), msgspec.json.encode(base).decode())
            charged = charged_since(base, found, standing.granted)
            drift = None if charged is None else charged - (standing.settled - base.settled)
            alarm = drift is not None and (drift - standing.held > alarm_nano or -drift > alarm_nano)
            return BalanceView(wallet.id, now.at_ms, found.remaining, found.used, drift, alarm, found.way)

        return self._announce(await self._store.submit(change))

    def note_failure(self, wallet: Account, problem: str) -> BalanceView:
        """Say why the vendor does not tell; what it said last stays."""
        last = self._last.get(wallet.id) or BalanceView(wallet.id, self._clock.now_ms())
        return self._announce(msgspec.structs.replace(last, problem=problem))

    def _announce(self, view: BalanceView) -> BalanceView:
        self._last[view.account_id] = view
        self._publish(BalanceCompared(self._clock.now_ms(), view))
        return view


def charged_since(base: Baseline, found: VendorBalance, granted: int) -> int | None:
    """What a vendor has charged since the baseline, in nano-dollars; None where it does not say enough."""
    if base.used is not None and found.used is not None:
        return found.used - base.used
    if base.remaining is not None and found.remaining is not None:
        return base.remaining + granted - base.granted - found.remaining
    return None


def _baseline(transaction: Transaction, wallet: Account) -> Baseline | None:
    text = transaction.fact(_fact(wallet))
    return None if text is None else msgspec.json.decode(text, type=Baseline)


def _fact(wallet: Account) -> str:
    return f"balance:{wallet.id}"
