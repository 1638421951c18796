"""SpokenLines: what a command said, shown as it is: every line whole, with its indent, and nothing in it that acts."""

from collections.abc import Iterable, Iterator

from rich.cells import chop_cells
from textual.geometry import Size

from bursar.contract.shown import shown
from bursar_tui.ink import Line, Piece, Role, line, width_of
from bursar_tui.running import Spoken
from bursar_tui.widgets.lines import Lines

_MARKS = {"✓": Role.GOOD, "●": Role.GOOD, "✗": Role.BAD, "▲": Role.WARN, "·": Role.MUTED}
_DIFFERENCE = {"+": Role.GOOD, "-": Role.BAD, "@": Role.ACCENT, " ": Role.MUTED}


class SpokenLines(Lines):
    """`differs` says that what is said is the difference between two texts."""

    def __init__(self) -> None:
        super().__init__()
        self.differs = False
        self._spoken: tuple[Spoken, ...] = ()
        self._folded: dict[Spoken, list[Line]] = {}
        self._folded_for = (0, False)

    def say(self, spoken: Iterable[Spoken]) -> None:
        """Show these."""
        self._spoken = tuple(spoken)
        self.redraw()

    def draw(self, size: Size) -> list[Line]:
        """Each in as many lines as it takes."""
        if self._folded_for != (size.width, self.differs):
            self._folded, self._folded_for = {}, (size.width, self.differs)
        lines: list[Line] = []
        for each in self._spoken:
            known = self._folded.get(each)
            if known is None:
                role = role_of(each, differs=self.differs)
                known = [line(Piece(part, role)) for part in folded(shown(each.text), size.width)]
                self._folded[each] = known
            lines += known
        return lines


def role_of(spoken: Spoken, *, differs: bool) -> Role:
    """A mark at the beginning says how a line is meant; what is complained about is told apart."""
    first = spoken.text[:1]
    if differs and not spoken.complains:
        return _DIFFERENCE.get(first, Role.TEXT)
    return _MARKS.get(first, Role.WARN if spoken.complains else Role.TEXT)


def folded(text: str, width: int) -> Iterator[str]:
    """A text in lines of `width` columns, cut between words where there are any; what goes on is set in."""
    width = max(width, 4)
    indent = " " * min(len(text) - len(text.lstrip(" ")) + 2, width // 3)
    while width_of(text) > width:
        part = chop_cells(text[: width + 1], width)[0]
        space = part.rfind(" ", len(indent) + 1)
        cut = space + 1 if space > len(part) // 2 else len(part)
        yield text[:cut].rstrip(" ")
        text = indent + text[cut:]
    yield text
