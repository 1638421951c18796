"""Budget: how an account stands in one word, all things considered, and how urgent that is."""

from dataclasses import dataclass

from bursar.domain.account import AccountKind
from bursar.domain.grant import Grant
from bursar.domain.plan import PlanState, Term
from bursar.domain.wallet import Levels, WalletState, wallet_state
from bursar_tui.ink import Role
from bursar_tui.marks import Mark, level_mark
from bursar_tui.outlook import Level, Outlook, outlooks
from bursar_tui.seen import Seen

_URGENCY = ("✗", "▲", "●")
"""What stops calls, what will, and what does not."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One account: its outlook, the word for it, and the raises that it has."""

    outlook: Outlook
    mark: Mark
    raises: tuple[Grant, ...]


def budgets(seen: Seen) -> list[Budget]:
    """Every account, the most urgent first."""
    snapshot, now_ms = seen.snapshot, seen.now_ms
    each = [
        Budget(outlook, standing_mark(outlook, now_ms), raises_of(seen, outlook.account.id))
        for outlook in outlooks(snapshot, now_ms, seen.zone)
    ]
    return sorted(each, key=lambda budget: _URGENCY.index(budget.mark.glyph))


def standing_mark(outlook: Outlook, now_ms: int) -> Mark:
    """A plan that bears nothing, then what is used up or runs out, then how full a wallet is."""
    account, level = outlook.account, level_mark(outlook)
    term = account.term or Term()
    state = term.at(now_ms)
    if account.kind is AccountKind.PLAN and not term.bears(now_ms):
        return Mark("✗", str(state), Role.BAD)
    if outlook.level is not Level.LASTS and account.kind is not AccountKind.WALLET:
        return level
    if account.kind is AccountKind.PLAN and state is not PlanState.ACTIVE:
        return Mark("▲", str(state), Role.WARN)
    if account.kind is AccountKind.WALLET:
        return _wallet_mark(outlook)
    return level


def _wallet_mark(outlook: Outlook) -> Mark:
    state = wallet_state(outlook.standing.available, outlook.account.levels or Levels())
    if outlook.level is Level.USED_UP:
        return Mark("✗", "empty", Role.BAD)
    if state is WalletState.CRITICAL:
        return Mark("✗", str(state), Role.BAD)
    if outlook.level is Level.RUNS_OUT:
        return level_mark(outlook)
    if state is WalletState.NORMAL:
        return Mark("●", str(state), Role.GOOD)
    return Mark("▲", str(state), Role.WARN)


def raises_of(seen: Seen, account_id: str) -> tuple[Grant, ...]:
    """The raises of an account that have not ended, the one that ends first first."""
    mine = [
        grant
        for grant in seen.snapshot.raises.values()
        if grant.account_id == account_id and not grant.has_lapsed(seen.now_ms)
    ]
    return tuple(sorted(mine, key=lambda grant: grant.until_ms or 0))
