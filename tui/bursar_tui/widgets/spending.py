"""Spending: what each of the last days and of the last minutes cost, as bars."""

from collections.abc import Sequence
from datetime import datetime

from bursar_tui.ink import BLANK, Line, Piece, Role, line, right
from bursar_tui.outlook import days_to, minutes_to
from bursar_tui.seen import Seen
from bursar_tui.widgets.charts import bars, gathered
from bursar_tui.widgets.panel import Panel, heading
from bursar_tui.words import MINUTE_MS, SECOND_MS, balance

SCALE = 8
"""Columns for the amounts at the side."""

LEAST = 7
MOST = 12
"""Rows that a chart takes, its heading and labels included."""


class Spending(Panel):
    """Two charts where there is room for two, one where there is room for one, else nothing."""

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """The days; above them the last hour, where it fits."""
        if height < LEAST or width < 40:
            return []
        if height < 2 * LEAST + 1:
            return days(seen, width, min(height, MOST))
        each = min((height - 1) // 2, MOST)
        return [*hour(seen, width, each), BLANK, *days(seen, width, each)]


def days(seen: Seen, width: int, height: int) -> list[Line]:
    """A bar for each day, today in full colour, the days of the week below."""
    count = max(7, min(14, (width - SCALE - 1) // 4))
    each = days_to(seen.snapshot, seen.now_ms, count, seen.zone)
    room = (width - SCALE - 1) // count
    wide = max(1, room - 1)
    costs = [day.cost_nano for day in each]
    names = "".join(
        f"{datetime.fromtimestamp(day.start_ms / SECOND_MS, seen.zone):%a}"[:wide].ljust(room) for day in each
    )
    detail = (Piece(balance(sum(costs))), Piece(f" in {count} days", Role.MUTED))
    chart = bars(costs, height - 2, wide, room - wide)
    return [heading("Days", detail, width), *scaled(chart, costs), line(Piece(" " * SCALE), Piece(names, Role.MUTED))]


def hour(seen: Seen, width: int, height: int) -> list[Line]:
    """A bar for each of the last sixty minutes, or for each two or three of them; the time of day below."""
    room = width - SCALE - 1
    count = next((each for each in (60, 30, 20) if each <= room), 15)
    wide = min(2, max(1, room // count))
    costs = gathered(minutes_to(seen.snapshot, seen.now_ms, 60), count)
    first_ms = seen.now_ms - 59 * MINUTE_MS
    names = "".join(
        f"{datetime.fromtimestamp((first_ms + quarter * 15 * MINUTE_MS) / SECOND_MS, seen.zone):%H:%M}".ljust(
            count * wide // 4
        )
        for quarter in range(4)
    )
    detail = (Piece(balance(sum(costs))), Piece(" in 60 minutes", Role.MUTED))
    chart = bars(costs, height - 2, wide, others=Role.ACCENT)
    return [
        heading("Last hour", detail, width),
        *scaled(chart, costs),
        line(Piece(" " * SCALE), Piece(names, Role.MUTED)),
    ]


def scaled(chart: Sequence[tuple[Piece, ...]], costs: Sequence[int]) -> list[Line]:
    """The rows of a chart with the highest amount beside the first and nothing beside the last."""
    highest = max(costs, default=0)
    labels = [balance(highest), *[""] * (len(chart) - 2), "$0"]
    return [
        line(Piece(f"{right(label, SCALE - 1)} ", Role.MUTED), *row) for label, row in zip(labels, chart, strict=False)
    ]
