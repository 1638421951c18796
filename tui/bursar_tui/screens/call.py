"""Call: one call opened: its attempts, what they cost, who paid, and why it went elsewhere."""

from typing import cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll

from bursar.contract.snapshot import ExchangeView
from bursar_tui.screens.browser import Sender
from bursar_tui.screens.content import content_errand
from bursar_tui.screens.screen import Command, LiveScreen
from bursar_tui.widgets.exchange_detail import ExchangeDetail


class Call(LiveScreen):
    """One exchange, live while it runs; it belongs to the screen on which it was opened."""

    AUTO_FOCUS = "VerticalScroll"
    commands = (
        Command("c", "what was asked and answered, where its key has that kept", "bursar log --id ID --content"),
    )
    BINDINGS = [Binding("c", "read", "content"), Binding("escape,backspace,enter", "close", "back")]

    def __init__(self, exchange_id: str, tab: str, kept: ExchangeView | None = None) -> None:
        self.TAB = tab
        super().__init__()
        self._exchange_id = exchange_id
        self._kept = kept

    def body(self) -> ComposeResult:
        """The detail, scrolled where it is long."""
        with VerticalScroll(id="call"):
            yield ExchangeDetail(self._exchange_id, self._kept)

    def action_read(self) -> None:
        """What was asked and answered in it."""
        cast(Sender, self.app).send(content_errand(self.app, self._exchange_id, self.TAB))

    def action_close(self) -> None:
        """Back to where it was opened."""
        self.app.pop_screen()
