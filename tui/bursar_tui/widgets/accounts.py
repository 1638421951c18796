"""Accounts: what is left of each, until when, and when it runs out at this rate."""

from collections import Counter
from collections.abc import Sequence

from bursar.domain.account import AccountKind, Unit
from bursar.domain.cycle import Every
from bursar_tui.ink import BLANK, GAP, Line, Piece, Role, apart, columns_of, joined, kept, left, line, right
from bursar_tui.marks import Mark, level_mark
from bursar_tui.outlook import Level, Outlook, outlooks
from bursar_tui.seen import Seen
from bursar_tui.widgets.account_bar import account_bar
from bursar_tui.widgets.panel import Panel, heading, spaced
from bursar_tui.words import about, bare, counted, rest, span

ROOMY_HEIGHT = 40
ROOMY_WIDTH = 60
"""From this height of the terminal and this width on, an account has three lines instead of one."""


WIDE = 76
"""From this width on, one line holds everything."""


class Accounts(Panel):
    """Every plan, wallet and cap, the most urgent first, in at most `most` rows; with `spare` for something else."""

    most = 6
    spare = 0
    """How many of the rows are not taken where one line for each account will do."""

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """A heading, then one line for each account, or three where there is room."""
        del height
        each = outlooks(seen.snapshot, seen.now_ms, seen.zone)
        if not each:
            return [heading("Budgets", (), width), *_teach()]
        urgent = sum(outlook.level is not Level.LASTS for outlook in each)
        detail = f"{counted(urgent, 'account')} short" if urgent else "enough at this rate"
        head = heading("Budgets", (Piece(detail, Role.WARN if urgent else Role.MUTED),), width)
        tall = self.app.size.height >= ROOMY_HEIGHT
        if width >= ROOMY_WIDTH and tall and 4 * len(each) <= self.most - self.spare:
            return [head, *[row for outlook in each for row in (*roomy(seen, outlook, width), BLANK)][:-1]]
        names = _names(each)
        if width < WIDE and 2 * len(each) <= self.most:
            return [head, *[row for of in each for row in middling(seen, of, names[of.account.id], width)]]
        rows = [compact(seen, of, names[of.account.id], width) for of in each]
        return [head, *spaced(rows, self.most)]


def _names(each: Sequence[Outlook]) -> dict[str, str]:
    """The name of each account by its id; where several have one name, with what each of them is."""
    count = Counter(outlook.account.name for outlook in each)
    return {
        of.account.id: f"{of.account.name} {of.account.kind}" if count[of.account.name] > 1 else of.account.name
        for of in each
    }


def compact(seen: Seen, outlook: Outlook, name: str, width: int) -> Line:
    """`▲ laptop-day  ■■■■▨▨□□□□  $0.73 of $5.00  out in 11 min ≈15:10`."""
    mark, standing, unit = level_mark(outlook), outlook.standing, outlook.account.unit
    wide = width >= WIDE
    named, figures, when = (16, 17, 26) if wide else (11, 8, 13)
    has = rest(standing.available, standing.granted, unit)
    bar = max(4, width - 2 - named - 1 - 1 - figures - 2 - when)
    return line(
        Piece(f"{mark.glyph} ", mark.role),
        Piece(left(name, named), Role.TEXT),
        GAP,
        account_bar(standing, bar, shade_of(outlook)),
        GAP,
        Piece(right(f"{has} of {bare(standing.granted, unit)}" if wide else has, figures), Role.TEXT),
        Piece("  "),
        kept(when_pieces(seen, outlook, mark), when) if wide else when_pieces(seen, outlook, mark)[:1],
    )


