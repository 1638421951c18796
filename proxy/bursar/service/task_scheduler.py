"""Task Scheduler: the service as a task of one user of Windows."""

import os
import time
from pathlib import Path

from bursar.contract.codec import Mismatch
from bursar.contract.places import Places
from bursar.contract.questions import Questions, running
from bursar.contract.way_in import NotRunning, Refused
from bursar.service import windows_task
from bursar.service.program import Program
from bursar.service.service_file import ServiceFile
from bursar.service.supervisor import Phase, State
from bursar.service.tool import ToolFailed, ask, do

_LOOK_S = 0.2
_START_S = 60.0


class TaskScheduler:
    """The task, as schtasks sees it. It is asked through the local door to end: Windows would end it without a word."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._end_s = 60.0

    @property
    def name(self) -> str:
        """What it is called."""
        return "the Task Scheduler, as a task of this user"

    @property
    def paths(self) -> tuple[Path, ...]:
        """The task as it was registered."""
        return (windows_task.path(self._places.data_dir),)

    def files(self, program: Program) -> tuple[ServiceFile, ...]:
        """The task that runs `program`."""
        self._end_s = float(program.stop_s)
        text = windows_task.task(program, _user())
        # schtasks takes the encoding that its own exports have, and no other reliably.
        return (ServiceFile(self.paths[0], text.encode("utf-16"), text),)

    def register(self, files: tuple[ServiceFile, ...]) -> None:
        """Take up the task. What runs of an earlier one ends first."""
        self.stop()
        do("schtasks", "/Create", "/TN", windows_task.NAME, "/XML", str(files[0].path), "/F")

    def unregister(self) -> None:
        """End it and forget it."""
        self.stop()
        if self._is_known():
            do("schtasks", "/Delete", "/TN", windows_task.NAME, "/F")
        self.paths[0].unlink(missing_ok=True)

    def start(self) -> None:
        """Start it; done once it answers."""
        if running(self._places):
            return
        do("schtasks", "/Run", "/TN", windows_task.NAME)
        self._until(running_is=True, time_s=_START_S)

    def stop(self) -> None:
        """End it in good order; one that does not answer is ended as Windows does."""
        try:
            Questions(self._places).stop()
        except NotRunning:
            if self._is_known():
                ask("schtasks", "/End", "/TN", windows_task.NAME)
            return
        except (Refused, Mismatch) as error:
            raise ToolFailed(f"{error}") from None
        self._until(running_is=False, time_s=self._end_s)

    def restart(self) -> None:
        """End it, then start it."""
        self.stop()
        self.start()

    def state(self) -> State:
        """Whether the task is there, and whether a proxy answers; what schtasks says more is in the user's language."""
        if not self._is_known():
            return State(Phase.ABSENT)
        try:
            status = Questions(self._places, 2.0).status()
        except (NotRunning, Refused, Mismatch):
            return State(Phase.STOPPED, begins=True)
        return State(Phase.RUNNING, begins=True, process=status.pid)

    def log_command(self, lines: int, *, follow: bool) -> tuple[str, ...] | None:
        """None: Windows keeps nothing beside our own log file."""
        del lines, follow
        return None

    def advice(self) -> tuple[str, ...]:
        """When it runs."""
        return ("It starts when you log on, since before that Windows opens nobody's Credential Manager.",)

    def _is_known(self) -> bool:
        return ask("schtasks", "/Query", "/TN", windows_task.NAME).status == 0

    def _until(self, *, running_is: bool, time_s: float) -> None:
        until = time.monotonic() + time_s
        while time.monotonic() < until:
            if running(self._places) is running_is:
                return
            time.sleep(_LOOK_S)
        done = "started" if running_is else "ended"
        raise ToolFailed(f"The proxy has not {done} in its time; bursar service logs may say why.")


def _user() -> str:
    domain, name = os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", "")
    return f"{domain}\\{name}" if domain else name
