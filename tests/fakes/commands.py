"""Bursar's commands as real processes, under a home of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


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
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "bursar", *words],
            env=self.environ,
            capture_output=True,
            text=True,
            check=check,
            timeout=60,
        )

    def json(self, *words: str) -> Any:
        """What a command with `--json` says."""
        return json.loads(self.run(*words, "--json").stdout)


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
