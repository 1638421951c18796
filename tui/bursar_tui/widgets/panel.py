"""Panel: lines that are a function of what is seen."""

from textual.geometry import Size

from bursar_tui.ink import Line, Piece, Role, columns_of, kept, line
from bursar_tui.seen import Seen
from bursar_tui.widgets.lines import Lines


class Panel(Lines):
    """A part of a screen: `show` is called with each change, `picture` says what it looks like."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=f"live {classes or ''}")
        self.seen: Seen | None = None

    def show(self, seen: Seen) -> None:
        """Draw what is seen now."""
        self.seen = seen
        self.redraw()

    def draw(self, size: Size) -> list[Line]:
        """Nothing before the first state is known."""
        return self.picture(self.seen, size.width, size.height) if self.seen is not None and size.width else []

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """The lines for a width and a height; a height of 0 leaves it to the panel."""
        raise NotImplementedError


def heading(title: str, detail: tuple[Piece, ...], width: int) -> Line:
    """The first line of a section: its title, what it adds up to, and a rule to the edge."""
    start = (Piece(title, Role.STRONG), Piece("  "), *detail) if detail else (Piece(title, Role.STRONG),)
    start = kept(start, width)
    rule = "─" * max(0, width - columns_of(start) - 1)
    return line(start, Piece(f" {rule}", Role.FAINT)) if rule else line(start)


def spaced(rows: list[Line], height: int) -> list[Line]:
    """The rows that fit into `height`; where some do not, the last line says how many are missing."""
    if height <= 0 or len(rows) <= height:
        return rows
    missing = len(rows) - height + 1
    return [*rows[: height - 1], line(Piece(f"  … {missing} more", Role.MUTED))]
