"""Starting: the proxy begun from the interface, by the service where one is installed, else as a process of its own.

It goes on when the interface ends. All of it is asked of `python -m bursar`, which is another program.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bursar.contract.places import Places

LOG_NAME = "serve-output.log"
"""What a proxy that was started here printed, in the folder of logs; only that of the last one is kept."""
BEGIN_S = 30.0
"""How long a proxy may take until it answers."""

_LOOK_S = 0.05
_NOT_INSTALLED = ("absent", "unknown")
_LISTENING = b"listening on "
_LONGEST_REASON = 400


@dataclass(frozen=True, slots=True)
class Begun:
    """What came of it: a sentence, and whether the proxy answers now."""

    sentence: str
    well: bool


class Starter:
    """Starts the proxy of one installation; `config` is the file that was named on the command line, if one was."""

    def __init__(self, places: Places, config: Path | None) -> None:
        self._log = places.log_dir / LOG_NAME
        self._words = [] if config is None else ["--config", str(config)]
        self._started: subprocess.Popen[bytes] | None = None

    async def start(self) -> Begun:
        """Start it, and wait until it answers or has ended."""
        return await asyncio.to_thread(self._start)

    @property
    def process(self) -> "subprocess.Popen[bytes] | None":
        """The process that was started here and is no service's."""
        return self._started

    def _start(self) -> Begun:
        try:
            if self._has_service():
                return self._by_service()
            return self._by_itself()
        except subprocess.TimeoutExpired:
            return Begun("It was not started: the service manager does not answer. Try: bursar service status", False)
        except OSError as error:
            return Begun(f"It was not started: {error.strerror or error}.", False)

    def _has_service(self) -> bool:
        asked = self._bursar("service", "status", "--json")
        try:
            phase = json.loads(asked.stdout)["phase"]
        except (ValueError, KeyError, TypeError):
            return False
        return isinstance(phase, str) and phase not in _NOT_INSTALLED

    def _by_service(self) -> Begun:
        done = self._bursar("service", "start")
        said = _last_line(done.stdout if done.returncode == 0 else done.stderr or done.stdout)
        if done.returncode == 0:
            return Begun(f"The service was started. {said}".strip(), True)
        return Begun(f"The service did not start: {said or 'see bursar service logs'}", False)

    def _by_itself(self) -> Begun:
        """A process of its own session, which neither the end of this program nor of its terminal ends."""
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
            self._started = process = subprocess.Popen(
                self._command("serve"), stdin=subprocess.DEVNULL, stdout=output, stderr=output, **_apart()
            )
        until = time.monotonic() + BEGIN_S
        while time.monotonic() < until:
            if _LISTENING in self._log.read_bytes():
                return Begun(f"The proxy was started, process {process.pid}; what it prints: {self._log}", True)
            if process.poll() is not None:
                return Begun(f"It ended at once: {_last_line(self._log.read_bytes())}", False)
            time.sleep(_LOOK_S)
        return Begun(f"It was started, process {process.pid}, but does not answer yet; see {self._log}", False)

    def _bursar(self, *words: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            self._command(*words), stdin=subprocess.DEVNULL, capture_output=True, timeout=BEGIN_S, check=False
        )

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "bursar", *words, *self._words]


def _apart() -> dict[str, Any]:
    """How a process is kept apart from ours on this system."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _last_line(output: bytes) -> str:
    """The last thing that was said, as far as it fits."""
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1][:_LONGEST_REASON] if lines else ""
