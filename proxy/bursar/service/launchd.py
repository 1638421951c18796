"""Launchd: the service as an agent of one user of macOS."""

import os
import re
import time
from pathlib import Path

from bursar.service import launchd_plist as plist
from bursar.service.program import Program
from bursar.service.service_file import ServiceFile
from bursar.service.supervisor import Phase, State
from bursar.service.tool import Said, ToolFailed, ask, do

_LOOK_S = 0.1
_UNKNOWN = 113
"""launchctl's exit status where it does not know a service (errno.h of macOS has no name for it)."""


class Launchd:
    """The agent, in the domain of this user: the graphical session where there is one, else the user's own."""

    def __init__(self) -> None:
        self._end_s = 60.0

    @property
    def name(self) -> str:
        """What it is called."""
        return "launchd, as an agent of this user"

    @property
    def paths(self) -> tuple[Path, ...]:
        """The property list."""
        return (plist.path(Path.home()),)

    def files(self, program: Program) -> tuple[ServiceFile, ...]:
        """The agent that runs `program`."""
        self._end_s = float(program.stop_s)
        content = plist.agent(program)
        return (ServiceFile(self.paths[0], content, content.decode()),)

    def register(self, files: tuple[ServiceFile, ...]) -> None:
        """Take up the agent. What is loaded of an earlier one ends first."""
        self._unload()
        domain = self._domain()
        do("launchctl", "enable", f"{domain}/{plist.LABEL}")
        do("launchctl", "bootstrap", domain, str(files[0].path))

    def unregister(self) -> None:
        """End it and forget it."""
        self._unload()
        self.paths[0].unlink(missing_ok=True)

    def start(self) -> None:
        """Start it; `bootstrap` has done so already where it was not loaded."""
        if self._asked() is None:
            do("launchctl", "bootstrap", self._domain(), str(self.paths[0]))
        do("launchctl", "kickstart", self._service())

    def stop(self) -> None:
        """End it: having ended well, it is not started again."""
        if self.state().process is None:
            return
        do("launchctl", "kill", "SIGTERM", self._service())
        self._until_ended()

    def restart(self) -> None:
        """End it, then start it."""
        self.stop()
        self.start()

    def state(self) -> State:
        """What launchd knows of the agent."""
        if not self.paths[0].exists():
            return State(Phase.ABSENT)
        said = self._asked()
        if said is None:
            return State(Phase.STOPPED)
        process = re.search(r"^\s*pid = (\d+)", said.out, re.M)
        ended = re.search(r"^\s*last exit code = (\d+)", said.out, re.M)
        status = int(ended[1]) if ended else None
        failed = process is None and bool(status)
        return State(
            phase=Phase.RUNNING if process else Phase.FAILED if failed else Phase.STOPPED,
            begins=True,
            process=int(process[1]) if process else None,
            exit_status=status,
        )

    def log_command(self, lines: int, *, follow: bool) -> tuple[str, ...] | None:
        """None: launchd keeps nothing beside our own log file."""
        del lines, follow
        return None

    def advice(self) -> tuple[str, ...]:
        """When it runs."""
        return ("It starts when you log in, and ends when you log out; macOS gives agents no other life.",)

    def _domain(self) -> str:
        # Over ssh there is no graphical session to be an agent of.
        session = f"gui/{os.getuid()}"
        return session if ask("launchctl", "print", session).status == 0 else f"user/{os.getuid()}"

    def _service(self) -> str:
        return f"{self._domain()}/{plist.LABEL}"

    def _asked(self) -> Said | None:
        """What launchd says of the agent; None where it is not loaded."""
        said = ask("launchctl", "print", self._service())
        if said.status == _UNKNOWN:
            return None
        if said.status:
            raise ToolFailed(f"launchctl print: {said.last}")
        return said

    def _unload(self) -> None:
        if self._asked() is not None:
            do("launchctl", "bootout", self._service(), time_s=self._end_s + 30.0)
            self._until_ended()

    def _until_ended(self) -> None:
        """Wait until the process is gone: what is asked for returns before."""
        until = time.monotonic() + self._end_s
        while time.monotonic() < until:
            said = self._asked()
            if said is None or not re.search(r"^\s*pid = \d+", said.out, re.M):
                return
            time.sleep(_LOOK_S)
        raise ToolFailed("The proxy has not ended in its time; bursar service logs may say why.")
