"""Compared: two texts line by line: what only the one has, and what only the other."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.screens.dialog import Dialog, Said, keys_line

MOST_LINES = 2_000


class Compared(Dialog[None]):
    """A page to scroll."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS = [Binding("escape,q,enter", "leave", "close")]

    def __init__(self, difference: Sequence[str]) -> None:
        super().__init__()
        lines = [_line(each) for each in difference[:MOST_LINES]] or [line(Piece("They are the same.", Role.MUTED))]
        if len(difference) > MOST_LINES:
            lines.append(line(Piece(f"… and {len(difference) - MOST_LINES} lines more", Role.MUTED)))
        self._said = Said([*lines, BLANK, keys_line(("esc", "closes it", "screen.leave"))])

    def compose(self) -> ComposeResult:
        """Its lines, scrolled where the terminal is small."""
        with VerticalScroll(id="dialog"):
            yield self._said


def _line(text: str) -> Line:
    role = {"+": Role.GOOD, "-": Role.BAD, "@": Role.ACCENT}.get(text[:1], Role.MUTED)
    return line(Piece(text, role))
