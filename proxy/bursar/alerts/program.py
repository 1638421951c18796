"""Starting a program with an alert: without a shell, with nothing secret around it, and for a bounded time."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from bursar.alerts.way import WayFailed, message
from bursar.contract.shown import shown
from bursar.domain.alert import Alert

LONGEST_S = 10.0
"""How long a program may take."""
_LONGEST_COMPLAINT = 300
_GIVEN = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"),
    *("SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA"),
)
"""What a program sees of our environment, which may hold vendors' keys: its place in the system, and no more."""


@dataclass(frozen=True, slots=True)
class Program:
    """`[alerts] command`: gets the alert as JSON on its standard input."""

    argv: tuple[str, ...]
    longest_s: float = LONGEST_S

    @property
    def name(self) -> str:
        return "command"

    @property
    def where(self) -> str:
        """The program alone: among its arguments may be anything."""
        return shown(self.argv[0])

    async def send(self, alert: Alert) -> None:
        await started(self.argv, message(alert), self.longest_s)


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a program may see."""
    return {name: environ[name] for name in _GIVEN if name in environ}


async def started(argv: Sequence[str], said: bytes, longest_s: float, more: Mapping[str, str] | None = None) -> None:
    """Run a program to its end, `said` on its standard input. Raises WayFailed.

    It is a process group of its own, and all of it ends when the time is over or nobody waits any more.
    """
    named = shown(argv[0])
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**surroundings(os.environ), **(more or {})},
            start_new_session=True,
        )
    except FileNotFoundError:
        raise WayFailed(f"There is no program {named}.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name or arguments cannot be"
        raise WayFailed(f"{named} cannot be started: {why}.") from None
    try:
        async with asyncio.timeout(longest_s):
            complaint = await _heard(process, said)
            status = await process.wait()
    except TimeoutError:
        raise WayFailed(f"{named} did not end within {longest_s:g} s.") from None
    finally:
        if process.returncode is None:
            await _ended(process)
    if status:
        why = f": {complaint}" if complaint else ""
        raise WayFailed(f"{named} ended with status {status}{why}.")


async def _heard(process: asyncio.subprocess.Process, said: bytes) -> str:
    """Tell it what there is to tell, and keep the beginning of what it complains of."""
    told, complains = cast(asyncio.StreamWriter, process.stdin), cast(asyncio.StreamReader, process.stderr)
    with suppress(ConnectionError):
        # One that does not read what it is told is welcome to its own message.
        told.write(said)
        await told.drain()
    told.close()
    kept = bytearray()
    while piece := await complains.read(4096):
        kept += piece[: _LONGEST_COMPLAINT - len(kept)]
    return shown(" ".join(kept.decode("utf-8", "replace").split())).rstrip(".")


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a process and whatever it started."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    await process.wait()
