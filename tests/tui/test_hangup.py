"""Hangup: the program ends with its terminal however it was started, and a terminal that says too much ends nothing."""

import asyncio
import os
import pty
import signal
import struct
import subprocess
from pathlib import Path

import pytest
from tui.test_program import PROGRAM, environ, feed, home, terminal

from bursar.feed import Feed
from bursar_tui.hangup import has_gone
from bursar_tui.tabs import TABS

__all__ = ["feed", "home"]

fcntl = pytest.importorskip("fcntl", reason="terminals of this kind are of POSIX")
termios = pytest.importorskip("termios", reason="terminals of this kind are of POSIX")


def test_what_is_open_has_not_gone() -> None:
    leader, follower = pty.openpty()
    assert not has_gone(follower)
    os.close(leader)
    assert has_gone(follower)
    os.close(follower)


@pytest.mark.parametrize("arguments", [(), ("--plain",)])
async def test_it_ends_with_a_terminal_that_nobody_tells_it_of(home: Path, feed: Feed, arguments: tuple[str]) -> None:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    # Not the terminal of its session, and the signal ignored: as under `nohup` and `setsid`.
    process = subprocess.Popen(  # noqa: ASYNC220 - it takes a moment, and nothing else waits
        ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *PROGRAM, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environ(home),
        start_new_session=True,
    )
    os.close(follower)
    try:
        async with asyncio.timeout(60):
            seen = b""
            while b"laptop-day" not in seen:
                seen += await asyncio.to_thread(os.read, leader, 65_536)
            os.close(leader)
            # Plain mode may be the first to notice, as it writes.
            assert await asyncio.to_thread(process.wait) in (-signal.SIGHUP, 0)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


async def test_megabytes_that_are_pasted_freeze_nothing(home: Path, feed: Feed) -> None:
    place = str([tab.name for tab in TABS].index("playground") + 1)
    async with terminal(home) as shown:
        await shown.until("laptop-day")
        shown.type(place)
        await shown.until("Talk to it.")
        pasted = ("\x1b[200~" + "all of \x9b2J this \x07 \u202e" * 40_000 + "\x1b[201~").encode()

        def paste() -> None:
            rest = memoryview(pasted)
            while rest:
                rest = rest[os.write(shown.leader, rest[:4_096]) :]

        await asyncio.to_thread(paste)
        await shown.until("Nothing was taken: ")
        assert not set("\x9b\u202e") & set(shown.written)
        shown.type("abc\x1b")
        await shown.until(" options")
        shown.type("q")
        assert await shown.process.wait() == 0


@pytest.mark.parametrize("kind", ["", "dumb", "unknown"])
async def test_a_terminal_that_draws_nothing_is_pointed_to_plain_mode(home: Path, kind: str) -> None:
    async with terminal(home, TERM=kind) as shown:
        await shown.until("this needs a terminal")
        assert "--plain" in shown.written
        assert "\x1b" not in shown.written
        assert await shown.process.wait() == 2


def test_a_pipe_for_input_or_for_output_is_no_terminal(home: Path) -> None:
    leader, follower = pty.openpty()
    try:
        for stdin, stdout in ((subprocess.PIPE, follower), (follower, subprocess.PIPE)):
            done = subprocess.run(
                PROGRAM,
                env=environ(home),
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 2
            assert "this needs a terminal; --plain" in done.stderr
            assert not done.stdout
    finally:
        os.close(follower)
        os.close(leader)
