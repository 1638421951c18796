"""A program of the user's gets the alert and its place in the system: no shell, no secret, no end of time."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bursar.alerts.program import Program
from bursar.alerts.way import WayFailed
from bursar.domain.alert import Alert, AlertKind, Urgency

Made = Callable[[str], Path]
ALERT = Alert(
    "upstream:main", AlertKind.UPSTREAM, Urgency.URGENT, "It said $(touch x); `id` 'x' \"y\"", 1_790_000_000_000
)


async def test_what_it_gets(program: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("BURSAR_MAIN_KEY", "sk-canary")
    file = program("json.dump([sys.argv[1:], json.load(sys.stdin), dict(os.environ)], open(sys.argv[1], 'w'))")
    out = tmp_path / "out.json"
    await Program((str(file), str(out), "$HOME; rm -rf /")).send(ALERT)
    argv, said, environ = json.loads(out.read_text())
    assert argv == [str(out), "$HOME; rm -rf /"]
    assert (said["cause"], said["sentence"]) == ("upstream:main", ALERT.sentence)
    assert environ["PATH"] == os.environ["PATH"]
    assert "sk-canary" not in str(environ)
    assert not (tmp_path / "x").exists()


async def test_one_that_does_not_read(program: Made) -> None:
    await Program((str(program("sys.exit(0)")),)).send(ALERT)


async def test_one_that_fails_says_why(program: Made) -> None:
    file = program("sys.stderr.write('no \\x1b[2J such\\n room\\n' + 'x' * 100_000)\nsys.exit(3)")
    with pytest.raises(WayFailed, match=r"ended with status 3: no ␛\[2J such room x") as failed:
        await Program((str(file),)).send(ALERT)
    assert len(failed.value.sentence) < 600


async def test_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WayFailed, match="There is no program"):
        await Program((str(tmp_path / "nothing"),)).send(ALERT)
    (tmp_path / "text").write_text("no program")
    with pytest.raises(WayFailed, match="cannot be started: Permission denied"):
        await Program((str(tmp_path / "text"),)).send(ALERT)


async def test_one_that_does_not_end_is_ended(program: Made) -> None:
    file = program("time.sleep(60)")
    with pytest.raises(WayFailed, match=r"did not end within 0\.2 s"):
        await Program((str(file),), longest_s=0.2).send(ALERT)


async def test_what_it_started_ends_with_it(program: Made, tmp_path: Path) -> None:
    """The pipe has its end when the last of them has gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    file = program("told = open(sys.argv[1], 'w')\nos.fork()\ntold.write('up\\n')\ntold.flush()\ntime.sleep(60)")
    sending = asyncio.ensure_future(Program((str(file), str(pipe)), longest_s=60).send(ALERT))
    with await asyncio.to_thread(pipe.open) as end:
        assert await asyncio.to_thread(end.readline) == "up\n"
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        async with asyncio.timeout(60):
            assert await asyncio.to_thread(end.read) in ("", "up\n")
