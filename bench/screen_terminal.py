"""A terminal with the interface in it, and the door that it is attached to: processes, and what they have used."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Self

from bench.children import ROOT

QUIET_S = 0.4
"""What is drawn is drawn when nothing has been written for so long."""

MARK = b"laptop-day"
"""On the first screen once the state of the proxy is drawn."""

_LONG_S = 60.0
_READ = 16_384
_PATHS = os.pathsep.join(str(ROOT / folder) for folder in ("", "proxy", "tui"))
_ANSWERS = ((b"\x1b[?2026$p", b"\x1b[?2026;2$y"),)
"""A terminal of today answers that it can take a frame at once."""


class Terminal:
    """`python -m bursar_tui` in a terminal of its own; what it writes is read as fast as `bytes_a_second` allows."""

    screens = ("2", "3", "4", "5", "6", "1")
    """The keys of the screens on which a digit is no text."""

    def __init__(
        self,
        home: Path,
        *,
        size: tuple[int, int] = (80, 24),
        bytes_a_second: int | None = None,
        compiled_in: str | None = None,
    ) -> None:
        self._rate = bytes_a_second
        self._seen = b""
        self.written = 0
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": _PATHS,
            "BURSAR_HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }
        if compiled_in is not None:
            environ["PYTHONPYCACHEPREFIX"] = compiled_in
        self._started_s = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bursar_tui"],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=environ,
            start_new_session=True,
        )
        os.close(follower)
        self._leader = leader

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._leader)
        self._process.send_signal(signal.SIGHUP)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._leader, keys.encode())

    def until(self, wanted: bytes) -> float:
        """Read until something has been written; seconds since the start. Raises TimeoutError."""
        end_s = time.monotonic() + _LONG_S
        while wanted not in self._seen:
            if not self._read(max(0.0, end_s - time.monotonic())):
                raise TimeoutError(f"{wanted!r} was not drawn")
        return time.monotonic() - self._started_s

    def ready(self) -> None:
        """Read until the state of the proxy is drawn, and all that comes with it."""
        self.until(MARK)
        self.settle()

    def settle(self) -> float:
        """Read until nothing comes any more; after how many seconds the last of it came."""
        started_s = last_s = time.monotonic()
        while self._read(QUIET_S):
            last_s = time.monotonic()
        return last_s - started_s

    def watch(self, seconds: float) -> None:
        """Read what comes for so long."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self._read(left_s)

    def _read(self, within_s: float) -> bool:
        if not select.select([self._leader], [], [], within_s)[0]:
            return False
        data = os.read(self._leader, _READ if self._rate is None else self._rate // 50)
        self.written += len(data)
        self._seen = (self._seen + data)[-_READ:]
        for question, answer in _ANSWERS:
            if question in data:
                os.write(self._leader, answer)
        if self._rate is not None:
            time.sleep(len(data) / self._rate)
        return True

    def cpu_s(self) -> float:
        """What the process has used so far, in user and system mode."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Bytes resident."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


class Door:
    """`python -m bench.screen_door` for a block."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.screen_door", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": _PATHS},
        )

    def __enter__(self) -> Self:
        self.done()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def begin(self, rate: int, count: int) -> None:
        """Publish so many events at so many a second."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d %d\n" % (rate, count))
        self._process.stdin.flush()

    def is_done(self) -> bool:
        """Whether they are out; asked again only where not."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], 0)[0]:
            return False
        self.done()
        return True

    def done(self) -> None:
        """Wait until the door says so."""
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError("the door has ended")
