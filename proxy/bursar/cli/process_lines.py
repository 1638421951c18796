"""`bursar log --process`: what the proxy says of itself, from its files, whether it runs or not."""

import argparse
import sys
import time

from bursar.cli.output import say
from bursar.cli.places import places_of
from bursar.contract.log_line import Level, LogLine
from bursar.log.files import LogFiles
from bursar.log.lines import human, written

_LOOK_S = 0.5
_PAGE = 200


def show(options: argparse.Namespace) -> None:
    """The latest lines, the latest last; with `follow` what comes, until Ctrl-C."""
    show_of(LogFiles(places_of(options).log_dir), options)


def show_of(files: LogFiles, options: argparse.Namespace) -> None:
    """The same, of files that are known."""
    least, having = Level(options.level), options.having
    # Before they are read: what is written in between is among them, or comes with the next look.
    newest = _newest(files)
    lines = files.page(None, options.limit, least, having).lines[::-1]
    if not (lines or options.follow):
        say(f"There are no such lines in {files.newest}.")
    _say(lines, as_json=options.json)
    last = max(lines[-1].number if lines else 0, newest)
    while options.follow:
        sys.stdout.flush()
        time.sleep(_LOOK_S)
        fresh = _since(files, last)
        last = fresh[-1].number if fresh else last
        _say([line for line in fresh if line.level.rank >= least.rank and line.has(having)], as_json=options.json)


def _newest(files: LogFiles) -> int:
    """The number of the last line of any kind."""
    return max((line.number for line in files.page(limit=1).lines), default=0)


def _since(files: LogFiles, last: int) -> list[LogLine]:
    """What came after a line, the earliest first."""
    fresh: list[LogLine] = []
    before: int | None = None
    # Most looks find nothing, or little.
    size = 5
    while True:
        page = files.page(before, size)
        fresh += [line for line in page.lines if line.number > last]
        before, size = page.next, _PAGE
        if before is None or before <= last:
            return fresh[::-1]


def _say(lines: list[LogLine] | tuple[LogLine, ...], *, as_json: bool) -> None:
    for line in lines:
        for part in [written(line)] if as_json else human(line):
            say(part)
