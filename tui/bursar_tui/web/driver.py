"""Driver: draws the interface for a browser tab, and leaves when nobody is at the other end any more."""

from textual.drivers.web_driver import WebDriver
from textual.messages import ExitApp


class TabDriver(WebDriver):
    """Textual's own, which goes on for ever when its input ends."""

    def run_input_thread(self) -> None:
        """Read what is typed; no more of it means that the command or the tab is gone."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.call_from_thread(self._app.post_message, ExitApp())
