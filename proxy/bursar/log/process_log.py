"""ProcessLog: what the process says of itself, taken off the event loop at once and written by a thread of its own."""

import asyncio
import copy
import logging
import queue
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import TextIO

from bursar.contract.events import Logged, Publish
from bursar.contract.log_line import Level, LogLine
from bursar.contract.snapshot import KEPT_LINES
from bursar.log.files import LogFiles, PrivateFile
from bursar.log.lines import Numbers, human, line_of, written
from bursar.log.redact import Redaction

NUMBERS = {
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ERROR: logging.ERROR,
}
"""The standard library's number of each level."""

_MOST_WAITING = 10_000
"""Lines that may wait to be written; what comes beyond them is counted and left out."""

_END_S = 3.0
"""How long is waited, at the end, for what is still to be written."""

TOLD_AT_ONCE = 40
TOLD_A_SECOND = 10
"""How many lines watchers are told: a storm of them is for the file."""


class ProcessLog:
    """The log of one process: its files, what must not be in them, and who is told of its lines."""

    def __init__(self, files: LogFiles) -> None:
        self.files = files
        self.redaction = Redaction()
        self.telling = Telling()


@contextmanager
def process_log(
    folder: Path, *, level: Level, size: int, files: int, terminal: TextIO | None = None
) -> Iterator[ProcessLog]:
    """Log what this process says, from `level` on: into `files` of `size` bytes, and for people on `terminal`.

    With a size of 0 there are no files. `terminal` is standard error unless given. Libraries are heard from
    warnings on alone, and of what they say the first line: at lower levels they quote what they were sent.
    """
    log, terminal = ProcessLog(LogFiles(folder)), terminal or sys.stderr
    entry = _Entry(log.redaction)
    people = _People(terminal)
    writers: list[logging.Handler] = [people, log.telling]
    if size:
        writers.append(PrivateFile(log.files, size, files, people.complain))
        writers[-1].setFormatter(_InJson())
    listener = _Listener(entry.queue, *writers)
    root, ours = logging.getLogger(), logging.getLogger("bursar")
    before = root.level, ours.level
    root.setLevel(max(NUMBERS[level], logging.WARNING))
    ours.setLevel(NUMBERS[level])
    root.addHandler(entry)
    logging.captureWarnings(True)
    listener.start()
    try:
        yield log
    finally:
        logging.captureWarnings(False)
        root.removeHandler(entry)
        root.setLevel(before[0])
        ours.setLevel(before[1])
        listener.stop()
        for writer in writers:
            writer.close()


class _Record(logging.LogRecord):
    """A record that is a line by now; what it was made of is gone."""

    line: LogLine


class _Entry(QueueHandler):
    """Makes a record a line where it is logged, which is quick, and leaves the writing to others, which may not be."""

    queue: "queue.Queue[logging.LogRecord | None]"

    def __init__(self, redaction: Redaction) -> None:
        super().__init__(queue.Queue(_MOST_WAITING))
        self._redaction = redaction
        self._numbers = Numbers()
        self._left_out = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The line alone: nothing of the record's arguments waits in memory."""
        if not record.name.startswith("bursar"):
            record = copy.copy(record)
            record.msg, record.args = (record.getMessage().splitlines() or [""])[0], None
        line = line_of(record, self._numbers, self._redaction)
        prepared = _Record(record.name, record.levelno, "", 0, line.message, None, None)
        prepared.line = line
        return prepared

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never wait: what logs may be the event loop."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self._left_out += 1
            return
        if self._left_out:
            count, self._left_out = self._left_out, 0
            words = f"{count} lines came too fast to be written"
            self.enqueue(self.prepare(logging.LogRecord(__name__, logging.WARNING, "", 0, words, None, None)))

    def handleError(self, record: logging.LogRecord) -> None:
        """A line that cannot be made is left out: the usual way would print its arguments."""
        del record
        self._left_out += 1


class _Listener(QueueListener):
    """Hands lines to the writers; its end is waited for, but not for ever."""

    def __init__(self, lines: "queue.Queue[logging.LogRecord | None]", *writers: logging.Handler) -> None:
        super().__init__(lines, *writers)
        self._lines = lines

    def stop(self) -> None:
        """Write what waits."""
        thread = self._thread
        if thread is not None:
            try:
                self._lines.put(None, timeout=_END_S)
            except queue.Full:
                return
            thread.join(_END_S)
            self._thread = None


class _People(logging.StreamHandler[TextIO]):
    """Lines for whoever sits at the terminal or reads the service manager's journal."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; of a bug, several."""
        return "\n".join(human(_line(record)))

    def complain(self, sentence: str) -> None:
        """What the log has to say of itself."""
        try:
            self.stream.write(f"{sentence}\n")
            self.flush()
        except (OSError, ValueError):
            return

    def handleError(self, record: logging.LogRecord) -> None:
        """Nobody reads any more."""


class _InJson(logging.Formatter):
    """Lines for programs."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object."""
        return written(_line(record))


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
        line = _line(record)
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


def _line(record: logging.LogRecord) -> LogLine:
    line = getattr(record, "line", None)
    if not isinstance(line, LogLine):
        raise TypeError("only what was prepared is written")
    return line
