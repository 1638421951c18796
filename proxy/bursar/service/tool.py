"""Tools of the operating system: asked with a time limit, and what they say against it as a sentence."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass


class ToolFailed(Exception):
    """The system's own tool is not there, takes too long or says no; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool came to."""

    status: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last thing it said, of its errors first."""
        return next((line.strip() for line in reversed((self.out + "\n" + self.err).splitlines()) if line.strip()), "")


def ask(*command: str, environ: Mapping[str, str] | None = None, time_s: float = 30.0) -> Said:
    """Run a tool to its end, whatever that is. Raises ToolFailed where it is not there or takes too long."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(environ or {}), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=time_s,
        )
    except FileNotFoundError:
        raise ToolFailed(f"{command[0]} is not on this machine.") from None
    except subprocess.TimeoutExpired:
        raise ToolFailed(f"{command[0]} has not answered within {time_s:.0f} seconds.") from None
    except OSError as error:
        raise ToolFailed(f"{command[0]} cannot be run: {error.strerror}.") from None
    return Said(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def do(*command: str, environ: Mapping[str, str] | None = None, time_s: float = 30.0) -> Said:
    """The same, where only success will do. Raises ToolFailed with the tool's own words."""
    said = ask(*command, environ=environ, time_s=time_s)
    if said.status:
        raise ToolFailed(f"{' '.join(command)}: {said.last or f'exit status {said.status}'}")
    return said
