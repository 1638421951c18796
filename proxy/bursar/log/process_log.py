"""ProcessLog: what the process says of itself, taken off the event loop at once and written by a thread of its own."""

import copy
import logging
import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import TextIO

from bursar.contract.log_line import Level
from bursar.log.files import LogFiles, PrivateFile
from bursar.log.lines import Numbers, human, line_of, written
from bursar.log.prepared import Prepared, line_in
from bursar.log.redact import Redaction
from bursar.log.telling import Telling

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
        prepared = Prepared(record.name, record.levelno, "", 0, line.message, None, None)
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
        return "\n".join(human(line_in(record)))

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
        return written(line_in(record))
