"""ExchangeTable: exchanges as rows, each changed by its id and never rebuilt; only what changed is painted."""

from collections.abc import Callable, Sequence

from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from bursar.contract.snapshot import ExchangeView
from bursar_tui.ink import BLANK, Ground, Line, width_of
from bursar_tui.seen import Seen
from bursar_tui.widgets.columns import Column, Fitted, fitted, row, titles
from bursar_tui.widgets.exchange_columns import Row
from bursar_tui.widgets.lines import changes, strip_of

_MOST_MADE = 2_000
"""Rows that are kept once they are made."""

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
        self._widest: dict[str, tuple[int, Row]] = {}
        """By the title of a column the row that has had most to say in it since the table has this width."""
        self._measured: set[tuple[str, int]] = set()
        self._exchanges: list[ExchangeView] = []
        self._ids: list[str] = []
        self._taught: list[Line] = []
        self._ended: dict[tuple[object, ...], Line] = {}
        self._drawn: list[Line] = []
        self._drawn_from = 0
        self._at = 0
        self._chosen: str | None = None
        self._passed: str | None = None

    @property
    def room(self) -> Size:
        """What is left beside the scrollbar."""
        return self.scrollable_content_region.size

    @property
    def after_cursor(self) -> int:
        """How many rows there are below the cursor."""
        return max(0, len(self._ids) - 1 - self._at)

    @property
    def at_top(self) -> bool:
        """Whether the cursor is at the newest."""
        return self._at == 0

    @property
    def cursor_id(self) -> str | None:
        """The exchange at the cursor."""
        return self._ids[self._place] if self._ids else None

    def show(self, seen: Seen) -> None:
        """Draw what is seen now."""
        self._seen = seen
        if not self.is_attached or not self.room.width:
            return
        was = self._place
        self._exchanges = self._choose(seen)
        self._ids = [exchange.id for exchange in self._exchanges]
        self._at = self._place
        self._taught = [] if self._exchanges else self._teach(seen, self.room.width)
        self._take_room(Size(self.room.width, len(self._exchanges) + 1 if self._exchanges else len(self._taught)))
        if round(self.scroll_y) and self._at != was:
            # Calls that arrive above what is being looked at do not push it away.
            self.scroll_to(y=round(self.scroll_y) + self._at - was, animate=False)
        self._measure(seen)
        self._paint()
        if self.cursor_id is not None and self.cursor_id != self._passed:
            self._passed = self.cursor_id
            self.post_message(self.Passed(self.cursor_id))

    def _measure(self, seen: Seen) -> None:
        """Columns are as wide as what has been in view needs; they become wider, and not narrower while one looks."""
        top, wider = round(self.scroll_y), False
        for exchange in self._exchanges[top : top + self.room.height]:
            what = (exchange.id, len(exchange.attempts))
            if what in self._measured:
                continue
            if len(self._measured) >= _MOST_MADE:
                self._measured = set()
            self._measured.add(what)
            of = Row(exchange, seen.now_ms, seen.zone)
            for column in self._columns:
                said = min(column.most, width_of(column.cell(of, column.most).text))
                if said > self._widest.get(column.title, (column.least, of))[0]:
                    self._widest[column.title], wider = (said, of), True
        if wider or not self._fitted:
            self._fitted = fitted(self._columns, self.room.width, [of for _, of in self._widest.values()])
            self._ended = {}

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

    def _paint(self) -> None:
        """Paint what differs in view. Rows out of view are not made, so that ten thousand cost no more than forty."""
        top, before = round(self.scroll_y), self._drawn
        self._drawn = [self._line(y, top) for y in range(self.room.height)]
        if top != self._drawn_from:
            self._drawn_from = top
            self.refresh()
            return
        regions = changes(before, self._drawn, self.room.width)
        if regions:
            self.refresh(*regions)

    def _line(self, y: int, top: int) -> Line:
        """What is at a row of the widget: the titles, which stay, and below them a row for each exchange."""
        if not self._exchanges:
            return self._taught[y + top] if y + top < len(self._taught) else BLANK
        if y == 0:
            return titles(self._fitted)
        place = y - 1 + top
        if place >= len(self._exchanges):
            return BLANK
        drawn = self._row(self._exchanges[place])
        if place == self._at:
            return drawn._replace(ground=Ground.CURSOR if self.has_focus else Ground.RESTING)
        return drawn

    def _row(self, exchange: ExchangeView) -> Line:
        """A row; one that says how a call ended is made once for what it came to."""
        if self._seen is None:
            return BLANK
        if exchange.outcome is None:
            return row(self._fitted, Row(exchange, self._seen.now_ms, self._seen.zone))
        what = (exchange.id, exchange.outcome, exchange.cost_nano, exchange.completion_tokens, len(exchange.attempts))
        drawn = self._ended.get(what)
        if drawn is None:
            if len(self._ended) >= _MOST_MADE:
                self._ended = {}
            drawn = self._ended[what] = row(self._fitted, Row(exchange, self._seen.now_ms, self._seen.zone))
        return drawn

    @property
    def _place(self) -> int:
        """Where the cursor is: at the exchange it was put on, or at the top."""
        return self._ids.index(self._chosen) if self._chosen in self._ids else 0

    def render_line(self, y: int) -> Strip:
        """One row of the widget."""
        return strip_of(self._line(y, round(self.scroll_y)), self.room.width, self)

    def on_resize(self, event: events.Resize) -> None:
        """Another width fits other columns."""
        del event
        self._fitted, self._widest, self._measured = [], {}, set()
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
