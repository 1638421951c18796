"""KeyShown: a new client key, the only time that it is shown; copied to the clipboard by the terminal itself."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from bursar.contract.commands import KeyIssued
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.screens.dialog import Dialog, Said, keys_line


class KeyShown(Dialog[None]):
    """Left with Escape alone, so that a key pressed too often does not take it away unread."""

    AUTO_FOCUS = ""
    BINDINGS = [Binding("c", "copy", "copy"), Binding("escape", "leave", "close")]

    def __init__(self, issued: KeyIssued, public_url: str) -> None:
        super().__init__()
        self._issued, self._url = issued, public_url
        self._said = Said(self._lines(copied=False))

    def compose(self) -> ComposeResult:
        """Its lines, scrolled where the terminal is small."""
        with VerticalScroll(id="dialog", can_focus=False):
            yield self._said

    def _lines(self, *, copied: bool) -> list[Line]:
        note = "Handed to the terminal (OSC 52). If it does not paste, select it." if copied else ""
        return [
            line(Piece(f"This is the key {self._issued.name}", Role.STRONG)),
            line(Piece("It is kept nowhere and is not shown again.", Role.WARN)),
            BLANK,
            line(Piece("key       ", Role.MUTED), Piece(self._issued.key, Role.ACCENT)),
            line(Piece("base URL  ", Role.MUTED), Piece(self._url, Role.ACCENT)),
            BLANK,
            line(Piece("✓ ", Role.GOOD), Piece(note)) if note else BLANK,
            BLANK,
            keys_line(("c", "copies the key", "screen.copy"), ("esc", "closes this for good", "screen.leave")),
        ]

    def action_copy(self) -> None:
        """Hand the key to the terminal's clipboard."""
        self.app.copy_to_clipboard(self._issued.key)
        self._said.say(self._lines(copied=True))
