"""Accounts at the local door: what is asked and commanded of plans, wallets, caps and holds in doubt.

Each function gives an `Ask`, which either client of the door sends: `proxy.ask(wallets())`.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec

from bursar.contract.events import BalanceView
from bursar.domain.account import Account, Standing, Unit
from bursar.domain.grant import Grant
from bursar.domain.plan import PlanState
from bursar.domain.wallet import WalletState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """One question or command at the local door, and what answers it."""

    method: str
    path: str
    answer: type[T]
    body: msgspec.Struct | None = None
    query: tuple[tuple[str, object], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every command has: why, and who asks for it. Both are kept for ever."""

    note: str = ""
    by: str = ""


class TopUp(Command, frozen=True):
    """POST /wallets/NAME/top-ups: pay so much in, in nano-dollars."""

    amount: int


class Correct(Command, frozen=True):
    """POST /wallets/NAME/corrections: so much is left of what was paid in, in nano-dollars."""

    balance: int


class RaiseCap(Command, frozen=True):
    """POST /caps/NAME/raises: so much more, in the cap's own unit, for so many milliseconds."""

    amount: int
    unit: Unit
    for_ms: int


class ResetPlan(Command, frozen=True):
    """POST /plans/NAME/resets: grant the whole quota anew."""


class GrantMade(msgspec.Struct, frozen=True):
    """The answer to all of these: what was granted, and how the account stands."""

    grant: Grant
    standing: Standing
    account: Account


class WalletRow(msgspec.Struct, frozen=True):
    """One wallet: how it stands, in a word, and what the vendor says."""

    account: Account
    standing: Standing
    state: WalletState
    balance: BalanceView | None = None


class PlanRow(msgspec.Struct, frozen=True):
    """One plan: how it stands, its state now, and what it may draw from its wallet, where that is limited.

    `wallet` pays when it is used up; empty where nothing does.
    """

    account: Account
    standing: Standing
    state: PlanState
    overflow: Standing | None = None
    wallet: str = ""


class DoubtRow(msgspec.Struct, frozen=True):
    """A hold in doubt: (account, unit, amount) each, and when it settles by itself: None for never."""

    hold_id: int
    exchange_id: str
    upstream: str
    model: str
    placed_ms: int
    shares: tuple[tuple[str, Unit | None, int], ...]
    settles_ms: int | None


class DoubtEnded(msgspec.Struct, frozen=True):
    """What became of a hold in doubt: settled with so much of each account, or released where there is nothing."""

    hold_id: int
    settled: tuple[tuple[str, Unit | None, int], ...]


def wallets() -> Ask[tuple[WalletRow, ...]]:
    """All wallets."""
    return Ask("GET", "/wallets", tuple[WalletRow, ...])


def top_up(wallet: str, command: TopUp) -> Ask[GrantMade]:
    """Pay into a wallet."""
    return Ask("POST", f"/wallets/{_quoted(wallet)}/top-ups", GrantMade, command)


def correct(wallet: str, command: Correct) -> Ask[GrantMade]:
    """Correct a wallet."""
    return Ask("POST", f"/wallets/{_quoted(wallet)}/corrections", GrantMade, command)


def compare(wallet: str) -> Ask[BalanceView]:
    """Ask the vendor now."""
    return Ask("POST", f"/wallets/{_quoted(wallet)}/comparisons", BalanceView)


def plans() -> Ask[tuple[PlanRow, ...]]:
    """All plans."""
    return Ask("GET", "/plans", tuple[PlanRow, ...])


def reset_plan(plan: str, command: ResetPlan) -> Ask[GrantMade]:
    """Grant a plan's quota anew."""
    return Ask("POST", f"/plans/{_quoted(plan)}/resets", GrantMade, command)


def raise_cap(cap: str, command: RaiseCap) -> Ask[GrantMade]:
    """Raise a cap for a while."""
    return Ask("POST", f"/caps/{_quoted(cap)}/raises", GrantMade, command)


def undo_raise(grant_id: int) -> Ask[Grant]:
    """End a raise before its time."""
    return Ask("DELETE", f"/raises/{grant_id}", Grant)


def grants(account_id: str | None = None) -> Ask[tuple[Grant, ...]]:
    """All that was granted beside the configuration, the latest first: the audit list."""
    return Ask("GET", "/grants", tuple[Grant, ...], query=(("account", account_id),))


def doubts() -> Ask[tuple[DoubtRow, ...]]:
    """The holds in doubt."""
    return Ask("GET", "/doubts", tuple[DoubtRow, ...])


def settle_doubt(hold_id: int) -> Ask[DoubtEnded]:
    """Settle one whole."""
    return Ask("POST", f"/doubts/{hold_id}/settle", DoubtEnded)


def settle_doubt_by_balance(hold_id: int) -> Ask[DoubtEnded]:
    """Settle or release one by what the vendor's balance says."""
    return Ask("POST", f"/doubts/{hold_id}/by-balance", DoubtEnded)


def release_doubt(hold_id: int) -> Ask[DoubtEnded]:
    """Release one."""
    return Ask("POST", f"/doubts/{hold_id}/release", DoubtEnded)


def _quoted(name: str) -> str:
    return quote(name, safe="")
