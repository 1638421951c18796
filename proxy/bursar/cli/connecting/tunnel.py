"""Tunnel programs: found on this machine, run as our child while we run; their public address is read from them."""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from bursar.contract.shown import shown

_PR_SET_PDEATHSIG = 1
_ENDING_S = 5.0


@dataclass(frozen=True, slots=True)
class TunnelProgram:
    """One program: how it is run for a port of this machine, and how it says its public address."""

    name: str
    command: Callable[[int], list[str]]
    address: re.Pattern[str]
    note: str


PROGRAMS = (
    TunnelProgram(
        "cloudflared",
        lambda port: ["cloudflared", "tunnel", "--no-autoupdate", "--url", f"http://127.0.0.1:{port}"],
        re.compile(r"https://(?!api\.)[a-z0-9-]+\.trycloudflare\.com"),
        "no account needed, a new name each time, streams not promised",
    ),
    TunnelProgram(
        "ngrok",
        # Without its inspector, which would keep what is said through it, and show it to every user of this machine.
        lambda port: ["ngrok", "http", f"http://127.0.0.1:{port}", "--log", "stdout", "--inspect=false"],
        re.compile(r"\burl=(https://[^\s\"]+)"),
        "needs an account",
    ),
    TunnelProgram(
        "tailscale",
        lambda port: ["tailscale", "funnel", str(port)],
        re.compile(r"https://[a-z0-9.-]+\.ts\.net(?::\d+)?"),
        "needs an account with Funnel; the same name each time",
    ),
)


def found() -> tuple[TunnelProgram, ...]:
    """Those that are on the PATH."""
    return tuple(program for program in PROGRAMS if shutil.which(program.name) is not None)


class TunnelFailed(Exception):
    """The program did not say an address; the message is a sentence with its last words."""


class Tunnel:
    """A running tunnel program; use as `with`. It ends with the block, and on Linux also where we are killed."""

    def __init__(self, program: TunnelProgram, port: int, patience_s: float = 40.0) -> None:
        self._program = program
        self._port = port
        self._patience_s = patience_s
        self._last: deque[str] = deque(maxlen=5)
        self._known = threading.Event()
        self._address = ""

    def __enter__(self) -> Self:
        command = self._program.command(self._port)
        path = shutil.which(command[0]) or command[0]
        self._process = subprocess.Popen(
            [path, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_ends_with_us() if sys.platform == "linux" else None,
        )
        self._reader = threading.Thread(target=self._read, name="tunnel", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(_ENDING_S)

    @property
    def runs(self) -> bool:
        """Whether the program is still there."""
        return self._process.poll() is None

    @property
    def words(self) -> str:
        """What it said last."""
        return " / ".join(self._last)

    def host(self) -> str:
        """The public host, once the program says it. Raises TunnelFailed."""
        self._known.wait(self._patience_s)
        if not self._address:
            said = f": {self.words}" if self._last else "."
            raise TunnelFailed(f"{self._program.name} gave no public address{said}")
        return urlsplit(self._address).netloc.lower()

    def _read(self) -> None:
        """All that it says is read to its end: a program whose output nobody reads stops."""
        stream = self._process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                text = line.decode("utf-8", "replace").strip()
                if text:
                    self._last.append(shown(text[:200]))
                match = self._program.address.search(text)
                if match is not None and not self._address:
                    self._address = match[match.lastindex or 0]
                    self._known.set()
        self._known.set()


def _ends_with_us() -> Callable[[], None]:
    """What a child does before it becomes the program: ask the kernel to end it when its parent dies, however."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask
