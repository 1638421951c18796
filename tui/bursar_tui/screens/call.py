"""Call: one call opened: its attempts, what they cost, who paid, and why it went elsewhere."""

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from bursar.contract.snapshot import ExchangeView
from bursar_tui.screens.screen import LiveScreen
from bursar_tui.widgets.exchange_detail import ExchangeDetail


class Call(LiveScreen):
    """One exchange, live while it runs; it belongs to the screen on which it was opened."""

    AUTO_FOCUS = "VerticalScroll"
    BINDINGS = [Binding("escape,backspace,enter", "close", "back")]

    def __init__(self, exchange_id: str, tab: str, kept: ExchangeView | None = None) -> None:
        self.TAB = tab
        super().__init__()
        self._exchange_id = exchange_id
        self._kept = kept

    def body(self) -> ComposeResult:
        """The detail, scrolled where it is long."""
        with VerticalScroll(id="call"):
            yield ExchangeDetail(self._exchange_id, self._kept)

    def action_close(self) -> None:
        """Back to where it was opened."""
        self.app.pop_screen()
