"""A reader who does what a paper says: runs its commands in order, in one shell, under a home of their own.

What stands in for the world outside: the practice upstream for the vendor, free ports for the usual ones.
"""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property

from fakes.commands import Home

PATIENCE_S = 60

_MODELS = {"gpt-4.1-mini": "practice-small", "gpt-4.1": "practice-large"}
_PRICE = 'bursar config set \'prices."practice-*"\' \'{ input = "0.15", output = "0.60" }\''

_STAYS = re.compile(r"bursar (serve|watch|practice|demo)(?!.*--(list|help))\b")
"""Commands that go on until somebody ends them."""

_READY = {
    "serve": "listening on ",
    "practice": "listening on ",
    "watch": "Overview|Attached",
    "demo": "Overview|opened",
}

_ANSWERS = (
    ("Number", r"\n\s+(\d+)  OpenAI\r", None),
    ("key .*not shown", None, "sk-" + "made-up" * 4),
    ("Model behind the alias", None, "gpt-4.1-mini"),
    ("Spend at most", None, ""),
    ("Name of the first client key", None, ""),
    ("Number", None, "2"),
    ("Which file", None, ""),
)
"""What `bursar init` asks, in its order, with what the reader types: the number that its list shows, or a text."""


@dataclass
class Ran:
    """A command that has ended: its status and all it printed."""

    command: str
    status: int
    output: str


class Reader:
    """One reader of one paper."""

    def __init__(self, home: Home, stack: ExitStack, port: int, practice_port: int) -> None:
        self._home = home
        self._stack = stack
        self._ports = {"4141": str(port), "4242": str(practice_port)}
        self._state = home.folder / "shell"
        self._running: list[tuple[str, int, subprocess.Popen[bytes]]] = []
        programs = home.folder / "programs"
        programs.mkdir(parents=True)
        (programs / "bursar").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bursar "$@"\n')
        (programs / "bursar").chmod(0o755)
        self._state.write_text("")
        self._environ = {
            **home.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home.folder),
            "TERM": "xterm-256color",
            "BURSAR_PORT": str(port),
            "OPENAI_API_KEY": "sk-" + "made-up" * 4,
            # A test writes into nobody's keyring.
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }

    @cached_property
    def _vendor(self) -> str:
        """Where the vendor's stand-in is; it starts when it is first asked for."""
        return self._home.start("practice")[1]

    def do(self, command: str) -> Ran | None:
        """Run a command to its end; one that stays is left running once it is ready, and then None is returned."""
        command = self._stood_in(command)
        stays = _STAYS.match(command)
        if stays:
            self._begin(command, _READY[stays[1]])
            # A demo is looked at and left; the rest is what the next commands need.
            return self._quit(*self._running.pop()) if stays[1] == "demo" else None
        if command.startswith("bursar init") and "--yes" not in command:
            return self._priced(self._talk(command))
        ran = self._shell(command)
        return self._priced(ran) if command.startswith("bursar init") else ran

    def end(self) -> list[Ran]:
        """End what still runs, the last begun first, as somebody at the terminal would."""
        ended = [self._quit(*each) for each in reversed(self._running)]
        self._running.clear()
        return ended

    def _quit(self, command: str, terminal: int, process: "subprocess.Popen[bytes]") -> Ran:
        if process.poll() is None:
            if command.startswith(("bursar watch", "bursar demo")) and "--plain" not in command:
                os.write(terminal, b"q")
            else:
                process.send_signal(signal.SIGINT)
        output = _read(terminal, None, process)
        return Ran(command, process.wait(PATIENCE_S), output)

    def _stood_in(self, command: str) -> str:
        command = re.sub(r"^python3 proxy\b", "bursar", command)
        if re.match(r"bursar init\b(?!.*--base-url)", command):
            command = command.replace("bursar init", f"bursar init --base-url {self._vendor}", 1)
        for name, ours in _MODELS.items():
            command = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", ours, command)
        return re.sub(r"(?<=[: ])(4141|4242)\b", lambda found: self._ports[found[1]], command)

    def _shell(self, command: str) -> Ran:
        """Run it in a shell that knows what the commands before it have set."""
        script = f'set -ea\n. "{self._state}"\n{command}\nexport -p > "{self._state}"\n'
        done = subprocess.run(
            ["sh", "-c", script],
            env=self._environ,
            cwd=self._home.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE_S,
        )
        return Ran(command, done.returncode, done.stdout.decode("utf-8", "replace"))

    def _priced(self, ran: Ran) -> Ran:
        """The stand-in's models have a price, as the vendor's have."""
        return ran if ran.status else Ran(ran.command, self._shell(_PRICE).status, ran.output)

    def _open(self, command: str) -> tuple[int, "subprocess.Popen[bytes]"]:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            ["sh", "-c", f'. "{self._state}"; exec {command}'],
            env=self._environ,
            cwd=self._home.folder,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._stack.callback(os.close, ours)
        self._stack.callback(_kill, process)
        return ours, process

    def _begin(self, command: str, ready: str) -> None:
        terminal, process = self._open(command)
        _read(terminal, ready, process)
        self._running.append((command, terminal, process))

    def _talk(self, command: str) -> Ran:
        """Run it in a terminal, and answer what it asks."""
        terminal, process = self._open(command)
        output = ""
        for question, shown, typed in _ANSWERS:
            output += (said := _read(terminal, question + ".*: $", process))
            if shown is not None:
                found = re.search(shown, said)
                assert found, f"{command}: {output}"
                typed = found[1]
            typed = _MODELS.get(typed or "", typed or "")
            if process.poll() is None:
                os.write(terminal, f"{typed}\n".encode())
        output += _read(terminal, None, process)
        return Ran(command, process.wait(PATIENCE_S), output)


def _read(terminal: int, until: str | None, process: "subprocess.Popen[bytes]") -> str:
    """What a terminal shows until it shows `until`, or, where that is None, until the program has ended."""
    shown, deadline = b"", time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if until is not None and re.search(until, shown.decode("utf-8", "replace")):
            break
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # Linux says so where the other end is closed
                break
            if not piece:
                break
            shown += piece
        elif process.poll() is not None:
            break
    text = shown.decode("utf-8", "replace")
    assert until is None or re.search(until, text), f"no {until!r} in: {text}"
    return text


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        process.kill()
    process.wait()
