"""Treasury: everything that is done with accounts beside calls, and what happens to them by the clock alone."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from bursar.assembly import Assembly
from bursar.contract.events import BalanceView
from bursar.domain.account import Account, AccountKind, Share
from bursar.domain.clock import Clock
from bursar.domain.refusals import BadRequest, Refusal, UnknownAccount
from bursar.ledger.doubts import Doubts
from bursar.ledger.grants import Grants
from bursar.ledger.ledger import Ledger
from bursar.ledger.reconcile import Reconciler
from bursar.storage.store import StoreUnavailable
from bursar.upstreams.ask_balance import ask_balance
from bursar.upstreams.openai_compatible import OpenAiCompatible

_log = logging.getLogger(__name__)

TICK_S = 1.0
"""How soon a raise that has ended is seen to where no call does."""

MINUTE_MS = 60_000


@dataclass(slots=True)
class Treasury:
    """Made once; `current` gives the assembly in force, whose accounts count."""

    current: Callable[[], Assembly]
    ledger: Ledger
    grants: Grants
    doubts: Doubts
    reconciler: Reconciler
    clock: Clock
    _asked_ms: dict[str, int] = field(default_factory=dict)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts of the configuration."""
        return self.current().limits.all_accounts

    def account(self, kind: AccountKind, name: str) -> Account:
        """The account of this kind and name. Raises UnknownAccount."""
        for account in self.accounts:
            if (account.kind, account.name) == (kind, name):
                return account
        known = ", ".join(f'"{each.name}"' for each in self.accounts if each.kind is kind)
        raise UnknownAccount(f'There is no {kind} "{name}"; ' + (f"there is {known}." if known else "there is none."))

    async def compare(self, wallet: Account) -> BalanceView:
        """Ask the vendor behind a wallet, and compare. Raises a Refusal where it does not say."""
        assembly, now_ms = self.current(), self.clock.now_ms()
        settings = assembly.config.wallets[wallet.name]
        self._asked_ms[wallet.id] = now_ms
        upstream = assembly.upstreams[settings.upstream]
        if not isinstance(upstream, OpenAiCompatible):
            raise BadRequest(f"Upstream {upstream.name} has no key, so its balance cannot be asked for.")
        base = await self.reconciler.baseline(wallet)
        try:
            found = await ask_balance(upstream, base.way if base is not None else "")
        except Refusal as refusal:
            self.reconciler.note_failure(wallet, refusal.message)
            raise
        view = await self.reconciler.compare(wallet, found, settings.drift_alarm)
        if view.alarm:
            _log.warning(
                "the vendor's balance of upstream %s drifts by %s nano-dollars", upstream.name, view.drift_nano
            )
        return view

    async def settle_by_balance(self, hold_id: int) -> tuple[Share, ...]:
        """End a hold in doubt by what the vendor has charged beyond what we have settled; what each account paid.

        Raises BadRequest where that says nothing of it.
        """
        hold = next((doubt.hold for doubt in await self.doubts.all() if doubt.hold.id == hold_id), None)
        if hold is None:
            raise UnknownAccount(f"Hold {hold_id} is not in doubt.")
        wallet = next((each for each in self.accounts if each.kind is AccountKind.WALLET and hold.on(each.id)), None)
        if wallet is None:
            raise BadRequest("No wallet bears it, so no balance can tell: settle or release it.")
        base = await self.reconciler.baseline(wallet)
        if base is None or base.at_ms > hold.placed_ms:
            raise BadRequest("The vendor's balance was never read before that call: settle or release it.")
        if self.ledger.open_holds:
            raise BadRequest("Calls are running, whose charges cannot be told from it: try again when none runs.")
        drift = (await self.compare(wallet)).drift_nano
        if drift is None:
            raise BadRequest("The vendor does not say enough: settle or release it.")
        held = hold.on(wallet.id)
        used = min(held, max(0, drift))
        if used:
            return await self.doubts.settle(hold_id, self.accounts, (used, held))
        return await self.doubts.release(hold_id)

    async def run(self) -> None:
        """See to what happens by the clock alone, until cancelled. A store or vendor that fails is asked again."""
        overdue_ms = 0
        while True:
            try:
                await self.grants.lapse(self.accounts)
                if self.clock.now_ms() >= overdue_ms:
                    overdue_ms = self.clock.now_ms() + MINUTE_MS
                    for hold in await self.doubts.settle_overdue(self.accounts):
                        _log.warning(
                            "hold %d of exchange %s was settled whole, as an estimate", hold.id, hold.exchange_id
                        )
                await self._compare_those_due()
            except StoreUnavailable as error:
                _log.warning("the ledger cannot be written: %s", error.reason)
            except Exception:
                # A bug in one round must not keep raises from ending in the next.
                _log.exception("what happens by the clock has failed by a bug of ours")
            await asyncio.sleep(TICK_S)

    async def _compare_those_due(self) -> None:
        now_ms = self.clock.now_ms()
        for settings in tuple(self.current().config.wallets.values()):
            every_ms = settings.compare_min * MINUTE_MS
            if every_ms and now_ms >= self._asked_ms.get(f"wallet:{settings.name}", -every_ms) + every_ms:
                try:
                    await self.compare(self.account(AccountKind.WALLET, settings.name))
                except Refusal as refusal:
                    _log.info("no balance to compare: %s", refusal.message)
