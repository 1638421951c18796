"""A serving process keeps its files and its memory to itself."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


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
