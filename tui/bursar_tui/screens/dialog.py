"""Dialog: a page over the screen in view that asks one thing; whatever it says is drawn as plain text."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from textual.geometry import Size
from textual.screen import ModalScreen

from bursar_tui.ink import Line, Piece, Role, columns_of, line
from bursar_tui.widgets.banner import wrapped
from bursar_tui.widgets.lines import Lines

R = TypeVar("R")


class Dialog(ModalScreen[R | None]):
    """Answered, or left with None."""

    def again(self) -> None:
        """Something is seen otherwise now; most dialogs are about what they were opened on."""

    def action_leave(self) -> None:
        """Nothing is done."""
        self.dismiss(None)


class Said(Lines):
    """Lines that are handed over."""

    def __init__(self, lines: "list[Line] | None" = None) -> None:
        super().__init__()
        self._lines = lines or []

    def say(self, lines: list[Line]) -> None:
        """Say something else."""
        self._lines = lines
        self.redraw()

    def draw(self, size: Size) -> list[Line]:
        """What was handed over, sentences in as many lines as they take."""
        return [part for each in self._lines for part in in_width(each, size.width)]


def in_width(each: Line, width: int) -> Iterator[Line]:
    """A line of one piece is wrapped, any other is as it is."""
    if len(each.pieces) != 1:
        yield each
        return
    piece = each.pieces[0]
    for _, part in wrapped(piece.text, width):
        yield line(piece._replace(text=part))


def as_command(command: str) -> Line:
    """The command that does the same."""
    return line(Piece(command, Role.ACCENT))


def keys_lines(keys: Sequence[tuple[str, str, str]], width: int) -> list[Line]:
    """The same in as many lines as they take."""
    rows: list[list[tuple[str, str, str]]] = [[]]
    for each in keys:
        if rows[-1] and columns_of(keys_line(*rows[-1], each).pieces) > width:
            rows.append([])
        rows[-1].append(each)
    return [keys_line(*row) for row in rows]


def keys_line(*keys: tuple[str, str, str]) -> Line:
    """`enter does it   esc leaves it`: a key, what it does, and the action of a click on it."""
    pieces: list[Piece] = []
    for key, what, action in keys:
        pieces += [Piece("   " if pieces else ""), Piece(key, Role.KEY, action), Piece(f" {what}", Role.MUTED, action)]
    return line(*pieces)
