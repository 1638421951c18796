"""Confirm: asked before something is lost; only `y` does it."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from bursar_tui.ink import BLANK, Piece, Role, line
from bursar_tui.screens.dialog import Dialog, Said, as_command, keys_line


class Confirm(Dialog[bool]):
    """Answered with True, or left."""

    AUTO_FOCUS = ""
    BINDINGS = [Binding("y", "accept", "yes"), Binding("escape,n,q,enter", "leave", "no")]

    def __init__(self, title: str, lost: Sequence[str], command: str) -> None:
        super().__init__()
        self._said = Said(
            [
                line(Piece(title, Role.STRONG)),
                BLANK,
                *(line(Piece(each)) for each in lost),
                BLANK,
                as_command(command),
                BLANK,
                keys_line(("y", "does it", "screen.accept"), ("esc", "leaves it", "screen.leave")),
            ]
        )

    def compose(self) -> ComposeResult:
        """Its lines, scrolled where the terminal is small."""
        with VerticalScroll(id="dialog", can_focus=False):
            yield self._said

    def action_accept(self) -> None:
        """Do it."""
        self.dismiss(True)
