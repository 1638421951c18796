"""Starting: through the service where one is installed, and what is said where that does not work."""

import stat
import sys
from pathlib import Path

import pytest

from bursar.contract.places import Places
from bursar_tui.starting import Starter

if sys.platform == "win32":
    pytest.skip("the programs that stand for ours are shell scripts", allow_module_level=True)


def starter_with(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Starter:
    """One whose `python -m bursar` is a script; it notes what it was asked in the file `asked`."""
    program = folder / "python"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{folder}/asked"\ncase "$4" in\n{script}\nesac\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(program))
    return Starter(Places(folder / "c.toml", folder / "data", folder / "run", folder / "log"), folder / "my.toml")


async def test_by_the_service_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = """status) echo '{"phase": "stopped"}'; exit 3;;\nstart) echo "It runs: process 7.";;"""
    begun = await starter_with(tmp_path, script, monkeypatch).start()
    assert (begun.well, begun.sentence) == (True, "The service was started. It runs: process 7.")
    config = f"--config {tmp_path}/my.toml"
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [f"-m bursar service status --json {config}", f"-m bursar service start {config}"]


async def test_a_service_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = """status) echo '{"phase": "failed"}';;\nstart) echo "first" >&2; echo "the port is taken" >&2; exit 1;;"""
    begun = await starter_with(tmp_path, script, monkeypatch).start()
    assert (begun.well, begun.sentence) == (False, "The service did not start: the port is taken")


@pytest.mark.parametrize("status", ['echo \'{"phase": "absent"}\'', 'echo "{"', "echo []", "exit 2"])
async def test_without_one_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    starter = starter_with(tmp_path, f"status) {status};;\n*) echo 'listening on http://127.0.0.1:1/v1';;", monkeypatch)
    begun = await starter.start()
    assert begun.well
    assert str(tmp_path / "log" / "serve-output.log") in begun.sentence
    assert starter.process is not None
    starter.process.wait(60)
    assert (tmp_path / "asked").read_text().splitlines()[-1] == f"-m bursar serve --config {tmp_path}/my.toml"


async def test_without_a_place_for_its_log_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starter = starter_with(tmp_path, "*) exit 2;;", monkeypatch)
    (tmp_path / "log").write_text("a file where the folder should be")
    begun = await starter.start()
    assert not begun.well
    assert begun.sentence.startswith("It was not started: ")
