"""Budget errands: what is asked of the proxy about accounts and holds in doubt, and what is said of the answer."""

from collections.abc import Sequence

from bursar.contract import accounts as door
from bursar.contract.accounts import Correct, DoubtEnded, GrantMade, RaiseCap, ResetPlan, TopUp
from bursar.contract.events import BalanceView
from bursar.domain.account import Account
from bursar.domain.grant import Grant
from bursar.domain.money import plain_usd
from bursar_tui.errands import Errand, whoever
from bursar_tui.seen import Seen
from bursar_tui.typed import amount, as_option, dollars, span_ms, span_option
from bursar_tui.words import about, balance
from bursar_tui.words import amount as amount_of

BALANCE, SETTLE, RELEASE = "balance", "settle", "release"
"""What may have become of a hold in doubt: let the vendor tell, charged, not charged."""


def raising(cap: Account, more: int, for_ms: int, seen: Seen) -> Errand[GrantMade]:
    """Raise a cap by so much, in its unit, for so many milliseconds."""

    def said(made: GrantMade) -> str:
        until = about(made.grant.until_ms or 0, seen.now_ms, seen.zone)
        return f"Cap {cap.name} has {amount_of(made.grant.amount, cap.unit)} more until {until}. u undoes it."

    ask = door.raise_cap(cap.name, RaiseCap(amount=more, unit=cap.unit, for_ms=for_ms, by=whoever()))
    return Errand(f"Raising {cap.name} …", lambda proxy: proxy.ask(ask), said)


def undoing(number: int) -> Errand[Grant]:
    """End a raise before its time."""
    ask = door.undo_raise(number)
    return Errand("Undoing the raise …", lambda proxy: proxy.ask(ask), lambda _: "The raise has ended.")


def paying(wallet: Account, nano: int, note: str = "") -> Errand[GrantMade]:
    """Pay into a wallet."""
    ask = door.top_up(wallet.name, TopUp(amount=nano, note=note, by=whoever()))
    return Errand(f"Paying into {wallet.name} …", lambda proxy: proxy.ask(ask), _filled)


def correcting(wallet: Account, nano: int, note: str = "") -> Errand[GrantMade]:
    """Make what is left of a wallet so much."""
    ask = door.correct(wallet.name, Correct(balance=nano, note=note, by=whoever()))
    return Errand(f"Correcting {wallet.name} …", lambda proxy: proxy.ask(ask), _filled)


def comparing(wallet: Account) -> Errand[BalanceView]:
    """Ask the vendor of a wallet for its balance."""

    def said(view: BalanceView) -> str:
        if view.problem:
            return f"The vendor of {wallet.name} does not say: {view.problem.rstrip('.')}."
        return f"The vendor of {wallet.name} has answered."

    ask = door.compare(wallet.name)
    return Errand(
        f"Asking the vendor of {wallet.name} …", lambda proxy: proxy.ask(ask), said, well=lambda view: not view.problem
    )


def resetting(plan: Account) -> Errand[GrantMade]:
    """Grant the whole quota of a plan anew."""

    def said(made: GrantMade) -> str:
        return f"Plan {plan.name} has {amount_of(made.standing.available, plan.unit)} again."

    ask = door.reset_plan(plan.name, ResetPlan(by=whoever()))
    return Errand(f"Resetting {plan.name} …", lambda proxy: proxy.ask(ask), said)


def deciding(hold_id: int, how: str) -> Errand[DoubtEnded]:
    """Say what became of a hold in doubt."""

    def said(ended: DoubtEnded) -> str:
        return f"Hold {hold_id} is {'settled' if ended.settled else 'released: nothing was used'}."

    asks = {BALANCE: door.settle_doubt_by_balance, SETTLE: door.settle_doubt, RELEASE: door.release_doubt}
    ask = asks[how](hold_id)
    return Errand(f"Resolving hold {hold_id} …", lambda proxy: proxy.ask(ask), said)


def raise_command(cap: Account, more: int, for_ms: int) -> str:
    """The command that raises a cap."""
    return f"bursar cap raise {cap.name} {as_option(more, cap.unit)} --for {span_option(for_ms)}"


def read_raise(cap: Account, typed: Sequence[str]) -> tuple[tuple[int, int], str]:
    """How much and how long as typed, and the command for it. Raises ValueError with a sentence."""
    more, for_ms = amount(typed[0], cap.unit), span_ms(typed[1])
    if not more:
        raise ValueError("a raise is more than nothing")
    return (more, for_ms), raise_command(cap, more, for_ms)


def read_dollars(wallet: Account, verb: str, typed: Sequence[str]) -> tuple[tuple[int, str], str]:
    """Dollars and a note as typed, and the command for them. Raises ValueError with a sentence."""
    if not typed[0]:
        raise ValueError("how much, in US dollars?")
    nano, note = dollars(typed[0]), typed[1]
    said = f' --note "{note}"' if note else ""
    return (nano, note), f"bursar wallet {verb} {plain_usd(nano).removesuffix('.0')} --wallet {wallet.name}{said}"


def _filled(made: GrantMade) -> str:
    return f"Wallet {made.account.name} has {balance(made.standing.available)} now."
