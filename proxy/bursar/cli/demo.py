"""`bursar demo`: everything at once, with no key, no network and no bill, and nothing left behind."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bursar.cli.demo_scene import CAST
from bursar.cli.demo_traffic import Traffic
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain
from bursar.cli.running import asking
from bursar.cli.watch import program
from bursar.contract.commands import IssueKey
from bursar.contract.places import places
from bursar.contract.shown import shown

DESCRIPTION = """\
Try everything at once: a proxy with the practice upstream, a few client applications with keys and caps of their own,
and the terminal interface attached. No key is needed, nothing leaves this machine, nothing is billed; leaving the
interface ends all of it and removes every file.

examples:
  bursar demo
  bursar demo --plain           a line for each event in place of the interface
  bursar demo --seconds 20      end by itself
"""

_START_S = 30.0
_END_S = 10.0
_SCREEN_END_S = 3.0
_OURS = ("BURSAR_HOME", "BURSAR_CONFIG", "BURSAR_HOST", "BURSAR_PORT")
"""What of the environment belongs to the user's own proxy."""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    parser.add_argument("--plain", action="store_true", help="print a line for each event")
    parser.add_argument("--theme", help="dark, light, terminal, or one of Textual's themes")
    parser.add_argument("--seconds", type=float, metavar="N", help="end after so many seconds")


def run(options: argparse.Namespace) -> int:
    """Set the scene, show it, and clear it away whatever happens."""
    plain = options.plain or not sys.stdout.isatty()
    with _home() as home, _ended_by_signals(), suppress(KeyboardInterrupt), _proxy(home) as base_url:
        complain(f"The proxy of the demo listens on {base_url}; all of its files are in {home}.")
        traffic = Traffic(base_url, _keys())
        traffic.start()
        try:
            _show(program(plain=plain, theme=options.theme), options.seconds)
        finally:
            traffic.stop()
    complain("The demo has ended and left nothing behind. To set up your own: bursar init")
    return Exit.OK


@contextmanager
def _home() -> Iterator[Path]:
    """A folder for everything, named by BURSAR_HOME; afterwards it is gone, and the environment as it was."""
    before = {name: os.environ.pop(name, None) for name in _OURS}
    home = Path(tempfile.mkdtemp(prefix="bursar-demo-"))
    os.environ["BURSAR_HOME"] = str(home)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Every polite way of ending a process ends the block as Ctrl-C does."""
    names = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(name, signal.default_int_handler) for name in (signal.SIGINT, *names)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _deaf() -> None:
    """Clear away undisturbed: whoever presses Ctrl-C twice wants it gone, not left half."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


@contextmanager
def _proxy(home: Path) -> Iterator[str]:
    """The process behind the demo; gives its base URL. It has a session of its own, so that only we end it."""
    log = home / "demo.log"
    with log.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", "bursar.cli.demo_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    with child:
        try:
            yield _base_url(child, log)
        finally:
            _deaf()
            if child.stdin is not None:
                child.stdin.close()
            try:
                child.wait(_END_S)
            except subprocess.TimeoutExpired:
                child.kill()


def _base_url(child: "subprocess.Popen[bytes]", log: Path) -> str:
    """What the process says once it answers. Raises Failed, with the end of its log, where it does not."""
    late = threading.Timer(_START_S, child.kill)
    late.start()
    try:
        line = child.stdout.readline().decode() if child.stdout is not None else ""
    finally:
        late.cancel()
    url = line.removeprefix("listening on ").strip()
    if not url:
        last = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
        raise Failed("\n".join(["The demo did not start.", *map(shown, last)]))
    return url


def _keys() -> dict[str, str]:
    """A key for each of the cast, by its name."""
    with asking(places()) as proxy:
        return {part.key: proxy.issue_key(IssueKey(part.key, part.project)).key for part in CAST}


def _show(command: list[str], seconds: float | None) -> None:
    """Run the interface until it ends, or for so many seconds."""
    with _same_terminal(), subprocess.Popen(command) as screen:
        try:
            status = screen.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        finally:
            _deaf()
            _end(screen)
    if status > 0:
        raise Failed(f"The interface ended with status {status}.")


def _end(screen: "subprocess.Popen[bytes]") -> None:
    """End the interface: first as Ctrl-C does, so that it gives the terminal back."""
    for ask in (_interrupt, subprocess.Popen.terminate, subprocess.Popen.kill):
        if screen.poll() is None:
            ask(screen)
            with suppress(subprocess.TimeoutExpired):
                screen.wait(_SCREEN_END_S)


def _interrupt(screen: "subprocess.Popen[bytes]") -> None:
    if os.name == "posix":
        screen.send_signal(signal.SIGINT)


@contextmanager
def _same_terminal() -> Iterator[None]:
    """Leave the terminal as it was, also where the interface had no time to."""
    try:
        import termios

        before = termios.tcgetattr(sys.stdin.fileno())
    except (ImportError, OSError, ValueError, termios.error):
        yield
        return
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)
