"""The demo shows calls, fallback and caps at once, and leaves neither a file nor a process behind, however it ends."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made while the test runs."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield tmp_path
    wait_for(lambda: not list(tmp_path.glob("bursar-demo-*")), "the demo's folder to be gone")
    wait_for(lambda: not processes_in(tmp_path), "the demo's processes to be gone")


def processes_in(folder: Path) -> list[str]:
    """The processes whose environment names a folder below this one."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            environment = (each / "environ").read_bytes()
            state = (each / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if f"BURSAR_HOME={folder}/bursar-demo-".encode() in environment and state != "Z":
            found.append(each.name)
    return found


def wait_for(true: Callable[[], bool], what: str, limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def begun(process: "subprocess.Popen[str]") -> None:
    """Wait until the first event is printed."""
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 30)[0]
    assert process.stdout.readline()


def test_it_ends_by_itself_and_has_shown_what_matters(start: Start, folder: Path, home: Path) -> None:
    process = start("demo", "--plain", "--seconds", "9")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err.count("\n")) == (0, 2)
    assert "left nothing behind" in err
    for what in ("autocomplete", "batch", "intern-day", "paid by daily", "to backup/practice"):
        assert what in out, what
    assert not home.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_politely(start: Start, folder: Path, number: signal.Signals) -> None:
    process = start("demo", "--plain", start_new_session=True)
    begun(process)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_killed_outright(start: Start, folder: Path) -> None:
    process = start("demo", "--plain", start_new_session=True)
    begun(process)
    assert len(processes_in(folder)) >= 2
    process.kill()
    process.wait(60)
    # What it was showing on belongs to whoever started it; its session ends with it, as a closed terminal's would.
    os.killpg(process.pid, signal.SIGKILL)


def test_what_is_set_for_the_users_own_proxy_does_not_matter(start: Start, folder: Path, home: Path) -> None:
    config = folder / "own.toml"
    config.write_text("broken")
    own = {"BURSAR_PORT": "x", "BURSAR_HOST": "192.0.2.1", "BURSAR_CONFIG": str(config)}
    process = start("demo", "--plain", env=own)
    begun(process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert config.read_text() == "broken"
