"""Overview: what runs now, what it costs, what is left, and when it runs out."""

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from bursar.contract.snapshot import ExchangeView
from bursar_tui.ink import Line
from bursar_tui.screens.screen import Command, LiveScreen
from bursar_tui.seen import Seen
from bursar_tui.teaching import no_calls
from bursar_tui.widgets.accounts import Accounts
from bursar_tui.widgets.exchange_columns import NOW
from bursar_tui.widgets.exchange_table import ExchangeTable
from bursar_tui.widgets.figures import Figures
from bursar_tui.widgets.panel import Panel, heading
from bursar_tui.widgets.spending import LEAST, Spending
from bursar_tui.widgets.upstreams import Upstreams

CHARTS = 2 * LEAST + 2
"""Rows of the charts below the budgets, with the blank lines above each."""


class Overview(LiveScreen):
    """The first screen."""

    TAB = "overview"
    AUTO_FOCUS = "ExchangeTable"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (13, "-short"), (20, "-high")]
    commands = (
        Command("enter", "one call in full: its attempts, their prices, who paid", "bursar log --id ID"),
        Command("d", "check everything that can be wrong, and what to do", "bursar doctor"),
        Command("b", "the proxy in the background: install, start, stop, restart, log", "bursar service status"),
    )
    BINDINGS = [Binding("d", "app.doctor", "doctor"), Binding("b", "app.service", "background")]

    def __init__(self) -> None:
        super().__init__()
        self._accounts = Accounts()

    def body(self) -> ComposeResult:
        """Figures on top; calls, budgets and upstreams below, beside each other where there is room."""
        yield Figures()
        with Vertical(id="parts"):
            with Vertical(id="calls"):
                yield CallsHeading()
                yield ExchangeTable(NOW, newest, no_calls)
            with Vertical(id="rest"):
                yield self._accounts
                yield Upstreams()
                yield Spending()

    def show(self, seen: Seen) -> None:
        """The budgets leave room for the calls and the upstreams, whatever the banner takes."""
        wide = self.size.width >= 120
        taken = 6 if wide else 18
        banner = len(self.banner.picture(seen, self.size.width - 2, 0))
        self._accounts.most = max(2, self.size.height - taken - banner)
        self._accounts.spare = CHARTS if wide else 0
        super().show(seen)

    @on(ExchangeTable.Opened)
    def _open(self, message: ExchangeTable.Opened) -> None:
        self.action_open(message.exchange_id)


class CallsHeading(Panel):
    """The heading of the list."""

    DEFAULT_CSS = """
    CallsHeading { padding: 0 1; }
    """

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """How many calls there were today."""
        del height
        return [heading("Calls", (), width)]


def newest(seen: Seen) -> list[ExchangeView]:
    """Running calls first, then those that ended, each the newest first."""
    exchanges = list(reversed(seen.snapshot.exchanges.values()))
    return [each for each in exchanges if each.outcome is None] + [
        each for each in exchanges if each.outcome is not None
    ]
