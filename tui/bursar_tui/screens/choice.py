"""Choice: a few ways to do one thing; Enter takes the one at the cursor, the first at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from bursar_tui.ink import BLANK, Ground, Line, Piece, Role, left, line
from bursar_tui.screens.dialog import Dialog, Said, as_command, keys_line

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One way: what it is, what comes of it, and the command that does the same."""

    value: T
    what: str
    about: str = ""
    command: str = ""


class Choice(Dialog[T]):
    """Answered with the value of an option."""

    AUTO_FOCUS = ""
    BINDINGS = [
        Binding("enter", "take", "take it"),
        Binding("up,k", "move(-1)", "up"),
        Binding("down,j,tab", "move(1)", "down"),
        Binding("escape,q", "leave", "leave it"),
        *(Binding(str(number), f"pick({number - 1})", "that one") for number in range(1, 10)),
    ]

    def __init__(self, title: str, about: str, options: Sequence[Option[T]]) -> None:
        super().__init__()
        self._title, self._subject, self._options = title, about, options
        self._place = 0
        self._said = Said(self._lines())

    def compose(self) -> ComposeResult:
        """Its lines, scrolled where the terminal is small."""
        with VerticalScroll(id="dialog", can_focus=False):
            yield self._said

    def _lines(self) -> list[Line]:
        lines = [line(Piece(self._title, Role.STRONG))]
        if self._subject:
            lines.append(line(Piece(self._subject, Role.MUTED)))
        lines.append(BLANK)
        for place, option in enumerate(self._options):
            at = place == self._place
            action = f"screen.pick({place})"
            lines.append(
                line(
                    Piece("▸ " if at else "  ", Role.KEY, action),
                    Piece(f"{place + 1}  ", Role.MUTED, action),
                    Piece(left(option.what, 24), Role.STRONG if at else Role.TEXT, action),
                    Piece(f" {option.about}", Role.MUTED, action),
                    ground=Ground.CURSOR if at else Ground.PLAIN,
                )
            )
        command = self._options[self._place].command
        return [
            *lines,
            BLANK,
            as_command(command) if command else BLANK,
            BLANK,
            keys_line(("enter", "does it", "screen.take"), ("esc", "leaves it", "screen.leave")),
        ]

    def action_move(self, rows: int) -> None:
        """Up or down, round and round."""
        self._place = (self._place + rows) % len(self._options)
        self._said.say(self._lines())

    def action_take(self) -> None:
        """This one."""
        self.dismiss(self._options[self._place].value)

    def action_pick(self, place: int) -> None:
        """That one."""
        if place < len(self._options):
            self.dismiss(self._options[place].value)
