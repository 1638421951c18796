"""The task is registered, run and forgotten by what schtasks is asked; it ends through the proxy's own local door."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.commands import Home, home

from bursar.contract.places import Places
from bursar.service.program import Program
from bursar.service.supervisor import Phase
from bursar.service.task_scheduler import TaskScheduler

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a shell script")

STAND_IN = """#!/bin/sh
# A schtasks that knows one task, while the file `task` is there, and runs what RUN says.
here="$(cd "$(dirname "$0")" && pwd)"
echo "$*" >> "$here/asked"
case "$1" in
/Create) cp "$5" "$here/task" ;;
/Query) [ -e "$here/task" ] || { echo "ERROR: The system cannot find the file specified." >&2; exit 1; } ;;
/Run) $RUN >/dev/null 2>&1 & ;;
/Delete) rm "$here/task" ;;
/End) ;;
esac
"""


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "schtasks").write_text(STAND_IN)
    (folder / "schtasks").chmod(0o755)
    with home(tmp_path / "home") as made:
        made.configure("[server]\nport = 0\n")
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("RUN", f"{sys.executable} -m bursar serve")
        yield made


def test_a_life_of_the_task(at: Home, tmp_path: Path, program: Program) -> None:
    root = at.folder
    places = Places(root / "config.toml", root / "data", root / "run", root / "log")
    scheduler = TaskScheduler(places)
    assert scheduler.state().phase is Phase.ABSENT
    (file,) = files = scheduler.files(replace(program, places=places))
    file.write()
    scheduler.register(files)
    # As Windows writes its own exports, byte order mark included.
    kept = (tmp_path / "programs" / "task").read_bytes()
    assert kept.startswith(b"\xff\xfe")
    assert kept.decode("utf-16") == file.text
    assert scheduler.state().phase is Phase.STOPPED
    scheduler.start()
    running = scheduler.state()
    assert running.phase is Phase.RUNNING
    scheduler.restart()
    again = scheduler.state()
    assert again.phase is Phase.RUNNING
    assert again.process != running.process
    scheduler.unregister()
    assert scheduler.state().phase is Phase.ABSENT
    assert not file.path.exists()
