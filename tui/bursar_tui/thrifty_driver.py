"""ThriftyDriver: Textual's own for terminals of POSIX, which writes no more than it must."""

import os
from codecs import getincrementaldecoder
from contextlib import suppress
from selectors import EVENT_READ, SelectSelector

from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from bursar_tui.thrift import Thrift, blanks_with_ground

_READ = 16_384
_TICK_S = 0.1
"""How long an escape may be the begin of something longer."""


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

    def run_input_thread(self) -> None:
        """Hand on what is typed, as Textual does; but bytes that are no text, such as pasted ones, end nothing."""
        parser, decode = XTermParser(self._debug), getincrementaldecoder("utf-8")("replace").decode
        with SelectSelector() as selector:
            selector.register(self.fileno, EVENT_READ)
            while not self.exit_event.is_set():
                typed = decode(os.read(self.fileno, _READ)) if selector.select(_TICK_S) else ""
                for message in (*(parser.feed(typed) if typed else ()), *parser.tick()):
                    self.process_message(message)

    def forget(self) -> None:
        """The terminal may show something else than what was written to it: nothing is left out of what comes next."""
        self._thrift.forget()


def thrift_for(app: App[None]) -> None:
    """Let an app that draws on a terminal draw thriftily on it."""
    if app.driver_class is LinuxDriver:
        app.driver_class = ThriftyDriver
