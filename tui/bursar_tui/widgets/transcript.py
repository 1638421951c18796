"""Transcript: a conversation as it grows, drawn literally; only what is in view is painted, some times a second."""

from dataclasses import dataclass, field

from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from bursar_tui.flow import Flow
from bursar_tui.ink import BLANK, Line, Role
from bursar_tui.widgets.lines import strip_of

LONGEST_ROW = 110
"""Columns: longer rows are hard to read."""
REPAINT_S = 0.08
"""How long what comes waits to be painted together with more."""


@dataclass(slots=True)
class Block:
    """A text in one role. In an answer, blocks of code are told apart; it `goes_on` as more of it comes."""

    role: Role
    code: bool = False
    goes_on: bool = False
    pieces: list[str] = field(default_factory=list)


class Transcript(ScrollView, can_focus=True):
    """Blocks of text, the last of which grows. It follows the end unless somebody scrolls up."""

    DEFAULT_CSS = """
    Transcript { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; scrollbar-gutter: stable; padding: 0 1; }
    """

    BINDINGS = [
        Binding("up,k", "scroll_up", "up", show=False),
        Binding("down,j", "scroll_down", "down", show=False),
        Binding("pageup,ctrl+b", "page_up", "page up", show=False),
        Binding("pagedown,ctrl+f,space", "page_down", "page down", show=False),
        Binding("home,g", "scroll_home", "top", show=False),
        Binding("end,G", "scroll_end", "end", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._teaching: list[Line] = []
        self._rows: list[Line] = []
        self._flow: Flow | None = None
        self._width = 0
        self._waiting: list[str] = []
        self._due: Timer | None = None

    def say(self, text: str, role: Role = Role.TEXT, *, code: bool = False) -> None:
        """A new block at the end."""
        self._take_waiting()
        self.blocks.append(Block(role, code))
        self._begin(self.blocks[-1])
        self.grow(text)

    def grow(self, text: str) -> None:
        """More of the last block."""
        if not self.blocks:
            return
        self.blocks[-1].pieces.append(text)
        self._waiting.append(text)
        if self._due is None and self.is_attached:
            self._due = self.set_timer(REPAINT_S, self._paint)

    def go_on(self, text: str, role: Role, *, code: bool = False) -> None:
        """More of the last block where that is of this kind, else a new one."""
        if self.blocks and self.blocks[-1].goes_on and (self.blocks[-1].role, self.blocks[-1].code) == (role, code):
            self.grow(text)
        else:
            self.say(text, role, code=code)
            self.blocks[-1].goes_on = True

    def follow(self) -> None:
        """To the end, and on with it."""
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def cut(self, blocks: int) -> None:
        """Keep so many blocks; none at all is a new beginning."""
        del self.blocks[blocks:]
        self._again()

    def teach(self, lines: list[Line]) -> None:
        """What stands here while nothing has been said."""
        if lines != self._teaching:
            self._teaching = lines
            if not self.blocks:
                self.refresh()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def _begin(self, block: Block) -> None:
        self._flow = Flow(self._width, block.role, code=block.code)
        self._rows.append(BLANK)

    def _take_waiting(self) -> None:
        """Fold what waits: the last row changes, and others come after it."""
        waiting, self._waiting = "".join(self._waiting), []
        if waiting and self._flow is not None and self._width:
            self._flow.add(waiting)
            self._rows[-1:] = self._flow.rows
            # What is final is kept here alone.
            del self._flow.rows[:-1]

    def _paint(self) -> None:
        """Show what has come."""
        self._due = None
        before, followed = len(self._rows), self._at_end
        first = max(0, before - 1)
        self._take_waiting()
        self._resize(followed)
        top = round(self.scroll_y)
        if len(self._rows) == before and first >= top:
            self.refresh(Region(0, first - top, self.scrollable_content_region.width, 1))
        else:
            self.refresh()

    def _resize(self, followed: bool) -> None:
        wanted = Size(self._width, len(self._rows))
        if self.virtual_size != wanted:
            self.virtual_size = wanted
            if followed:
                self.scroll_to(y=self.max_scroll_y, animate=False, force=True, immediate=True)

    @property
    def _room(self) -> int:
        """The columns of a row."""
        return min(self.scrollable_content_region.width, LONGEST_ROW)

    @property
    def _at_end(self) -> bool:
        return self.scroll_target_y >= self.max_scroll_y - 1

    def _again(self) -> None:
        """Fold everything anew: for another width, or where something was taken away."""
        followed, self._width = self._at_end, self._room
        self._rows, self._flow, self._waiting = [], None, []
        if not self._width:
            return
        for block in self.blocks:
            self._begin(block)
            self._waiting = ["".join(block.pieces)]
            self._take_waiting()
        self._resize(followed)
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Another width folds otherwise."""
        del event
        if self._room != self._width:
            self._again()
        elif self._at_end:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        """One row of the widget."""
        rows = self._rows if self.blocks else self._teaching
        place = y + round(self.scroll_y) if self.blocks else y
        return strip_of(rows[place] if place < len(rows) else BLANK, self.scrollable_content_region.width, self)
