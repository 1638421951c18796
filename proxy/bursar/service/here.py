"""Which supervisor this machine has."""

import sys
from collections.abc import Mapping

from bursar.contract.places import Places
from bursar.service.supervisor import Supervisor


def supervisor_here(
    places: Places, environ: Mapping[str, str], *, system: bool = False, user: str | None = None
) -> Supervisor | None:
    """The one that runs services here, of the machine with `system`; None where Bursar knows none."""
    if sys.platform == "win32":
        from bursar.service.task_scheduler import TaskScheduler

        return None if system else TaskScheduler(places)
    if sys.platform == "darwin":
        from bursar.service.launchd import Launchd

        return None if system else Launchd()
    if sys.platform == "linux":
        from bursar.service.systemd import Systemd

        return Systemd(environ, system=system, user=user)
    return None
