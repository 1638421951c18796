"""The program: `python -m bursar_tui` as a user starts it, in a real terminal against a real local door."""

import asyncio
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tui.doors import local_door
from tui.snapshots import NOW_MS, busy

from bursar.contract.events import ExchangeOpened
from bursar.contract.places import Places
from bursar.feed import Feed

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "bursar_tui"]

fcntl = pytest.importorskip("fcntl", reason="terminals of this kind are of POSIX")
termios = pytest.importorskip("termios", reason="terminals of this kind are of POSIX")


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder whose name is short enough for a socket."""
    with TemporaryDirectory(prefix="bursar-") as folder:
        yield Path(folder)


@pytest.fixture
async def feed(home: Path) -> AsyncIterator[Feed]:
    """What happens at the proxy of that folder."""
    async with local_door(Places(home / "config.toml", home / "data", home / "run", home / "log"), busy()) as feed:
        yield feed


def environ(home: Path, **more: str) -> dict[str, str]:
    """What the program finds around it, and nothing of the machine that runs the tests."""
    paths = os.pathsep.join([str(ROOT / "proxy"), str(ROOT / "tui")])
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": paths,
        "BURSAR_HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        **more,
    }


class Terminal:
    """A terminal of 80 by 24 with the program in it."""

    def __init__(self, leader: int, process: asyncio.subprocess.Process) -> None:
        self.leader = leader
        self.process = process
        self.written = ""
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(leader, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self.leader, 65_536)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.leader)
        self.written += data.decode(errors="replace")
        self._news.set()

    async def until(self, wanted: str) -> None:
        """Wait until something has been written."""
        while wanted not in self.written:
            self._news.clear()
            await self._news.wait()

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.leader, keys.encode())

    def close(self) -> None:
        """What happens when its window is closed."""
        with suppress(ValueError):
            asyncio.get_running_loop().remove_reader(self.leader)
        os.close(self.leader)


@asynccontextmanager
async def terminal(home: Path, *arguments: str, **more: str) -> AsyncIterator[Terminal]:
    """The program, started in a terminal of its own."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *arguments,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environ(home, **more),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(follower)
    shown = Terminal(leader, process)
    try:
        async with asyncio.timeout(60):
            yield shown
    finally:
        with suppress(OSError):
            shown.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_starts_shows_and_quits(home: Path, feed: Feed) -> None:
    async with terminal(home) as shown:
        await shown.until("laptop-day")
        feed.publish(ExchangeOpened(NOW_MS, "new1", "laptop", "", "aider", "newcomer", True, 10))
        await shown.until("newcomer")
        shown.type("q")
        assert await shown.process.wait() == 0
    # The terminal is as it was: the other screen left, the cursor shown, the mouse let go.
    for ending in ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l"):
        assert shown.written.rindex(ending) > shown.written.rindex("newcomer")


async def test_what_is_typed_in_another_encoding_ends_nothing(home: Path, feed: Feed) -> None:
    async with terminal(home) as shown:
        await shown.until("laptop-day")
        shown.type("2/")
        await shown.until("to the list")
        os.write(shown.leader, b"\x1b[200~caf\xe9\x9b2J\xff\x1b[201~")
        await shown.until("caf\ufffd")
        shown.type("\x03")
        assert await shown.process.wait() == 0


async def test_it_ends_with_its_terminal(home: Path, feed: Feed) -> None:
    async with terminal(home) as shown:
        await shown.until("laptop-day")
        shown.close()
        assert await shown.process.wait() != 0


_COLOURS = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")
_SHADES = re.compile(r"\x1b\[(?:[0-9;]*;)?[34]8;[25];")


@pytest.mark.parametrize(
    ("more", "colours", "shades"),
    [
        ({"COLORTERM": "truecolor"}, True, True),
        ({}, True, True),
        ({"TERM": "xterm"}, True, False),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, False, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, False),
    ],
)
async def test_colours_are_those_the_terminal_has(
    home: Path, feed: Feed, more: dict[str, str], colours: bool, shades: bool
) -> None:
    async with terminal(home, **more) as shown:
        await shown.until("ollama")
        shown.type("?")
        await shown.until("find what can be done by its name")
        assert bool(_COLOURS.search(shown.written)) is colours
        assert bool(_SHADES.search(shown.written)) is shades
        # What is chosen is seen all the same.
        assert shades or re.search(r"\x1b\[(?:[\d;]*;)?7[;m]", shown.written)


