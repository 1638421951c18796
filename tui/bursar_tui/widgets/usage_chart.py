"""Usage chart: a bar for each stretch of time, the figures of the one looked at and of all, against those before."""

from collections.abc import Sequence
from datetime import tzinfo

from bursar.contract.commands import SpendRow
from bursar.domain.cycle import Cycle, Every
from bursar_tui.ink import BLANK, Line, Piece, Role, joined, line, right, width_of
from bursar_tui.seen import Seen
from bursar_tui.usage_view import Measured, UsageView, added, name_of
from bursar_tui.widgets.charts import bars
from bursar_tui.widgets.panel import Panel, heading
from bursar_tui.words import balance, counted, percent, tokens

SCALE = 9
LEAST_BARS, MOST_BARS = 3, 16
"""Rows that the bars may take."""

LEAST_HEIGHT = 14
"""Below this height of the terminal there are no bars."""

_AROUND = 17
"""Rows that everything else wants: header, figures, some groups, footer."""

_NAMES = {Every.DAY: "days", Every.WEEK: "weeks", Every.MONTH: "months"}


class UsageChart(Panel):
    """The bars of a view."""

    DEFAULT_CSS = """
    UsageChart { height: auto; padding: 0 1; margin-top: 1; }
    """

    def __init__(self, view: UsageView) -> None:
        super().__init__()
        self._view = view

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """Heading, bars, what they are of, and figures; on a very low terminal the figures alone."""
        del height
        view, terminal = self._view, self.app.size.height
        rows, each = view.rows(seen.snapshot, seen.now_ms, seen.zone), view.cycles(seen.now_ms, seen.zone)
        shown = min(view.count, max(4, (width - SCALE - 1) // 2))
        figures = figure_lines(view, rows, each, seen.zone, width)
        if terminal < LEAST_HEIGHT or width < 30:
            return figures[: 1 if terminal < LEAST_HEIGHT else 2]
        room = max(LEAST_BARS, min(MOST_BARS, (terminal - _AROUND) * 2 // 3))
        return [
            _title(view, rows, width),
            *_bars(view, rows[-shown:], each[-shown:], seen.zone, width, room),
            *figures,
        ]


def _title(view: UsageView, rows: Sequence[SpendRow], width: int) -> Line:
    only = (Piece("  of "), Piece(view.only, Role.ACCENT)) if view.only else ()
    total = view.measured.of(added(rows[-view.count :]))
    words = f"{view.measured.words(total)} in {view.count} {_NAMES[view.every]}"
    return heading(f"Usage · {view.measured}", (Piece(words, Role.MUTED), *only), width)


def _bars(
    view: UsageView, rows: Sequence[SpendRow], each: Sequence[Cycle], zone: tzinfo, width: int, height: int
) -> list[Line]:
    """The bars, the amount of the highest beside them, a mark below the one looked at, and names."""
    room = max(2, min(9, (width - SCALE) // len(rows)))
    wide = max(1, room - 1)
    amounts = [view.measured.of(row) for row in rows]
    place = len(rows) - 1 - view.chosen if view.chosen is not None else None
    chart = bars(amounts, height, wide, room - wide, last=Role.HELD)
    lines = []
    for number, pieces in enumerate(chart):
        label = view.measured.words(max(amounts)) if number == 0 else "0" if number == height - 1 else ""
        stands = [
            piece._replace(role=Role.ACCENT if at == place and piece.role is not Role.FAINT else piece.role)
            for at, piece in _numbered(pieces, gapped=room > wide)
        ]
        lines.append(line(Piece(f"{right(label, SCALE - 1)} ", Role.MUTED), *stands))
    mark = "" if place is None or place < 0 else " " * (place * room) + "▲" * wide
    lines.append(line(Piece(" " * SCALE), Piece(mark, Role.ACCENT)))
    lines.append(line(Piece(" " * SCALE), Piece(_names(view.every, each, zone, room, wide), Role.MUTED)))
    return lines


def _numbered(pieces: Sequence[Piece], *, gapped: bool) -> list[tuple[int, Piece]]:
    """Each piece of a row with the number of the bar that it is of; gaps belong to none."""
    if not gapped:
        return list(enumerate(pieces))
    return [(number // 2 if number % 2 == 0 else -1, piece) for number, piece in enumerate(pieces)]


def _names(every: Every, each: Sequence[Cycle], zone: tzinfo, room: int, wide: int) -> str:
    """Names below the bars, the newest among them: below each, or as many bars apart as all of them need. Each ends
    where its bar ends."""
    text = [" "] * (len(each) * room)
    names = [name_of(every, cycle.start_ms, zone, short=True) for cycle in each]
    apart = -(-(max(map(width_of, names)) + 1) // room)
    for place in range(len(each) - 1, -1, -apart):
        end = place * room + wide
        start = end - width_of(names[place])
        if start >= 0:
            text[start:end] = names[place]
    return "".join(text)


def figure_lines(
    view: UsageView, rows: Sequence[SpendRow], each: Sequence[Cycle], zone: tzinfo, width: int
) -> list[Line]:
    """What is looked at: its name, its figures, and how it stands against what was before."""
    if view.chosen is None:
        name = f"all {view.count} {_NAMES[view.every]}"
        of, before = added(rows[-view.count :]), added(rows[: -view.count])
        against = f"the {view.count} before"
    else:
        place = len(rows) - 1 - view.chosen
        name = name_of(view.every, each[place].start_ms, zone)
        of, before = rows[place], rows[place - 1]
        against = f"the {view.every} before"
        if view.chosen == 0:
            name += ", so far"
    tokens_in = f"{tokens(of.prompt_tokens)} in" + (f" ({tokens(of.cached_tokens)} cached)" if of.cached_tokens else "")
    out = f"{tokens(of.completion_tokens)} out"
    reasoning = f" ({tokens(of.reasoning_tokens)} reasoning)" if of.reasoning_tokens else ""
    kinds = (tokens_in, out + reasoning) if view.is_answered else (f"{tokens(of.prompt_tokens)} tokens",)
    groups: list[tuple[Piece, ...]] = [
        (Piece(name, Role.STRONG),),
        (Piece(balance(of.cost_nano)),),
        (Piece(counted(of.requests, "call"), Role.MUTED),),
        (Piece(compared(view.measured, of, before, against), Role.MUTED),),
    ]
    return [
        line(joined(groups, width)),
        line(joined([(Piece(kind, Role.MUTED),) for kind in kinds], width)),
        BLANK,
    ]


def compared(measured: Measured, of: SpendRow, before: SpendRow, against: str) -> str:
    """`▲ 12 % over the day before`: a sign and a word, as no colour can be relied on."""
    now, then = measured.of(of), measured.of(before)
    if not then:
        return f"nothing in {against}" if now else ""
    if now == then:
        return f"= as {against}"
    share = percent(abs(now - then), then)
    return f"▲ {share} % over {against}" if now > then else f"▼ {share} % under {against}"
