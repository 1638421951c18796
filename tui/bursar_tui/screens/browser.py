"""Browser: a screen that is a list and what is known of the row at its cursor, beside it, below it or opened."""

from typing import Protocol, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, VerticalScroll

from bursar_tui.errands import Errand, T
from bursar_tui.ink import Line, kept, line
from bursar_tui.screens.screen import LiveScreen
from bursar_tui.seen import Seen, Seer
from bursar_tui.widgets.panel import Panel
from bursar_tui.widgets.row_list import ListRow, RowList


class Sender(Protocol):
    """The app, as far as a screen asks anything of the proxy."""

    def send(self, errand: Errand[T]) -> None: ...


class Browser(LiveScreen):
    """What is done here is done to what the cursor is at."""

    AUTO_FOCUS = "RowList"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (130, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]
    BINDINGS = [Binding("escape,backspace", "shut", "back")]

    def __init__(self) -> None:
        super().__init__()
        self.list = RowList(self.rows)
        self._about = VerticalScroll(Subject(self), id="about", can_focus=False)

    @property
    def seen(self) -> Seen:
        """What there is to see now."""
        return cast(Seer, self.app).seen

    def rows(self, seen: Seen, width: int) -> list[ListRow]:
        """The list."""
        raise NotImplementedError

    def detail(self, seen: Seen, row_id: str, width: int) -> list[Line]:
        """All there is to know about one row."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        """The list first."""
        with Container(id="browser"):
            yield self.list
            yield self._about

    def show(self, seen: Seen) -> None:
        """A list that teaches has the whole screen."""
        super().show(seen)
        self.set_class(seen.known and not self.list.cursor_id, "-nothing")

    @property
    def opened(self) -> bool:
        """Whether what the cursor is at has the whole screen."""
        return self.has_class("-opened")

    @on(RowList.Passed)
    def _passed(self) -> None:
        self._about.scroll_home(animate=False)
        self.again()
        self.refresh_bindings()

    @on(RowList.Opened)
    def _open(self) -> None:
        self.set_class(True, "-opened")
        self._about.can_focus = True
        self.set_focus(self._about)
        self.refresh_bindings()
        self.again()

    def action_shut(self) -> None:
        """Back to the list."""
        self.shut()

    def shut(self) -> None:
        """Back to the list."""
        self.set_class(False, "-opened")
        self.set_focus(self.list)
        self._about.can_focus = False
        self.refresh_bindings()
        self.again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is a way back only from what was opened."""
        del parameters
        return action != "shut" or self.opened

    def send(self, errand: Errand[T]) -> None:
        """Ask the proxy for something."""
        cast(Sender, self.app).send(errand)


class Subject(Panel):
    """What is known of the row at the cursor."""

    def __init__(self, browser: Browser) -> None:
        super().__init__()
        self._browser = browser

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """Nothing where there is no row."""
        del height
        row_id = self._browser.list.cursor_id
        lines = self._browser.detail(seen, row_id, width) if row_id else []
        return [line(kept(each.pieces, width)) for each in lines]
