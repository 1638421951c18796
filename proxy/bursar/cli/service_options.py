"""Which service a command is about: whose supervisor, and which places."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from bursar.cli.exits import Exit, Failed
from bursar.contract.places import Places, places
from bursar.service.here import supervisor_here
from bursar.service.supervisor import Supervisor

SYSTEM_HOME = Path("/var/lib/bursar")
SYSTEM_CONFIG = Path("/etc/bursar/config.toml")


def chosen(options: argparse.Namespace) -> Supervisor:
    """The supervisor that the options name. Raises Failed where there is none."""
    user = getattr(options, "run_as", None)
    if user and not options.system:
        raise Failed("--run-as is for the service of the machine: give --system too.", Exit.WRONG_USE)
    if user and not _is_known(user):
        raise Failed(f"There is no user {user} on this machine: sudo useradd --system {user}")
    found = supervisor_here(places_for(options), os.environ, system=options.system, user=user)
    if found is None:
        what = "--system is for systemd" if options.system else "Bursar knows no supervisor of this operating system"
        raise Failed(f"{what}; run bursar serve under the one that you have.")
    return found


def places_for(options: argparse.Namespace) -> Places:
    """The places of the service that the options name."""
    if not options.system:
        return places(options.config.absolute() if options.config else None)
    home = SYSTEM_HOME
    config = options.config.absolute() if options.config else SYSTEM_CONFIG
    return replace(places(config), data_dir=home / "data", runtime_dir=home / "run", log_dir=home / "log")


def environ_for(options: argparse.Namespace) -> dict[str, str]:
    """The environment that the service takes its places from."""
    return {"BURSAR_HOME": str(SYSTEM_HOME)} if options.system else dict(os.environ)


def _is_known(user: str) -> bool:
    """Whether this machine has a user of that name."""
    try:
        import pwd

        pwd.getpwnam(user)
    except (ImportError, KeyError):
        return False
    return True
