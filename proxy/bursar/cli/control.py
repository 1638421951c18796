"""`bursar reload` and `bursar stop`: have the running proxy take up its file, or end."""

import argparse
import os
import time

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.service_state import look_here

DESCRIPTION = """\
Have the running proxy take up its configuration (reload), or finish its calls and end (stop).

examples:
  bursar reload            exit status 1 where the file has problems; the old configuration then stays
  bursar stop              waits until the proxy has ended
  bursar stop --no-wait    returns at once
"""

_LOOK_S = 0.05


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The options of either."""
    add_config(parser)
    if name == "stop":
        parser.add_argument("--no-wait", action="store_true", help="do not wait until it has ended")


def run(options: argparse.Namespace) -> int:
    """Do it."""
    if options.command == "stop":
        return _stop(options)
    with asking(places_of(options)) as proxy:
        problems = proxy.reload()
    for problem in problems:
        complain(problem)
    if problems:
        return Exit.PROBLEM
    say("The configuration is in force.")
    return Exit.OK


def _stop(options: argparse.Namespace) -> int:
    with asking(places_of(options)) as proxy:
        status = proxy.status()
        proxy.stop()
    if options.no_wait:
        say("The proxy is stopping.")
        return Exit.OK
    if status.running_exchanges:
        say(f"Waiting for {status.running_exchanges} running calls to end.")
    while _alive(status.pid):
        time.sleep(_LOOK_S)
    say("Stopped.")
    if look_here(places_of(options)).holds_port:
        say("Its port is held for the service, which starts at the next call; to keep it stopped: bursar service stop")
    return Exit.OK


def _alive(pid: int) -> bool:
    """Whether a process is there still: after its doors have closed, it settles what was running."""
    if os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        raise Failed(f"The proxy (process {pid}) is another user's.") from None
    return not _zombie(pid)


def _zombie(pid: int) -> bool:
    """Whether a process has ended and only its parent has yet to notice."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as facts:  # noqa: PTH123
            return facts.read().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
