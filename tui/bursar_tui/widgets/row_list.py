"""RowList: rows with a cursor that stays at what it was put on, wherever that moves; only what changed is painted."""

from collections.abc import Callable
from typing import NamedTuple

from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bursar_tui.ink import BLANK, Ground, Line
from bursar_tui.seen import Seen
from bursar_tui.widgets.lines import changes, strip_of


class ListRow(NamedTuple):
    """One line of the list; one without an id is passed over by the cursor."""

    line: Line
    id: str = ""


SHORT = 12
"""Below this height of the terminal there is no room for what the cursor passes over."""

Choose = Callable[[Seen, int], list[ListRow]]
"""The rows for a width. Where none has an id, they teach."""


class RowList(ScrollView, can_focus=True):
    """A list of anything. What the cursor is at never changes by itself while it is there."""

    DEFAULT_CSS = """
    RowList { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; padding: 0 1; }
    """

    BINDINGS = [
        Binding("enter", "open", "open"),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False),
        Binding("pagedown,ctrl+f,space", "page(1)", "page down", show=False),
        Binding("home,g", "jump(0)", "first", show=False),
        Binding("end,G", "jump(-1)", "last", show=False),
    ]

    class Opened(Message):
        """A row was chosen."""

        def __init__(self, row_id: str) -> None:
            super().__init__()
            self.row_id = row_id

    class Passed(Message):
        """The cursor is at another row."""

    def __init__(self, choose: Choose) -> None:
        super().__init__(classes="live")
        self._choose = choose
        self._seen: Seen | None = None
        self._rows: list[ListRow] = []
        self._drawn: list[Line] = []
        self._chosen = ""
        self._last = 0

    @property
    def room(self) -> Size:
        """What is left beside the scrollbar."""
        return self.scrollable_content_region.size

    @property
    def cursor_id(self) -> str:
        """What the cursor is at; empty where there is nothing."""
        return self._chosen

    def has(self, row_id: str) -> bool:
        """Whether there is such a row."""
        return any(row.id == row_id for row in self._rows)

    def put_at(self, row_id: str) -> None:
        """Put the cursor on a row that is there, or will be with what is shown next."""
        was, self._chosen = self._chosen, row_id
        self.again()
        if self._chosen != was and self.is_attached:
            self.post_message(self.Passed())

    def show(self, seen: Seen) -> None:
        """Draw what is seen now."""
        self._seen = seen
        if not self.is_attached or not self.room.width:
            return
        before, was = self._drawn, self._chosen
        self._rows = self._choose(seen, self.room.width)
        if self.app.size.height < SHORT and self._places:
            self._rows = [row for row in self._rows if row.id]
        self._stay()
        ground = Ground.CURSOR if self.has_focus else Ground.RESTING
        self._drawn = [
            row.line._replace(ground=ground) if row.id and row.id == self._chosen else row.line for row in self._rows
        ]
        wanted = Size(self.room.width, len(self._drawn))
        if self.virtual_size != wanted:
            self.virtual_size = wanted
        top = round(self.scroll_y)
        regions = changes(before[top : top + self.room.height], self._drawn[top : top + self.room.height], wanted.width)
        if regions:
            self.refresh(*regions)
        if self._chosen != was:
            self.post_message(self.Passed())

    def _stay(self) -> None:
        """Keep the cursor at its row; where that is gone, at the one that is now where it was."""
        places = self._places
        if not places:
            self._chosen = ""
            return
        ids = [self._rows[place].id for place in places]
        if self._chosen not in ids:
            self._chosen = ids[min(self._last, len(ids) - 1)]
        self._last = ids.index(self._chosen)

    @property
    def _places(self) -> list[int]:
        """The rows that the cursor may be at."""
        return [place for place, row in enumerate(self._rows) if row.id]

    def again(self) -> None:
        """Draw again."""
        if self._seen is not None:
            self.show(self._seen)

    def render_line(self, y: int) -> Strip:
        """One row of the widget."""
        place = y + round(self.scroll_y)
        return strip_of(self._drawn[place] if place < len(self._drawn) else BLANK, self.room.width, self)

    def on_resize(self, event: events.Resize) -> None:
        """Another width holds other columns."""
        del event
        self.refresh()
        self.again()

    def on_focus(self) -> None:
        """The cursor is where the keys go."""
        self.again()

    def on_blur(self) -> None:
        """The keys go elsewhere."""
        self.again()

    def _go(self, number: int) -> None:
        """Put the cursor on a row that it may be at, and bring that into view."""
        places = self._places
        if not places:
            return
        number = max(0, min(number, len(places) - 1))
        place, top, height = places[number], round(self.scroll_y), self.room.height
        if place < top or (number == 0 and top and place < height):
            # What stands above the first row comes into view with it.
            self.scroll_to(y=place if number else 0, animate=False)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False)
        self.put_at(self._rows[place].id)
        self.post_message(self.Passed())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is nothing, nothing can be opened."""
        del parameters
        return action != "open" or bool(self._chosen)

    def action_move(self, rows: int) -> None:
        """Up or down by some rows."""
        self._go(self._last + rows)

    def action_page(self, pages: int) -> None:
        """Up or down by what is in view."""
        self._go(self._last + pages * max(1, self.room.height - 1))

    def action_jump(self, number: int) -> None:
        """To the first row, or (-1) to the last."""
        self._go(number if number >= 0 else len(self._rows))

    def action_open(self) -> None:
        """Open what is at the cursor."""
        if self._chosen:
            self.post_message(self.Opened(self._chosen))

    def on_click(self, event: events.Click) -> None:
        """A click chooses a row, a second one opens it."""
        at = event.get_content_offset(self)
        if at is None:
            return
        place = at.y + round(self.scroll_y)
        if place < len(self._rows) and self._rows[place].id:
            again = self._rows[place].id == self._chosen
            self._go(self._places.index(place))
            if again and event.chain > 1:
                self.action_open()
