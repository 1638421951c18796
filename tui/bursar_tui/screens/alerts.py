"""Alerts: what was said without being asked and still stands, the latest first; each can be taken down here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from bursar.domain.alert import Alert
from bursar_tui.ink import BLANK, Ground, Line, Piece, Role, cropped, line
from bursar_tui.marks import urgency_mark
from bursar_tui.screens.dialog import Dialog, Said, as_command, keys_line
from bursar_tui.screens.screen import Command

_WIDTH = 50
"""How much of a sentence stands in its row; all of it is below."""
_MOST_ROWS = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of alerts: to take down that of a cause, or (where it is empty) all; or a test of the ways."""

    cause: str = ""
    test: bool = False


class AlertList(Dialog[Wish]):
    """Answered with what is wanted."""

    AUTO_FOCUS = ""
    commands = (
        Command("x", "take the one at the cursor down", "bursar alerts dismiss CAUSE"),
        Command("X", "take all of them down", "bursar alerts dismiss --all"),
        Command("v", "try whether alerts arrive, by every way there is", "bursar alerts test"),
    )
    BINDINGS = [
        Binding("up,k", "move(-1)", "up"),
        Binding("down,j", "move(1)", "down"),
        Binding("x,delete", "down", "take it down"),
        Binding("X", "all", "all of them"),
        Binding("v", "test", "test"),
        Binding("escape,q,enter,exclamation_mark", "leave", "close"),
    ]

    def __init__(self, standing: Sequence[Alert], zone: tzinfo) -> None:
        super().__init__()
        self._alerts, self._zone, self._place = list(reversed(standing)), zone, 0
        self._said = Said(self._lines())

    def compose(self) -> ComposeResult:
        """Its lines, scrolled where the terminal is small."""
        with VerticalScroll(id="dialog", can_focus=False):
            yield self._said

    def _lines(self) -> list[Line]:
        if not self._alerts:
            return [
                line(Piece("Alerts", Role.STRONG)),
                BLANK,
                line(Piece("No alert stands. Each is said once: here, and by the ways named in [alerts].")),
                BLANK,
                as_command("bursar alerts test"),
                BLANK,
                keys_line(("v", "tests whether alerts arrive", "screen.test"), ("esc", "closes", "screen.leave")),
            ]
        first = max(0, min(self._place - _MOST_ROWS // 2, len(self._alerts) - _MOST_ROWS))
        shown = range(first, min(first + _MOST_ROWS, len(self._alerts)))
        at = self._alerts[self._place]
        return [
            line(Piece("Alerts", Role.STRONG), Piece(f"  {_stand(len(self._alerts))}", Role.MUTED)),
            BLANK,
            *(self._row(place) for place in shown),
            BLANK,
            line(Piece(at.sentence)),
            BLANK,
            as_command(f"bursar alerts dismiss {at.cause}"),
            BLANK,
            keys_line(
                ("x", "takes it down", "screen.down"),
                ("X", "all", "screen.all"),
                ("v", "tests", "screen.test"),
                ("esc", "closes", "screen.leave"),
            ),
        ]

    def _row(self, place: int) -> Line:
        alert, here = self._alerts[place], place == self._place
        mark, action = urgency_mark(alert.urgency), f"screen.pick({place})"
        at = datetime.fromtimestamp(alert.at_ms / 1000, self._zone)
        return line(
            Piece("▸ " if here else "  ", Role.KEY, action),
            Piece(f"{at:%d %b %H:%M}  ", Role.MUTED, action),
            Piece(f"{mark.glyph} ", mark.role, action),
            Piece(cropped(alert.sentence, _WIDTH), Role.STRONG if here else Role.TEXT, action),
            ground=Ground.CURSOR if here else Ground.PLAIN,
        )

    def action_move(self, rows: int) -> None:
        """Up or down, round and round."""
        if self._alerts:
            self.action_pick((self._place + rows) % len(self._alerts))

    def action_pick(self, place: int) -> None:
        """That one."""
        self._place = place
        self._said.say(self._lines())

    def action_down(self) -> None:
        """Take this one down."""
        if self._alerts:
            self.dismiss(Wish(self._alerts[self._place].cause))

    def action_all(self) -> None:
        """Take all down."""
        if self._alerts:
            self.dismiss(Wish())

    def action_test(self) -> None:
        """Try whether they arrive."""
        self.dismiss(Wish(test=True))


def _stand(count: int) -> str:
    return "1 stands" if count == 1 else f"{count} stand"
