"""Lines: a widget drawn from lines of ink that repaints the columns that changed and nothing else."""

from itertools import zip_longest
from typing import Protocol, cast

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from bursar.contract.shown import shown
from bursar_tui.ink import BLANK, Line, Role, columns_of, kept, width_of
from bursar_tui.themes import Palette


class Inked(Protocol):
    """An app that says how roles look."""

    palette: Palette


class Lines(Widget):
    """Draws what `draw` returns; with `height: auto` it is as high as its lines are many."""

    DEFAULT_CSS = """
    Lines { height: auto; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._drawn: list[Line] = []

    def draw(self, size: Size) -> list[Line]:
        """The lines to show in `size`; its height is 0 where the widget is as high as it likes."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw again and repaint what differs."""
        if not self.is_attached or not self.size.width:
            return
        before, self._drawn = self._drawn, self.draw(self.size)
        if len(before) != len(self._drawn) and self.styles.is_auto_height:
            self.refresh(layout=True)
            return
        regions = changes(before, self._drawn, self.size.width)
        if regions:
            self.refresh(*regions)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are lines."""
        return len(self.draw(Size(width, 0)))

    def on_resize(self, event: events.Resize) -> None:
        """A new size is a new drawing; what it has in common with the one before has been painted with the layout."""
        del event
        before, self._drawn = self._drawn, self.draw(self.size)
        regions = changes(before, self._drawn, self.size.width)
        if regions:
            self.refresh(*regions)

    def on_click(self, event: events.Click) -> None:
        """Run the action of the piece that was clicked."""
        at = event.get_content_offset(self)
        if at is not None and at.y < len(self._drawn):
            action = action_at(self._drawn[at.y], at.x)
            if action:
                event.stop()
                self.call_later(self.run_action, action)

    def render_line(self, y: int) -> Strip:
        """One row of the widget."""
        line = self._drawn[y] if y < len(self._drawn) else Line()
        return strip_of(line, self.size.width, self)


def strip_of(line: Line, width: int, widget: Widget) -> Strip:
    """A line in the looks of the theme. Whatever its pieces hold, nothing in them acts on the terminal."""
    palette = cast(Inked, widget.app).palette
    base = widget.visual_style.rich_style
    if columns_of(line.pieces) > width:
        line = line._replace(pieces=kept(line.pieces, width))
    segments = [Segment(text, base + palette[role, line.ground]) for text, role in _runs(line)]
    return Strip(segments).adjust_cell_length(width, base + palette[Role.TEXT, line.ground])


def _runs(line: Line) -> list[tuple[str, Role]]:
    """Pieces of one look together; blanks look like what they follow, so that few looks go over the line."""
    runs: list[tuple[str, Role]] = []
    for piece in line.pieces:
        text = shown(piece.text)
        if runs and (piece.role is runs[-1][1] or (text.isspace() and runs[-1][1] is not Role.TAB)):
            runs[-1] = (runs[-1][0] + text, runs[-1][1])
        else:
            runs.append((text, piece.role))
    return runs


def changes(before: list[Line], after: list[Line], width: int) -> list[Region]:
    """Where two drawings differ: one region for each line that does, because each would be painted from its left."""
    regions: list[Region] = []
    for y, (old, new) in enumerate(zip_longest(before, after, fillvalue=BLANK)):
        if old != new:
            start, end = changed_columns(old, new, width)
            regions.append(Region(start, y, end - start, 1))
    return regions


def changed_columns(old: Line, new: Line, width: int) -> tuple[int, int]:
    """From the first piece that differs to the end of the last one, where the pieces stand in the same places."""
    widths = [width_of(piece.text) for piece in new.pieces]
    if old.ground is not new.ground or widths != [width_of(piece.text) for piece in old.pieces]:
        return 0, width
    differ = [place for place, (one, other) in enumerate(zip(old.pieces, new.pieces, strict=True)) if one != other]
    return sum(widths[: differ[0]]), sum(widths[: differ[-1] + 1])


def action_at(line: Line, x: int) -> str:
    """The action of the piece at column `x`."""
    column = 0
    for piece in line.pieces:
        column += width_of(piece.text)
        if x < column:
            return piece.action
    return ""