def middling(seen: Seen, outlook: Outlook, name: str, width: int) -> list[Line]:
    """The same in two lines, for a column beside the calls."""
    mark, standing, unit = level_mark(outlook), outlook.standing, outlook.account.unit
    has = f"{rest(standing.available, standing.granted, unit)} of {bare(standing.granted, unit)}"
    title = (Piece(f"{mark.glyph} ", mark.role), Piece(name))
    return [
        line(apart(title, when_pieces(seen, outlook, mark), width)),
        line(
            Piece("  "),
            account_bar(standing, max(4, width - 2 - 18), shade_of(outlook)),
            Piece(right(has, 18), Role.TEXT),
        ),
    ]


def roomy(seen: Seen, outlook: Outlook, width: int) -> list[Line]:
    """Name and what is left; the bar; what is settled and held, and when it ends."""
    mark, standing, account = level_mark(outlook), outlook.standing, outlook.account
    unit = account.unit
    title = (
        Piece(f"{mark.glyph} ", mark.role),
        Piece(left(account.name, min(len(account.name), 24)), Role.STRONG),
        Piece(f"  {kind_words(outlook)}", Role.MUTED),
    )
    has = (
        Piece(rest(standing.available, standing.granted, unit), Role.STRONG),
        Piece(f" left of {bare(standing.granted, unit)}{unit_words(unit)}", Role.MUTED),
    )
    used: list[tuple[Piece, ...]] = [(Piece(bare(standing.settled, unit)), Piece(" settled", Role.MUTED))]
    if standing.held:
        used.append((Piece(bare(standing.held, unit), Role.HELD), Piece(" held", Role.MUTED)))
    if outlook.rate:
        used.append((Piece(f"{bare(outlook.rate, unit)} /h", Role.MUTED),))
    when = when_pieces(seen, outlook, mark)
    return [
        line(apart(title, has, width)),
        line(Piece("  "), account_bar(standing, max(1, width - 2), shade_of(outlook))),
        line(apart((Piece("  "), *joined(used, width - columns_of(when) - 4)), when, width)),
    ]


def shade_of(outlook: Outlook) -> Role:
    return {Level.USED_UP: Role.BAD, Level.RUNS_OUT: Role.WARN, Level.LOW: Role.WARN}.get(outlook.level, Role.ACCENT)


def kind_words(outlook: Outlook) -> str:
    account = outlook.account
    several = account.anchor is not None and account.anchor.count > 1
    every = "" if account.kind is AccountKind.WALLET or several else _EVERY[account.every]
    return f"{every}{account.kind} · {account.scope}"


_EVERY = {
    Every.HOUR: "hourly ",
    Every.DAY: "daily ",
    Every.WEEK: "weekly ",
    Every.MONTH: "monthly ",
    Every.TOTAL: "total ",
}


def unit_words(unit: Unit) -> str:
    return "" if unit is Unit.NANO_DOLLARS else f" {unit.value.removeprefix('micro_').replace('_', ' ')}"


def when_pieces(seen: Seen, outlook: Outlook, mark: Mark) -> tuple[Piece, ...]:
    """When it runs out at this rate, or when it starts afresh."""
    end_ms = outlook.standing.cycle.end_ms
    reset = f"resets in {span(end_ms - seen.now_ms)}" if end_ms is not None else ""
    if outlook.level is Level.USED_UP:
        return Piece("used up", Role.BAD), Piece(f"  {reset}" if reset else "", Role.MUTED)
    if outlook.out_ms is not None:
        at = about(outlook.out_ms, seen.now_ms, seen.zone)
        return (
            Piece(
                f"out in {span(outlook.out_ms - seen.now_ms)}",
                mark.role if outlook.level is Level.RUNS_OUT else Role.MUTED,
            ),
            Piece(f" ≈{at}", Role.MUTED),
        )
    if outlook.level is Level.LOW:
        return Piece("low", Role.WARN), Piece(f"  {reset}" if reset else "", Role.MUTED)
    return Piece(reset or "lasts", Role.MUTED), Piece("")


def _teach() -> list[Line]:
    return [
        line(Piece("None is set, so nothing stops a loop that runs away. This does:", Role.MUTED)),
        line(Piece("  bursar cap set daily 5usd/day", Role.ACCENT)),
    ]
