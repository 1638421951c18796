"""A serving process keeps its files and its memory to itself, and its log acts on no terminal."""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bursar.cli.serve import _Line


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_of_it_is_left_for_others(start: Callable[..., Any], home: Path) -> None:
    before = os.umask(0)
    try:
        process = start("serve", "--port", "0")
        assert process.stdout.readline().startswith("listening on")
    finally:
        os.umask(before)
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    (core,) = [line.split() for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core[4:6] == ["0", "0"]
    found = list(home.rglob("*"))
    assert found
    assert not [path for path in (home, *found) if path.stat().st_mode & 0o077]


def test_a_log_line_acts_on_nothing() -> None:
    try:
        raise ValueError("\x1b[2J")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "model %s", ("\x9b31m\u202e",), sys.exc_info())
    line = _Line("%(message)s").format(record)
    assert line.startswith("model \\x9b31m\\u202e\nTraceback")
    assert not set(line) & set("\x1b\x9b\u202e")