async def test_without_a_proxy_it_says_so(home: Path) -> None:
    async with terminal(home) as shown:
        await shown.until("no proxy is running here")
        shown.type("\x03")
        assert await shown.process.wait() == 0


def run(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The program without a terminal."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environ(home, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_terminal_it_points_to_plain_mode(home: Path) -> None:
    done = run(home)
    assert done.returncode == 2
    assert "--plain" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


async def test_an_unknown_theme_is_a_sentence(home: Path) -> None:
    async with terminal(home, "--theme", "no\x1b[2Jsuch") as shown:
        await shown.until("there is no theme 'no\\x1b[2Jsuch'; there are")
        assert await shown.process.wait() == 2


@asynccontextmanager
async def plain(home: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program in plain mode."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, "--plain", env=environ(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line_of(process: asyncio.subprocess.Process, wanted: str) -> str:
    """The next line with something in it."""
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        if wanted in line:
            return line
    raise AssertionError("it ended")


async def test_plain_mode_is_ended_by_control_c(home: Path, feed: Feed) -> None:
    async with plain(home) as process:
        await line_of(process, "Attached to Bursar 0.1.0")
        feed.publish(ExchangeOpened(NOW_MS, "new1", "laptop", "", "aider", "fast", True, 10))
        line = await line_of(process, "Call new1 opened")
        assert line.endswith("laptop asks for fast with aider, 10 tokens.\n")
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
        assert process.stderr is not None
        assert await process.stderr.read() == b""


async def test_plain_mode_ends_when_nobody_reads(home: Path, feed: Feed) -> None:
    async with plain(home) as process:
        await line_of(process, "Attached")
        assert process.stdout is not None
        transport = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
        transport.close()
        while process.returncode is None:
            feed.publish(ExchangeOpened(NOW_MS, "new1", "laptop", "", "aider", "fast", True, 10))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await process.wait()
        assert process.returncode == 0
        assert process.stderr is not None
        assert await process.stderr.read() == b""


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
async def test_in_tmux_as_a_user_sees_it(home: Path, feed: Feed) -> None:
    tmux = ["tmux", "-S", str(home / "tmux"), "-f", os.devnull]

    async def do(*arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *tmux, *arguments, env=environ(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        output, _ = await process.communicate()
        return output.decode()

    async def screen_with(wanted: str) -> str:
        for _ in range(600):
            text = await do("capture-pane", "-p", "-t", "it")
            if wanted in text:
                return text
            await asyncio.sleep(0.05)
        raise AssertionError(f"{wanted!r} is not on screen:\n{await do('capture-pane', '-p', '-t', 'it')}")

    await do("new-session", "-d", "-s", "it", "-x", "80", "-y", "24", *PROGRAM)
    try:
        text = await screen_with("laptop-day")
        assert all(len(line) <= 80 for line in text.splitlines())
        assert "1 Overview " in text
        await do("send-keys", "-t", "it", "2")
        await screen_with("43 in view, newest first")
        await do("send-keys", "-t", "it", "/")
        await screen_with("a word of the model")
        await do("send-keys", "-t", "it", "s", "h", "o", "p")
        await screen_with("of 43")
        await do("send-keys", "-t", "it", "Enter")
        await screen_with("/ filter")
        await do("resize-window", "-t", "it", "-x", "20", "-y", "5")
        await screen_with("live")
        await do("resize-window", "-t", "it", "-x", "150", "-y", "45")
        await screen_with("by key")
        await do("send-keys", "-t", "it", "q")
        for _ in range(200):
            if "it:" not in await do("list-sessions"):
                break
            await asyncio.sleep(0.05)
        assert "it:" not in await do("list-sessions")
    finally:
        await do("kill-server")


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        # The first picture does not wait for an HTTP library, nor a screen reader for a terminal library.
        ("bursar_tui.app", ("aiohttp", "bursar.contract.client")),
        ("bursar_tui.plain", ("textual", "aiohttp")),
        ("bursar_tui.__main__", ("textual", "aiohttp", "keyring")),
    ],
)
def test_what_is_not_loaded(module: str, absent: tuple[str, ...], home: Path) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environ(home), capture_output=True, text=True, check=True)
    assert not set(absent) & set(done.stdout.split())
