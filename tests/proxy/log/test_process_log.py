"""ProcessLog: lines are written off the event loop, and told to watchers, whatever becomes of terminal and disk."""

import asyncio
import io
import logging
import threading
import time
import warnings
from pathlib import Path

import pytest

from bursar.contract.events import Event, Logged
from bursar.contract.log_line import Level, LogLine
from bursar.log.files import LogFiles
from bursar.log.process_log import process_log
from bursar.log.telling import TOLD_AT_ONCE

_log = logging.getLogger("bursar.test")
MIB = 1024 * 1024


def lines(folder: Path) -> list[LogLine]:
    """What the files have, the first first."""
    return list(LogFiles(folder).page(limit=500).lines)[::-1]


def written(folder: Path, count: int) -> None:
    """Wait until so many lines are on disk."""
    until = time.monotonic() + 60
    while len(lines(folder)) < count and time.monotonic() < until:
        time.sleep(0.005)


class Stuck(io.StringIO):
    """A terminal that takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def write(self, text: str) -> int:
        self.go.wait(60)
        return super().write(text)


def test_people_and_programs_get_the_same_lines(tmp_path: Path) -> None:
    people = io.StringIO()
    with process_log(tmp_path, level=Level.INFO, size=MIB, files=2, terminal=people) as log:
        log.redaction.learn("canary-of-an-upstream")
        _log.debug("not this")
        _log.info("said of %s", "canary-of-an-upstream", extra={"fields": {"key": "bk-" + "c" * 40}})
        _log.warning("and this")
    each = lines(tmp_path)
    assert [(line.level, line.said) for line in each] == [
        (Level.INFO, "said of … key=bk-…"),
        (Level.WARNING, "and this"),
    ]
    assert people.getvalue().splitlines()[1].endswith("warning  test: and this")
    assert "canary" not in people.getvalue()
    assert logging.getLogger("bursar").level == logging.NOTSET


def test_of_libraries_warnings_are_heard_and_of_those_the_first_line(tmp_path: Path) -> None:
    with process_log(tmp_path, level=Level.DEBUG, size=MIB, files=2, terminal=io.StringIO()):
        library = logging.getLogger("aiohttp.server")
        library.info("what was sent")
        library.warning("it failed\n%s", "what was sent")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert [(line.subject, "what was sent" in line.said) for line in lines(tmp_path)] == [
        ("aiohttp.server", False),
        ("py.warnings", False),
    ]


def test_nobody_waits_for_a_terminal_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bursar.log.process_log._MOST_WAITING", 10)
    stuck = Stuck()
    with process_log(tmp_path, level=Level.INFO, size=MIB, files=2, terminal=stuck):
        for number in range(50):
            _log.info("line %d", number)
        stuck.go.set()
        written(tmp_path, 10)
        _log.info("after")
    said = [line.message for line in lines(tmp_path)]
    assert said[-2] == "after"
    assert said[-1].endswith("lines came too fast to be written")


def test_a_disk_that_takes_nothing_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    people = io.StringIO()
    (tmp_path / "log").write_text("no folder")
    with process_log(tmp_path / "log", level=Level.INFO, size=MIB, files=2, terminal=people):
        _log.info("one")
        _log.info("two")
    assert people.getvalue().count("cannot be written") == 1
    assert "two" in people.getvalue()


def test_without_files_lines_are_for_people_alone(tmp_path: Path) -> None:
    people = io.StringIO()
    with process_log(tmp_path / "log", level=Level.INFO, size=0, files=2, terminal=people):
        _log.info("one")
    assert "one" in people.getvalue()
    assert not (tmp_path / "log").exists()


async def test_watchers_are_told_from_info_on_and_of_a_storm_its_beginning(tmp_path: Path) -> None:
    told: list[LogLine] = []
    enough = asyncio.Event()

    def publish(event: Event) -> None:
        assert isinstance(event, Logged)
        told.append(event.line)
        if event.line.message == "the last":
            enough.set()

    with process_log(tmp_path, level=Level.DEBUG, size=MIB, files=2, terminal=io.StringIO()) as log:
        _log.info("before there was a feed")
        await asyncio.to_thread(written, tmp_path, 1)
        log.telling.attach(publish)
        _log.debug("not this")
        try:
            raise OSError("gone")
        except OSError:
            _log.exception("a bug")
        for number in range(100):
            _log.info("line %d", number)
        later = logging.LogRecord("bursar.test", logging.INFO, "", 0, "the last", None, None)
        later.created += 10
        _log.handle(later)
        async with asyncio.timeout(60):
            await enough.wait()
        log.telling.detach()
        _log.info("after it")
    assert [line.message for line in told[:3]] == ["before there was a feed", "a bug", "line 0"]
    assert (told[1].whole, told[1].trace) == (False, "")
    assert told[-2].message == f"{100 - (TOLD_AT_ONCE - 1)} lines more are in the file alone"
    (bug,) = LogFiles(tmp_path).page(told[1].number + 1, 1).lines
    assert "OSError: gone" in bug.trace
    assert "not this" in [line.message for line in lines(tmp_path)]
