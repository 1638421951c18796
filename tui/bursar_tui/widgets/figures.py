"""Figures: what runs, what it costs, what was spent today, and what runs out first, side by side."""

from typing import NamedTuple

from bursar_tui.ink import Line, Piece, Role, columns_of, kept, line
from bursar_tui.marks import TURNING
from bursar_tui.outlook import Level, burn_nano, days_to, minutes_to, outlooks, running_of, usual_nano
from bursar_tui.seen import Seen
from bursar_tui.widgets.charts import gathered, spark
from bursar_tui.widgets.panel import Panel
from bursar_tui.words import about, counted, money, percent, rest, span

GAP = 3
CHART_HEIGHT = 30
"""From this height of the terminal on, each figure has a line more."""


class Tile(NamedTuple):
    """One figure: what it is, its value, and up to two lines about it."""

    label: str
    value: tuple[Piece, ...]
    about: tuple[Piece, ...]
    more: tuple[Piece, ...] = ()


class Figures(Panel):
    """Four figures that answer at a glance."""

    DEFAULT_CSS = """
    Figures { height: auto; }
    """

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """Labels, values and what is about them, in columns of the same width."""
        del height
        makers = [running, burning, today, first_out]
        if width < 68:
            makers.remove(today)
        if width < 48:
            makers.remove(running)
        each = (width - GAP * (len(makers) - 1)) // len(makers)
        tiles = [make(seen, each) for make in makers]
        rows = [
            _side_by_side([(Piece(tile.label, Role.MUTED),) for tile in tiles], each),
            _side_by_side([tile.value for tile in tiles], each),
            _side_by_side([tile.about for tile in tiles], each),
        ]
        if self.app.size.height >= CHART_HEIGHT:
            rows.append(_side_by_side([tile.more for tile in tiles], each))
        return rows


def _side_by_side(cells: list[tuple[Piece, ...]], width: int) -> Line:
    pieces: list[Piece] = []
    for cell in cells:
        fitting = kept(cell, width)
        pieces += [Piece(" " * GAP if pieces else ""), *fitting, Piece(" " * (width - columns_of(fitting)))]
    return line(*pieces)


def running(seen: Seen, width: int) -> Tile:
    """How many calls are in flight, what they have cost so far and what is held for them."""
    del width
    calls = running_of(seen.snapshot)
    if not calls:
        return Tile("Running", (Piece("idle", Role.STRONG),), (Piece("nothing in flight", Role.MUTED),))
    used, held = sum(call.cost_nano for call in calls), sum(call.held_nano for call in calls)
    turn = TURNING[sum(call.completion_tokens for call in calls) % len(TURNING)]
    return Tile(
        "Running",
        (Piece(f"{turn} ", Role.ACCENT), Piece(counted(len(calls), "call"), Role.STRONG)),
        (Piece(money(used)), Piece(" so far", Role.MUTED)),
        (Piece(money(held), Role.HELD), Piece(" held", Role.MUTED)),
    )


def burning(seen: Seen, width: int) -> Tile:
    """What is being spent an hour, and the last hour in minutes."""
    rate = burn_nano(seen.snapshot, seen.now_ms)
    minutes = minutes_to(seen.snapshot, seen.now_ms, 60)
    return Tile(
        "Burn rate",
        (Piece(money(rate), Role.STRONG), Piece(" /h", Role.MUTED)),
        spark(gathered(minutes, min(width, 30))),
        (Piece(money(sum(minutes))), Piece(" in the last hour" if width > 25 else " in 60 min", Role.MUTED)),
    )


def today(seen: Seen, width: int) -> Tile:
    """What was spent today, against the days before."""
    days = days_to(seen.snapshot, seen.now_ms, min(14, width), seen.zone)
    spent, usual = days[-1].cost_nano, usual_nano(days)
    if not usual:
        against: tuple[Piece, ...] = (Piece("the first day", Role.MUTED),)
    elif spent <= usual:
        against = (Piece(f"{percent(spent, usual)} % of a usual day", Role.MUTED),)
    else:
        against = (Piece(f"▲ {percent(spent - usual, usual)} % over usual", Role.WARN),)
    before = spark([day.cost_nano for day in days], Role.HELD)
    now = before[-1]
    return Tile(
        "Today",
        (
            Piece(money(spent), Role.STRONG),
            Piece(f"  usual {money(usual)}" if usual and width > 20 else "", Role.MUTED),
        ),
        (
            *before[:-1],
            now._replace(text=now.text[:-1]),
            Piece(now.text[-1], Role.ACCENT if spent else Role.FAINT),
            Piece(" 14 days" if width > 22 else "", Role.MUTED),
        ),
        against,
    )


def first_out(seen: Seen, width: int) -> Tile:
    """Which account runs out first at this rate, and when."""
    del width
    label = "Runs out first"
    each = outlooks(seen.snapshot, seen.now_ms, seen.zone)
    up = [outlook for outlook in each if outlook.level is Level.USED_UP]
    if up:
        end_ms = up[0].standing.cycle.end_ms
        reset = f"resets in {span(end_ms - seen.now_ms)}" if end_ms is not None else "no reset"
        return Tile(label, (Piece("✗ now", Role.BAD),), (Piece(up[0].account.name),), (Piece(reset, Role.MUTED),))
    first = next((outlook for outlook in each if outlook.level is Level.RUNS_OUT), None)
    low = next((outlook for outlook in each if outlook.level is Level.LOW), None)
    if first is None and low is not None:
        left = rest(low.standing.available, low.standing.granted, low.account.unit)
        low_line = (Piece(f"{left} left", Role.MUTED),)
        return Tile(label, (Piece("▲ ", Role.WARN), Piece("low", Role.STRONG)), (Piece(low.account.name),), low_line)
    if first is None or first.out_ms is None:
        words = "all budgets last" if each else "no budget is set"
        return Tile(label, (Piece("nothing", Role.STRONG),), (Piece(words, Role.MUTED),))
    at = about(first.out_ms, seen.now_ms, seen.zone)
    return Tile(
        label,
        (Piece("▲ ", Role.WARN), Piece("in " + span(first.out_ms - seen.now_ms), Role.STRONG)),
        (Piece(first.account.name), Piece(f" ≈{at}", Role.MUTED)),
        (Piece(f"{rest(first.standing.available, first.standing.granted, first.account.unit)} left", Role.MUTED),),
    )
