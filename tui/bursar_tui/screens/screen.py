"""LiveScreen: a screen that is shown again whenever something changes."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen

from bursar_tui.seen import Live, Seen, Seer
from bursar_tui.tabs import TABS
from bursar_tui.widgets.banner import Banner
from bursar_tui.widgets.footer import Footer
from bursar_tui.widgets.header import Header
from bursar_tui.widgets.outcome import Outcome


class Command(NamedTuple):
    """A key of a screen, what it does, and the command line that does the same."""

    key: str
    what: str
    command: str


class LiveScreen(Screen[None]):
    """Header, banner, what the screen itself is about, and footer."""

    TAB = ""
    """The name of the tab that leads here."""

    commands: Sequence[Command] = ()
    """What can be done here, for the help."""

    def __init__(self) -> None:
        super().__init__()
        self._header = Header(TABS, self.TAB)
        self.banner = Banner()
        # Kept by hand: a screen is told of changes while its parts are still being made, and while they are taken down.
        self._parts: list[Live] = []

    def compose(self) -> ComposeResult:
        """The frame of every screen."""
        self._suit(self.app.size)
        yield self._header
        yield self.banner
        yield from self.body()
        yield Outcome()
        yield Footer()

    def _suit(self, size: Size) -> None:
        """Take the classes of this size before the first picture: Textual would only after it, and draw it again."""
        for breakpoints, room in (self.HORIZONTAL_BREAKPOINTS, size.width), (self.VERTICAL_BREAKPOINTS, size.height):
            fitting = [name for least, name in sorted(breakpoints or ()) if room >= least]
            self.set_class(bool(fitting), *fitting[-1:])

    def body(self) -> ComposeResult:
        """What this screen is about."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """All parts are there: the first picture."""
        self._parts = [cast(Live, part) for part in self.query(".live") if part is not self._header]
        self.again()

    def on_screen_resume(self) -> None:
        """Much may have happened while another screen was in view."""
        self.again()

    def again(self) -> None:
        """Show what is seen now."""
        if self._parts:
            self.show(cast(Seer, self.app).seen)

    def show(self, seen: Seen) -> None:
        """Every part draws what is seen; before the proxy has said anything, the header alone."""
        self._header.show(seen)
        if seen.known:
            for part in self._parts:
                part.show(seen)

    def shut(self) -> None:
        """Out of what was opened within the screen itself, where it opens anything so."""

    def action_press(self, key: str) -> None:
        """A key of the footer was clicked."""
        self.app.simulate_key(key)

    def action_open(self, exchange_id: str) -> None:
        """Open one call."""
        from bursar_tui.screens.call import Call

        self.app.push_screen(Call(exchange_id, self.TAB))
