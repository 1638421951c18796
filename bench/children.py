"""The processes that take part: started on their core, watched, and ended; and what a child itself does for that."""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent

_START_S = 60.0
_STOP_S = 20.0
_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
_PR_SET_PDEATHSIG = 1
_CPUCLOCK_SCHED = 2


class ChildFailed(Exception):
    """A process did not start, or ended by itself; says what it said."""


# --- in the child -------------------------------------------------------------------------------


def announce(port: int) -> None:
    """Tell whoever started us where we listen."""
    print(f"listening on http://127.0.0.1:{port}", flush=True)


def stop_with_parent() -> None:
    """End at once when standard input does, which is when the process that started us ends, however it does."""

    def wait() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


# --- in the parent ------------------------------------------------------------------------------


class Cores:
    """The core of the harness (client and source) and that of the proxies, where the system lets us choose."""

    def __init__(self) -> None:
        usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.pinned = len(usable) > 1
        self.harness = {usable[0]} if self.pinned else set(usable)
        self.proxies = {usable[-1]} if self.pinned else set(usable)
        self._all = set(usable)

    def take(self, cores: set[int]) -> None:
        """Move this process; what it starts from now on starts there too."""
        if self.pinned:
            os.sched_setaffinity(0, cores)

    @contextlib.contextmanager
    def of_proxies(self) -> Iterator[None]:
        """A block in which what is started runs on the proxies' core."""
        before = os.sched_getaffinity(0) if self.pinned else set()
        self.take(self.proxies)
        try:
            yield
        finally:
            self.take(before)

    @contextlib.contextmanager
    def any(self) -> Iterator[None]:
        """A block in which what is started may run anywhere."""
        before = os.sched_getaffinity(0) if self.pinned else set()
        self.take(self._all)
        try:
            yield
        finally:
            self.take(before)


class Child:
    """One server process. Use as a block; it is ended with it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.command = list(command)
        self._environment = environment
        self.port = 0

    def __enter__(self) -> "Child":
        self.started_ns = time.monotonic_ns()
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=environment(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_dying_with_parent() if sys.platform == "linux" else None,
        )
        assert self.process.stdout is not None
        self._said = _Said(self.process.stdout)
        try:
            self.port = self._said.port(_START_S)
        except ChildFailed:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> int:
        """End it gently, then not so gently; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._said.close()
        return code

    @property
    def lines(self) -> list[str]:
        """Every line of its output, at most the last ten thousand."""
        return list(self._said.lines)

    @property
    def said(self) -> str:
        """The last lines of its output."""
        return self._said.last


class _Said:
    """What a child says, read by a thread so that it is never held up."""

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = pipe
        self.lines: deque[str] = deque(maxlen=10_000)
        self._port = 0
        self._known = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._pipe:
            self.lines.append(line)
            found = _LISTENING.search(line)
            if found is not None and not self._port:
                self._port = int(found[1])
                self._known.set()
        self._known.set()

    def port(self, limit_s: float) -> int:
        self._known.wait(limit_s)
        if not self._port:
            raise ChildFailed(f"did not say where it listens; it said: {self.last or 'nothing'}")
        return self._port

    @property
    def last(self) -> str:
        return "".join(list(self.lines)[-30:]).strip()

    def close(self) -> None:
        self._reader.join(5)
        self._pipe.close()


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, in which the packages of the checkout are found."""
    paths = [str(ROOT), str(ROOT / "proxy"), str(ROOT / "tui")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", **(more or {})}


def _dying_with_parent() -> Callable[[], None]:
    """What a child does before it becomes its program, so that Linux ends it when its parent is gone, even killed."""
    # Looked up here: between fork and exec nothing may need a lock that another thread held.
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def cpu_ns(pid: int) -> int | None:
    """The CPU time a process has taken, all its threads together; None where that cannot be asked."""
    if sys.platform != "linux":
        return None
    # What clock_getcpuclockid(3) makes of a process id.
    return time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED)


def rss_bytes(pid: int) -> int | None:
    """The resident memory of a process; None where that cannot be asked."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return None
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def open_files(pid: int) -> int | None:
    """How many descriptors a process has open; None where that cannot be asked."""
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None
