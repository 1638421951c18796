"""Telling: lines of the process's log as events, handed to the event loop by the thread that writes them."""

import asyncio
import logging
from collections import deque

from bursar.contract.events import Logged, Publish
from bursar.contract.log_line import Level, LogLine
from bursar.contract.snapshot import KEPT_LINES
from bursar.log.prepared import line_in

TOLD_AT_ONCE = 40
TOLD_A_SECOND = 10
"""How many lines watchers are told: a storm of them is for the file."""


class Telling(logging.Handler):
    """Tells watchers of lines from info on, those from before there was a feed included; of a storm, its beginning."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._kept: deque[LogLine] = deque(maxlen=KEPT_LINES)
        self._feed: tuple[asyncio.AbstractEventLoop, Publish] | None = None
        self._rooms: dict[Level, tuple[float, float]] = {}
        self._left_out = 0

    def attach(self, publish: Publish) -> None:
        """From now on lines are events, published in the running loop."""
        self.acquire()
        try:
            self._feed = asyncio.get_running_loop(), publish
            while self._kept:
                line = self._kept.popleft()
                publish(Logged(line.at_ms, line))
        finally:
            self.release()

    def detach(self) -> None:
        """There is no feed any more."""
        self.acquire()
        self._feed = None
        self.release()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the line to the loop."""
        line = line_in(record)
        if record.levelno < logging.INFO or not self._has_room(line.level, line.at_ms / 1000):
            return
        if line.trace:
            # A trace is long and seldom looked at: who does asks for the line.
            line = LogLine(line.number, line.at_ms, line.level, line.subject, line.message, line.fields, whole=False)
        if self._left_out:
            rest = LogLine(
                line.number - 1, line.at_ms, Level.WARNING, "log", f"{self._left_out} lines more are in the file alone"
            )
            self._left_out = 0
            self._tell(rest)
        self._tell(line)

    def _tell(self, line: LogLine) -> None:
        if self._feed is None:
            self._kept.append(line)
            return
        loop, publish = self._feed
        try:
            loop.call_soon_threadsafe(publish, Logged(line.at_ms, line))
        except RuntimeError:
            # The loop has ended, and its watchers with it.
            self._feed = None

    def _has_room(self, level: Level, at_s: float) -> bool:
        """Whether one more line of a level may be told; what storms at one leaves the others heard."""
        room, before_s = self._rooms.get(level, (0.0, 0.0))
        room = min(float(TOLD_AT_ONCE), room + max(0.0, at_s - before_s) * TOLD_A_SECOND)
        enough = room >= 1
        self._rooms[level] = (room - 1 if enough else room), at_s
        self._left_out += not enough
        return enough

    def handleError(self, record: logging.LogRecord) -> None:
        """A line that cannot be told is in the file."""
