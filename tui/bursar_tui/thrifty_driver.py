"""ThriftyDriver: Textual's own for terminals of POSIX, which writes no more than it must."""

import os
from contextlib import suppress

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from bursar_tui.thrift import Thrift, blanks_with_ground


class ThriftyDriver(LinuxDriver):
    """What Textual writes, shortened."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._thrift = Thrift(blanking=blanks_with_ground(os.environ))

    def write(self, data: str) -> None:
        """Write to the terminal."""
        with suppress(OSError):
            self._thrift.fit(*os.get_terminal_size(self.fileno))
        super().write(self._thrift.shortened(data))

    def forget(self) -> None:
        """The terminal may show something else than what was written to it: nothing is left out of what comes next."""
        self._thrift.forget()


def thrift_for(app: App[None]) -> None:
    """Let an app that draws on a terminal draw thriftily on it."""
    if app.driver_class is LinuxDriver:
        app.driver_class = ThriftyDriver
