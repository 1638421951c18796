"""Outcome: what came of the last thing that the user asked of the proxy, above the footer for a while."""

from bursar_tui.ink import Line, Piece, Role, line
from bursar_tui.seen import Seen
from bursar_tui.widgets.banner import wrapped
from bursar_tui.widgets.panel import Panel, spaced

_MARKS = {None: ("◌", Role.ACCENT), True: ("✓", Role.GOOD), False: ("✗", Role.BAD)}


class Outcome(Panel):
    """One sentence; not there while there is nothing to say."""

    DEFAULT_CSS = """
    Outcome { padding: 0 1; background: $panel; }
    """

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """`✓ Cap laptop-day has $1.00 more until 15:58.`"""
        del height
        if seen.told is None:
            return []
        glyph, role = _MARKS[seen.told.well]
        lines = [
            line(Piece(f"{glyph} " if first else "  ", role), Piece(part))
            for first, part in wrapped(seen.told.sentence, width - 2)
        ]
        return spaced(lines, max(1, self.app.size.height // 6))
