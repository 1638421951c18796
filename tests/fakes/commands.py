"""Bursar's commands under a home of their own: those that stay as real processes, the others in this one."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from bursar.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


_TURNS = threading.Lock()
"""Environment and standard output are those of the whole process."""


class Home:
    """One BURSAR_HOME and the processes started in it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        path = os.pathsep.join([str(ROOT / "proxy"), str(ROOT / "tui")])
        self.environ = {**os.environ, "BURSAR_HOME": str(folder), "PYTHONPATH": path, "NO_COLOR": "1"}

    def configure(self, text: str) -> None:
        """Write the configuration."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.toml").write_text(text)

    def start(self, *words: str) -> tuple[subprocess.Popen[str], str]:
        """Start a command that says `listening on URL`; the process and the URL."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bursar", *words],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._stack.callback(_end, process)
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("listening on "):
                return process, line.split()[2]
        raise AssertionError(f"{words} ended with {process.wait()}")

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, in this process, which costs a fifth of one of its own; one after another.

        Raises CalledProcessError where it ends with another status than 0 and `check` is not said to be False.
        """
        # On a thread of its own, as a command runs an event loop, and whoever calls may be within one.
        with _TURNS, ThreadPoolExecutor(1) as thread:
            ran = thread.submit(_run, self.environ, words).result()
        if check:
            ran.check_returncode()
        return ran

    def json(self, *words: str) -> Any:
        """What a command with `--json` says."""
        return json.loads(self.run(*words, "--json").stdout)

    def settled(self, calls: int) -> Any:
        """What `bursar usage` says once so many calls are booked, which they are a moment after their answers."""
        until = time.monotonic() + 60
        while (usage := self.json("usage"))["total"]["requests"] < calls:
            assert time.monotonic() < until, usage
            time.sleep(0.02)
        return usage


@contextmanager
def home(folder: Path) -> Iterator[Home]:
    """A home whose processes end with the block."""
    with ExitStack() as stack:
        yield Home(folder, stack)


_PRACTISED = """
[server]
port = 0
[upstreams.practice]
kind = "openai_compatible"
base_url = "{url}"
{aliases}
[prices."practice/*"]
input = "3"
output = "15"
"""


@contextmanager
def serving(folder: Path, aliases: str) -> Iterator[Home]:
    """A home with a proxy that serves, the practice upstream behind it as `practice`; `aliases` are TOML."""
    with home(folder) as place:
        _, url = place.start("practice")
        place.configure(_PRACTISED.format(url=url, aliases=aliases))
        place.start("serve")
        yield place


def _run(environ: Mapping[str, str], words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """What a command comes to, given nothing to read."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with (
        pytest.MonkeyPatch.context() as patched,
        redirect_stdout(out),
        redirect_stderr(err),
        io.StringIO() as nothing,
    ):
        for name in set(os.environ) - set(environ):
            patched.delenv(name)
        for name, value in environ.items():
            patched.setenv(name, value)
        patched.setattr(sys, "stdin", nothing)
        try:
            status = int(main(words))
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
    said = [each.buffer.getvalue().decode() for each in (out, err)]
    return subprocess.CompletedProcess(["bursar", *words], status, *said)


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
