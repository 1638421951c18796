"""Form: a few lines to type into; what cannot be meant is said before anything is asked of the proxy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input

from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.screens.dialog import Dialog, Said, as_command, keys_line
from bursar_tui.widgets.one_line import OneLine

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Field:
    """One line: what is asked, what stands there at first, an example of what may, and whether nobody may read it."""

    label: str
    value: str = ""
    example: str = ""
    concealed: bool = False


Read = Callable[[Sequence[str]], tuple[T, str]]
"""What was typed, a text for each field, as the answer and the command that does the same. Raises ValueError."""


class Form(Dialog[T]):
    """Answered with what `read` makes of it."""

    AUTO_FOCUS = "Input"
    BINDINGS = [
        Binding("escape", "leave", "leave it"),
        Binding("down", "app.focus_next", "next", show=False),
        Binding("up", "app.focus_previous", "previous", show=False),
    ]

    def __init__(self, title: str, about: str, fields: Sequence[Field], read: Read[T]) -> None:
        super().__init__()
        self._title, self._subject, self._fields, self._read = title, about, fields, read
        self._inputs = [TypedLine(field.value, field.example, concealed=field.concealed) for field in fields]
        self._under = Said(self._verdict(complain=False))

    def compose(self) -> ComposeResult:
        """The fields, and under them the command or what is wrong."""
        head = [line(Piece(self._title, Role.STRONG))]
        if self._subject:
            head.append(line(Piece(self._subject, Role.MUTED)))
        with VerticalScroll(id="dialog", can_focus=False):
            yield Said(head)
            for field, typed in zip(self._fields, self._inputs, strict=True):
                with Horizontal(classes="field"):
                    yield Said([line(Piece(field.label, Role.MUTED))])
                    yield typed
            yield self._under

    def _answer(self) -> tuple[T, str]:
        return self._read([typed.value.strip() for typed in self._inputs])

    def _verdict(self, *, complain: bool) -> list[Line]:
        """The command that does the same, or why what stands there cannot be meant."""
        try:
            _, command = self._answer()
            verdict = as_command(command)
        except ValueError as error:
            verdict = line(Piece(f"{error}", Role.WARN if complain else Role.MUTED))
        return [
            BLANK,
            verdict,
            BLANK,
            keys_line(("enter", "does it", "screen.submit"), ("esc", "leaves it", "screen.leave")),
        ]

    @on(Input.Changed)
    def _typed(self) -> None:
        self._under.say(self._verdict(complain=False))

    @on(Input.Submitted)
    def action_submit(self) -> None:
        """Do it, unless it cannot be meant."""
        try:
            answer, _ = self._answer()
        except ValueError:
            self._under.say(self._verdict(complain=True))
            return
        self.dismiss(answer)


class TypedLine(OneLine):
    """One line of a form, an example of what may stand there, and whether it is shown as it is typed."""

    def __init__(self, value: str, example: str, *, concealed: bool = False) -> None:
        super().__init__(value, example, password=concealed)
