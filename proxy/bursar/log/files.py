"""The log's files: lines in JSON, this user's alone, turned over when one is full; read from the newest line back."""

import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from bursar.contract.log_line import Level, LogLine, LogPage
from bursar.log.lines import read

NAME = "bursar.jsonl"
_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class LogFiles:
    """Where the lines are: `bursar.jsonl` in `folder`, and before it `bursar.jsonl.1`, `.2` and so on."""

    folder: Path

    @property
    def newest(self) -> Path:
        """The file that is written now."""
        return self.folder / NAME

    def page(self, before: int | None = None, limit: int = 50, least: Level = Level.DEBUG, having: str = "") -> LogPage:
        """Lines that matter at least so much and have all words of `having`, newest first; below number `before`.

        Blocks while it reads. What cannot be read is as if it were not there.
        """
        found: list[LogLine] = []
        for line in self._backwards(before):
            if line.level.rank >= least.rank and line.has(having):
                if len(found) == limit:
                    return LogPage(tuple(found), found[-1].number)
                found.append(line)
        return LogPage(tuple(found))

    def _backwards(self, before: int | None) -> Iterator[LogLine]:
        """Every line below that number, the newest first; none twice where a file is turned over meanwhile."""
        last = before
        for file in self._all():
            with suppress(OSError):
                for text in _lines_backwards(file):
                    line = read(text)
                    if line is not None and (last is None or line.number < last):
                        last = line.number
                        yield line

    def _all(self) -> list[Path]:
        """The files there are, the newest first."""
        with suppress(OSError):
            older = [each for each in self.folder.glob(f"{NAME}.*") if each.suffix[1:].isdecimal()]
            return [self.newest, *sorted(older, key=lambda each: int(each.suffix[1:]))]
        return []


class PrivateFile(RotatingFileHandler):
    """Writes lines into files that only this user may read: two `files` or more, of `size` bytes at most.

    A disk that is full or a folder that cannot be written stops nothing: `failed` is told, the first time.
    """

    def __init__(self, where: LogFiles, size: int, files: int, failed: Callable[[str], object]) -> None:
        self._where = where
        self._failed = failed
        self._told = False
        super().__init__(where.newest, maxBytes=size, backupCount=files - 1, encoding="utf-8", delay=True)

    def _open(self) -> TextIOWrapper:
        self._where.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        number = os.open(self.baseFilename, flags, 0o600)
        # One from elsewhere may be open to others.
        if hasattr(os, "fchmod") and stat.S_IMODE(os.fstat(number).st_mode) & 0o077:
            os.fchmod(number, 0o600)
        return os.fdopen(number, "a", encoding="utf-8", errors="backslashreplace")

    def doRollover(self) -> None:
        """Turn over; where that fails (on Windows, while somebody reads), the full file is added to."""
        with suppress(OSError):
            super().doRollover()

    def handleError(self, record: logging.LogRecord) -> None:
        """Say so once. The usual way, a traceback on standard error, would quote the record."""
        del record
        error = sys.exception()
        if not self._told:
            self._told = True
            self._failed(f"{self.baseFilename} cannot be written: {getattr(error, 'strerror', None) or error}")


def _lines_backwards(file: Path) -> Iterator[bytes]:
    """The lines of a file from its end on, a block at a time."""
    with file.open("rb") as opened:
        at = opened.seek(0, os.SEEK_END)
        rest = b""
        while at:
            size = min(_BLOCK, at)
            at = opened.seek(at - size)
            first, *lines = (opened.read(size) + rest).split(b"\n")
            yield from (line for line in reversed(lines) if line)
            rest = first
        if rest:
            yield rest
