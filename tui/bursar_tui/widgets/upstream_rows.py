"""Upstream rows: how each upstream is, what it lists, and what is left in its wallet."""

from dataclasses import dataclass

from bursar.contract.events import BalanceView, RouteView, UpstreamView
from bursar.contract.snapshot import Snapshot
from bursar.domain.account import Account, AccountKind
from bursar_tui.budget import Budget, budgets
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.marks import health_mark
from bursar_tui.seen import Seen
from bursar_tui.widgets.columns import Column, fitted, row, titles
from bursar_tui.widgets.panel import heading
from bursar_tui.widgets.row_list import ListRow
from bursar_tui.words import age, balance, counted, milliseconds


@dataclass(frozen=True, slots=True)
class UpstreamRow:
    """One upstream at one instant, and the wallet of its calls, if it has one."""

    view: UpstreamView
    wallet: Budget | None
    balance: BalanceView | None
    now_ms: int


def upstream_rows(seen: Seen, width: int) -> list[ListRow]:
    """Those that calls go to, the unwell first, then those that were only found on this machine."""
    views = list(seen.snapshot.upstreams.values())
    used = sorted((each for each in views if not each.found), key=lambda each: each.health == "ok")
    found = [each for each in views if each.found]
    well = sum(each.health == "ok" for each in used)
    every = well == len(used)
    words = Piece("all well" if every else f"{well} of {len(used)} well", Role.MUTED if every else Role.WARN)
    head = ListRow(heading("Upstreams", (words,) if used else (), width))
    purses = wallets(seen)
    rows, each = [head], []
    for view in used:
        wallet = purses.get(view.name)
        said = seen.snapshot.balances.get(wallet.outlook.account.id) if wallet is not None else None
        each.append(UpstreamRow(view, wallet, said, seen.now_ms))
    columns = fitted(COLUMNS, width, each)
    if used:
        rows.append(ListRow(titles(columns)))
    else:
        rows += [ListRow(each) for each in teach()]
    rows += [ListRow(row(columns, of), of.view.name) for of in each]
    if found:
        rows += [ListRow(BLANK), ListRow(heading("Found on this machine", (Piece("not in use", Role.MUTED),), width))]
        rows += [ListRow(row(columns, UpstreamRow(each, None, None, seen.now_ms)), each.name) for each in found]
    return rows


def wallets(seen: Seen) -> dict[str, Budget]:
    """The wallet of each upstream that has one."""
    each = [budget for budget in budgets(seen) if budget.outlook.account.kind is AccountKind.WALLET]
    return {budget.outlook.account.scope.removeprefix("upstream "): budget for budget in each}


def payers_of(snapshot: Snapshot, upstream: str) -> list[Account]:
    """The plans and wallets that are for its calls."""
    mine = f"upstream {upstream}"
    return [
        account
        for account in snapshot.accounts.values()
        if account.kind is not AccountKind.CAP and (account.scope == mine or account.scope.startswith(f"{mine},"))
    ]


def left_of(view: UpstreamView | RouteView, now_ms: int) -> str:
    """How long it is left alone yet: ` 24 s`; nothing where there is no end to it."""
    if view.health == "ok" or view.until_ms is None:
        return ""
    return f" {age(view.until_ms - now_ms)}" if view.until_ms > now_ms else ", next call tries it"


def _state(each: UpstreamRow, width: int) -> Piece:
    if each.view.found:
        return Piece("○ running", Role.MUTED)
    mark = health_mark(each.view.health)
    left = left_of(each.view, each.now_ms)
    return Piece(f"{mark.glyph} {mark.word}{left if len(left) < 8 else ''}", mark.role)


def _name(each: UpstreamRow, width: int) -> Piece:
    return Piece(each.view.name, Role.TEXT)


def _latency(each: UpstreamRow, width: int) -> Piece:
    return Piece(milliseconds(each.view.latency_ms) or "·", Role.MUTED)


def _routes(each: UpstreamRow, width: int) -> Piece:
    """How many of its routes are in use, or how many of them are not well."""
    routes = each.view.routes
    unwell = sum(route.health != "ok" for route in routes)
    if unwell:
        return Piece(f"{unwell} of {len(routes)} down", Role.WARN)
    return Piece(counted(len(routes), "route") if routes else "·", Role.MUTED)


def _listed(each: UpstreamRow, width: int) -> Piece:
    return Piece(f"{each.view.listed:,}" if each.view.listed is not None else "·", Role.MUTED)


def _wallet(each: UpstreamRow, width: int) -> Piece:
    """What is left in its wallet; as the vendor says it where there is none of ours."""
    if each.wallet is None:
        return Piece("·", Role.FAINT)
    low = each.wallet.mark.glyph != "●"
    return Piece(balance(each.wallet.outlook.standing.available), Role.WARN if low else Role.TEXT)


def _drift(each: UpstreamRow, width: int) -> Piece:
    said = each.balance
    if said is None or said.drift_nano is None:
        return Piece("·", Role.FAINT)
    return Piece(f"{'▲ ' if said.alarm else ''}{balance(said.drift_nano)}", Role.WARN if said.alarm else Role.MUTED)


def _why(each: UpstreamRow, width: int) -> Piece:
    view = each.view
    if view.health != "ok":
        return Piece(view.reason or view.code, Role.WARN)
    if view.last_failure:
        return Piece(f"last: {view.last_failure}", Role.MUTED)
    return Piece("")


COLUMNS = (
    Column("state", 8, _state, most=14, fickle=True),
    Column("upstream", 8, _name, most=20),
    Column("first", 6, _latency, rank=2, number=True),
    Column("routes", 11, _routes, rank=3),
    Column("lists", 5, _listed, rank=5, number=True),
    Column("wallet", 8, _wallet, rank=4, number=True),
    Column("drift", 8, _drift, rank=6, number=True),
    Column("why", 18, _why, rank=1, most=60, fickle=True),
)


def teach() -> list[Line]:
    """How the first upstream is set up."""
    return [
        line(Piece("No upstream yet, so no call can go anywhere. ", Role.MUTED)),
        BLANK,
        line(Piece("  bursar init        ", Role.ACCENT), Piece("asks which vendor, and for its key", Role.MUTED)),
        line(Piece("  bursar config edit ", Role.ACCENT), Piece("opens the file", Role.MUTED)),
    ]
