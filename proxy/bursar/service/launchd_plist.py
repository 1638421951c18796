"""The agent of launchd, as a property list (launchd.plist(5))."""

import plistlib
from pathlib import Path

from bursar.service.program import Program

LABEL = "bursar.proxy"
OUTPUT = "service-output.log"
"""The file, in the log's folder, for what is said before the log is open: why a start failed."""

_THROTTLE_S = 30
"""launchd cannot be told which exit statuses no other start would help; so it is to try seldom."""
_FILES = 8192
"""macOS gives an agent 256, fewer than the connections that the door takes."""


def agent(program: Program) -> bytes:
    """The property list: starts with the session, and again after a failure; 0 is an end that was asked for."""
    output = str(program.places.log_dir / OUTPUT)
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(program.command),
            "EnvironmentVariables": dict(sorted(program.environment.items())),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": _THROTTLE_S,
            "ExitTimeOut": program.stop_s,
            "ProcessType": "Interactive",  # every other kind is slowed down where much else runs
            "StandardOutPath": output,
            "StandardErrorPath": output,
            "SoftResourceLimits": {"NumberOfFiles": _FILES, "Core": 0},
            "HardResourceLimits": {"Core": 0},
            "Umask": 0o077,
            "WorkingDirectory": str(program.places.data_dir),
        },
        sort_keys=False,
    )


def path(home: Path) -> Path:
    """Where a user's agents are."""
    return home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
