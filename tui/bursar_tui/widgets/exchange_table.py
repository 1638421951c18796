"""ExchangeTable: exchanges as rows, each changed by its id and never rebuilt; only what changed is painted."""

from collections.abc import Callable, Sequence

from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bursar.contract.snapshot import ExchangeView
from bursar_tui.ink import BLANK, Ground, Line
from bursar_tui.seen import Seen
from bursar_tui.widgets.columns import Column, Fitted, fitted, row, titles
from bursar_tui.widgets.exchange_columns import Row
from bursar_tui.widgets.lines import changes, strip_of

Choose = Callable[[Seen], list[ExchangeView]]
"""Which exchanges are shown, and in which order."""

Teach = Callable[[Seen, int], list[Line]]
"""What stands there, in a given width, while there is none."""


class ExchangeTable(ScrollView, can_focus=True):
    """A list with a cursor. The cursor stays at its exchange; at the top, it stays at the top."""

    DEFAULT_CSS = """
    ExchangeTable { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    BINDINGS = [
        Binding("enter", "open", "open"),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False),
        Binding("pagedown,ctrl+f,space", "page(1)", "page down", show=False),
        Binding("home,g", "jump(0)", "newest", show=False),
        Binding("end,G", "jump(-1)", "oldest", show=False),
    ]

    class Opened(Message):
        """An exchange was chosen."""

        def __init__(self, exchange_id: str) -> None:
            super().__init__()
            self.exchange_id = exchange_id

    class Passed(Message):
        """The cursor is at another exchange."""

        def __init__(self, exchange_id: str) -> None:
            super().__init__()
            self.exchange_id = exchange_id

    def __init__(self, columns: Sequence[Column[Row]], choose: Choose, teach: Teach) -> None:
        super().__init__(classes="live")
        self._columns = columns
        self._choose = choose
        self._teach = teach
        self._seen: Seen | None = None
        self._fitted: list[Fitted[Row]] = []
        self._ids: list[str] = []
        self._ended: dict[tuple[object, ...], Line] = {}
        self._drawn: list[Line] = []
        self._chosen: str | None = None
        self._passed: str | None = None

    @property
    def room(self) -> Size:
        """What is left beside the scrollbar."""
        return self.scrollable_content_region.size

    @property
    def cursor_id(self) -> str | None:
        """The exchange at the cursor."""
        return self._ids[self._place] if self._ids else None

    def show(self, seen: Seen) -> None:
        """Draw what is seen now."""
        self._seen = seen
        if not self.is_attached or not self.room.width:
            return
        before, was = self._drawn, self._place
        self._drawn = self._draw(seen)
        self._take_room(Size(self.room.width, len(self._drawn)))
        if round(self.scroll_y) and self._place != was:
            # Calls that arrive above what is being looked at do not push it away.
            self.scroll_to(y=round(self.scroll_y) + self._place - was, animate=False)
        top = round(self.scroll_y)
        self._refresh_changes(self._visible(before, top), self._visible(self._drawn, top))
        if self.cursor_id is not None and self.cursor_id != self._passed:
            self._passed = self.cursor_id
            self.post_message(self.Passed(self.cursor_id))

    def _take_room(self, wanted: Size) -> None:
        """So much there is to scroll through. One row more or less moves nothing but the thumb of the scrollbar; a
        whole new arrangement of the screen, which costs more than all else, is asked for where a scrollbar comes."""
        if wanted == self.virtual_size:
            return
        overflows = wanted.height > self.container_size.height
        if wanted.width != self.virtual_size.width or overflows != self.show_vertical_scrollbar:
            self.virtual_size = wanted
            return
        self.set_reactive(ScrollView.virtual_size, wanted)
        if overflows:
            self.vertical_scrollbar.window_virtual_size = wanted.height

    def _draw(self, seen: Seen) -> list[Line]:
        """The titles and a row for each exchange; a row that says how a call ended is made once for what it came to."""
        exchanges = self._choose(seen)
        self._ids = [exchange.id for exchange in exchanges]
        if not exchanges:
            self._ended = {}
            return self._teach(seen, self.room.width)
        known, self._ended = self._ended, {}
        rows = [titles(self._fitted)]
        for exchange in exchanges:
            what = (exchange.outcome, exchange.cost_nano, exchange.completion_tokens, len(exchange.attempts))
            drawn = known.get((exchange.id, *what))
            if drawn is None:
                drawn = row(self._fitted, Row(exchange, seen.now_ms, seen.zone))
            if exchange.outcome is not None:
                self._ended[exchange.id, *what] = drawn
            rows.append(drawn)
        ground = Ground.CURSOR if self.has_focus else Ground.RESTING
        rows[self._place + 1] = rows[self._place + 1]._replace(ground=ground)
        return rows

    @property
    def _place(self) -> int:
        """Where the cursor is: at the exchange it was put on, or at the top."""
        return self._ids.index(self._chosen) if self._chosen in self._ids else 0

    def _visible(self, lines: list[Line], top: int) -> list[Line]:
        """The titles, which stay, and the rows scrolled into view."""
        return lines[:1] + lines[top + 1 : top + self.room.height]

    def _refresh_changes(self, before: list[Line], after: list[Line]) -> None:
        regions = changes(before, after, self.room.width)
        if regions:
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """One row of the widget."""
        visible = self._visible(self._drawn, round(self.scroll_y))
        return strip_of(visible[y] if y < len(visible) else BLANK, self.room.width, self)

    def on_resize(self, event: events.Resize) -> None:
        """Another width fits other columns."""
        del event
        self._fitted = fitted(self._columns, self.room.width)
        self._ended = {}
        self.refresh()
        self._again()

    def on_focus(self) -> None:
        """The cursor is where the keys go."""
        self._again()

    def on_blur(self) -> None:
        """The keys go elsewhere."""
        self._again()

    def _again(self) -> None:
        if self._seen is not None:
            self.show(self._seen)

    def _go(self, place: int) -> None:
        """Put the cursor on a row and bring the row into view."""
        if not self._ids:
            return
        place = max(0, min(place, len(self._ids) - 1))
        self._chosen = self._ids[place] if place else None
        height = self.room.height - 1
        top = round(self.scroll_y)
        if place < top:
            self.scroll_to(y=place, animate=False)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False)
        self._again()

    def action_move(self, rows: int) -> None:
        """Up or down by some rows."""
        self._go(self._place + rows)

    def action_page(self, pages: int) -> None:
        """Up or down by what is in view."""
        self._go(self._place + pages * max(1, self.room.height - 2))

    def action_jump(self, place: int) -> None:
        """To the first row, or (-1) to the last."""
        self._go(place if place >= 0 else len(self._ids) - 1)

    def action_open(self) -> None:
        """Open what is at the cursor."""
        if self.cursor_id is not None:
            self.post_message(self.Opened(self.cursor_id))

    def on_click(self, event: events.Click) -> None:
        """A click chooses a row, a second one opens it."""
        at = event.get_content_offset(self)
        if at is None or at.y == 0:
            return
        place = at.y - 1 + round(self.scroll_y)
        if place < len(self._ids):
            again = place == self._place
            self._go(place)
            if again and event.chain > 1:
                self.action_open()
