"""Systemd: the service under a user's own service manager, or under that of the machine."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from bursar.service import systemd_unit as unit
from bursar.service.objections import is_temporary
from bursar.service.program import Program
from bursar.service.service_file import ServiceFile
from bursar.service.supervisor import Phase, State
from bursar.service.tool import Said, ToolFailed, ask, do

_SYSTEM_FOLDER = Path("/etc/systemd/system")
_LINGERING = Path("/var/lib/systemd/linger")
"""Has a file for each user whose services run without a login (loginctl(1))."""

_ASKED = ("LoadState", "ActiveState", "MainPID", "ExecMainStatus", "NRestarts", "UnitFileState")
_PHASES = {
    "active": Phase.RUNNING,
    "reloading": Phase.RELOADING,
    "activating": Phase.STARTING,
    "deactivating": Phase.STOPPING,
    "failed": Phase.FAILED,
}
_START_S = 180.0
"""Above what a unit allows for a start."""


class Systemd:
    """The two units, in the folder of one manager. `user` is whom the system's runs it as; None: a user of its own."""

    def __init__(self, environ: Mapping[str, str], *, system: bool = False, user: str | None = None) -> None:
        self._system, self._user = system, user
        self._folder = _SYSTEM_FOLDER if system else _user_folder(environ)
        self._how = () if system else ("--user",)
        self._environ = {} if system else _reaching(environ)
        self._stop_s = 60.0

    @property
    def name(self) -> str:
        """What it is called."""
        return "systemd" if self._system else "systemd, as a service of this user"

    @property
    def paths(self) -> tuple[Path, ...]:
        """The service, and the socket that is held for it."""
        return (self._folder / unit.SERVICE, self._folder / unit.SOCKET)

    def files(self, program: Program) -> tuple[ServiceFile, ...]:
        """The units that run `program`."""
        self._stop_s = float(program.stop_s) + 30.0
        if self._system:
            texts = [unit.system_service(program, self._user)]
        else:
            # In a view of its own the temporary folders are its own too: nothing of it may be in the usual ones.
            own_view = not _is_passing(program) and self._gives_own_view()
            texts = [unit.user_service(program, own_view=own_view)]
        if program.addresses:
            texts.append(unit.socket_unit(program, system=self._system))
        return tuple(ServiceFile(path, text.encode(), text) for path, text in zip(self.paths, texts, strict=False))

    def register(self, files: tuple[ServiceFile, ...]) -> None:
        """Take up the units; a socket that is no longer held is given up."""
        kept = {file.path for file in files}
        self._control("daemon-reload")
        for path in self.paths:
            if path not in kept and path.exists():
                ask("systemctl", *self._how, "disable", "--now", path.name, environ=self._environ, time_s=self._stop_s)
                path.unlink()
        self._control("enable", *(file.path.name for file in files))

    def unregister(self) -> None:
        """End both units and forget them."""
        self.stop()
        for path in self.paths:
            if path.exists():
                self._control("disable", path.name)
                path.unlink()
        self._control("daemon-reload")
        ask("systemctl", *self._how, "reset-failed", *self._names(), environ=self._environ)

    def start(self) -> None:
        """Start it; done once it answers."""
        # A unit that failed too often would not be started otherwise.
        ask("systemctl", *self._how, "reset-failed", *self._names(), environ=self._environ)
        self._control("start", *reversed(self._names()), time_s=_START_S)

    def stop(self) -> None:
        """End it, the socket first: a call would start the service again."""
        self._control("stop", *reversed(self._names()), time_s=self._stop_s)

    def restart(self) -> None:
        """Restart the service alone: meanwhile its socket takes connections, which wait."""
        ask("systemctl", *self._how, "reset-failed", *self._names(), environ=self._environ)
        self._control("restart", unit.SERVICE, time_s=_START_S + self._stop_s)

    def state(self) -> State:
        """What the manager knows of the service."""
        said = self._control("show", unit.SERVICE, unit.SOCKET, f"--property={','.join(_ASKED)}")
        facts, held = (
            dict(line.partition("=")[::2] for line in block.splitlines()) for block in said.out.split("\n\n", 1)
        )
        if facts.get("LoadState") == "not-found":
            return State(Phase.ABSENT)
        return State(
            phase=_PHASES.get(facts.get("ActiveState", ""), Phase.STOPPED),
            begins=facts.get("UnitFileState") == "enabled",
            process=int(facts.get("MainPID", "0")) or None,
            exit_status=int(facts.get("ExecMainStatus", "0")),
            restarts=int(facts.get("NRestarts", "0")),
            holds_port=held.get("ActiveState") == "active",
        )

    def log_command(self, lines: int, *, follow: bool) -> tuple[str, ...] | None:
        """The journal's, where there is one that this user may read."""
        whose = f"--unit={unit.SERVICE}" if self._system else f"--user-unit={unit.SERVICE}"
        try:
            said = ask("journalctl", whose, "--quiet", "--lines=1", "--output=cat")
        except ToolFailed:
            return None
        if said.status or not said.out.strip():
            return None
        shown = ("journalctl", whose, "--quiet", "--no-pager", "--output=short-iso", f"--lines={lines}")
        return (*shown, "--follow") if follow else shown

    def advice(self) -> tuple[str, ...]:
        """For a user's service: whether it runs while its user is logged out."""
        if self._system:
            return ("It starts with the machine. Its ledger is in /var/lib/bursar; ask it as root, with --system.",)
        if self.lingers():
            return ("It starts with the machine and runs whether you are logged in or not (lingering is enabled).",)
        return (
            "It starts when you log in and ends with your last session. To have it run from the start of the machine "
            f"on, enable lingering: loginctl enable-linger {_name()}, or bursar service install --linger",
        )

    @property
    def can_linger(self) -> bool:
        """Whether it is a user's service, which may end with the last session."""
        return not self._system

    def lingers(self) -> bool:
        """Whether this user's services run without a login."""
        return (_LINGERING / _name()).exists()

    def linger(self) -> None:
        """Have this user's services run without a login. Raises ToolFailed."""
        do("loginctl", "enable-linger", _name())

    def _names(self) -> tuple[str, ...]:
        """The units that are there, the service first."""
        return tuple(path.name for path in self.paths if path.exists()) or (unit.SERVICE,)

    def _control(self, *words: str, time_s: float = 30.0) -> Said:
        said = ask("systemctl", *self._how, *words, environ=self._environ, time_s=time_s)
        if said.status == 0:
            return said
        if "Failed to connect to bus" in said.err or "not been booted with systemd" in said.err:
            raise ToolFailed(self._nobody())
        if said.err.startswith(("Job for ", "A dependency job for ")):
            raise ToolFailed("The service did not start or ended at once; bursar service logs says why.")
        raise ToolFailed(f"systemctl {' '.join(words)}: {said.last}")

    def _nobody(self) -> str:
        if self._system:
            return "This machine is not run by systemd: run bursar serve under the supervisor that it has."
        return (
            "No systemd manages services of this user here: in a container or under another supervisor, run bursar "
            "serve by what is there; in WSL, set systemd=true in /etc/wsl.conf; after su, log in by ssh instead."
        )

    def _gives_own_view(self) -> bool:
        """Whether the manager can give a service a view of its own of the files: some kernels forbid a user to."""
        try:
            said = ask(
                *("systemd-run", "--user", "--quiet", "--wait", "--collect", "--pipe"),
                *("-p", "PrivateUsers=yes", "-p", "PrivateTmp=yes", "-p", "ProtectSystem=strict", "true"),
                environ=self._environ,
            )
        except ToolFailed:
            return False
        return said.status == 0


def _is_passing(program: Program) -> bool:
    """Whether anything of the program is in a folder that is emptied now and then."""
    return any(is_temporary(path) for path in (program.python, program.places.config_file, program.places.data_dir))


def _user_folder(environ: Mapping[str, str]) -> Path:
    """Where a user's manager looks for units first (systemd.unit(5))."""
    config = environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "systemd" / "user"


def _reaching(environ: Mapping[str, str]) -> dict[str, str]:
    """What systemctl needs to reach the user's manager; su and cron do not set it."""
    usual = Path(f"/run/user/{os.getuid()}")
    return {"XDG_RUNTIME_DIR": str(usual)} if not environ.get("XDG_RUNTIME_DIR") and usual.is_dir() else {}


def _name() -> str:
    return pwd.getpwuid(os.getuid()).pw_name
