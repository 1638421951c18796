"""Budget rows: every account in one list, the most urgent first, and the holds in doubt above them."""

from bursar.contract.snapshot import DoubtView
from bursar.domain.account import Account, AccountKind
from bursar.domain.cycle import Every
from bursar_tui.budget import Budget, budgets
from bursar_tui.ink import BLANK, GAP, Line, Piece, Role, columns_of, kept, left, line, right
from bursar_tui.outlook import Level
from bursar_tui.seen import Seen
from bursar_tui.widgets.account_bar import account_bar
from bursar_tui.widgets.accounts import shade_of, unit_words, when_pieces
from bursar_tui.widgets.banner import wrapped
from bursar_tui.widgets.panel import heading
from bursar_tui.widgets.row_list import ListRow
from bursar_tui.words import amount, balance, bare, counted, instant, span

DOUBT = "doubt "
"""What the id of a row begins with that is a hold in doubt, not an account."""

TINY = 34
NARROW = 60
ROOMY = 108


def budget_rows(seen: Seen, width: int) -> list[ListRow]:
    """Doubts, which need a decision, then accounts."""
    rows = _doubts(seen, width)
    each = budgets(seen)
    if not each:
        return [*rows, ListRow(heading("Budgets", (), width)), *(ListRow(each) for each in teach(width))]
    urgent = sum(budget.mark.glyph != "●" for budget in each)
    detail = Piece(
        f"{urgent} of {len(each)} to look at" if urgent else "enough in each", Role.WARN if urgent else Role.MUTED
    )
    rows.append(ListRow(heading("Budgets", (detail,), width)))
    return [*rows, *(ListRow(budget_line(seen, each, width), each.outlook.account.id) for each in each)]


def budget_line(seen: Seen, budget: Budget, width: int) -> Line:
    """`▲ laptop-day  daily cap  ■■■■▨▨□□□□  $0.73 of $5.00  out in 11 min ≈15:10`."""
    outlook, mark = budget.outlook, budget.mark
    account, standing = outlook.account, outlook.standing
    has, whole = bare(standing.available, account.unit), bare(standing.granted, account.unit)
    name = (Piece(f"{mark.glyph} ", mark.role), Piece(left(account.name, 14 if width >= NARROW else 11)))
    if width < TINY:
        return line(name[0], Piece(left(account.name, max(1, width - 12))), GAP, Piece(right(has, 9)))
    if width < NARROW:
        return line(name, GAP, Piece(right(has, 8)), Piece("  "), Piece(mark.word, mark.role))
    roomy = width >= ROOMY
    kind = Piece(left(kind_of(account) if roomy else str(account.kind), 13 if roomy else 8), Role.MUTED)
    more = max(0, width - ROOMY)
    scope = (Piece(left(account.scope, 18 + min(14, more // 3)), Role.MUTED), GAP) if roomy else ()
    unit = unit_words(account.unit) if roomy else ""
    figures = Piece(right(f"{has} of {whole}{unit}", 25 + min(3, more // 3) if roomy else 17))
    end = kept(budget_end(seen, budget), 24)
    bar = max(4, width - columns_of((*name, kind, *scope, figures)) - 5 - 24)
    shade = account_bar(standing, bar, shade_of(outlook))
    return line(name, GAP, kind, GAP, scope, shade, GAP, figures, Piece("  "), end)


def budget_end(seen: Seen, budget: Budget) -> tuple[Piece, ...]:
    """When it runs out or starts afresh; the word for it, where that says more."""
    outlook, mark = budget.outlook, budget.mark
    when = when_pieces(seen, outlook, mark)
    if budget.raises:
        until = budget.raises[0].until_ms or seen.now_ms
        return Piece("↑ ", Role.ACCENT), Piece(f"raised for {span(until - seen.now_ms)}", Role.ACCENT)
    if outlook.account.kind is AccountKind.WALLET and outlook.level is not Level.RUNS_OUT:
        out = when if outlook.out_ms is not None else ()
        return Piece(mark.word, mark.role), Piece("  " if out else ""), *out
    if mark.word in ("suspended", "expired", "grace", "cancelled"):
        return (Piece(mark.word, mark.role),)
    return when


def kind_of(account: Account) -> str:
    """`daily cap`, `monthly plan`, `wallet`, `overflow`."""
    if account.kind in (AccountKind.WALLET, AccountKind.OVERFLOW):
        return str(account.kind)
    several = account.anchor is not None and account.anchor.count > 1
    every = "" if several or account.every is Every.TOTAL else f"{_EVERY[account.every]} "
    return f"{every}{account.kind}"


_EVERY = {Every.HOUR: "hourly", Every.DAY: "daily", Every.WEEK: "weekly", Every.MONTH: "monthly"}


def _doubts(seen: Seen, width: int) -> list[ListRow]:
    doubts = seen.snapshot.in_doubt
    if not doubts:
        return []
    detail = Piece(f"{counted(len(doubts), 'hold')}: decide what became of each", Role.WARN)
    return [
        ListRow(heading("In doubt", (detail,), width)),
        *(ListRow(doubt_line(seen, doubt, width), f"{DOUBT}{doubt.hold_id}") for doubt in doubts.values()),
        ListRow(BLANK),
    ]


def doubt_line(seen: Seen, doubt: DoubtView, width: int) -> Line:
    """`? hold 7  openai/gpt-5.1  $0.12 held  since 13:58:31`."""
    return line(
        Piece("? ", Role.WARN),
        Piece(left(f"hold {doubt.hold_id}", 14 if width >= NARROW else 11)),
        GAP,
        Piece(right(held_words(seen, doubt), 8)),
        Piece(" held  ", Role.MUTED),
        Piece(f"{doubt.upstream}/{doubt.model}", Role.TEXT),
        Piece(f"  since {instant(doubt.placed_ms, seen.now_ms, seen.zone)}", Role.MUTED),
    )


def held_words(seen: Seen, doubt: DoubtView) -> str:
    """What it holds, in dollars where any account of it is in dollars."""
    accounts = seen.snapshot.accounts
    shares = [(accounts[each], held) for each, held in doubt.shares if each in accounts]
    dollars = [held for account, held in shares if account.unit == "nano_dollars"]
    if dollars:
        return balance(max(dollars))
    return amount(shares[0][1], shares[0][0].unit) if shares else ""


def teach(width: int) -> list[Line]:
    """What budgets there are and how each is made."""
    lines = [line(Piece(part, Role.MUTED)) for _, part in wrapped(_WHY, width)]
    for name, what, command in _WAYS:
        lines += [BLANK, line(Piece(f"{name:<8}", Role.STRONG), Piece(what, Role.MUTED))]
        lines += [line(Piece("        "), Piece(command, Role.ACCENT))]
    return lines


_WHY = "Nothing is set, so nothing stops a loop that runs away. Three kinds of budget do:"

_WAYS = (
    ("cap", "what you allow in an hour, a day, a month", "bursar cap set daily 5usd/day"),
    ("wallet", "what was paid in for the calls to an upstream", '[wallets.main] upstream = "main"'),
    ("plan", "what a subscription grants each month", '[plans.main] upstream = "main", tokens = 5_000_000'),
)
