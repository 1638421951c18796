"""Supervisor: what of the operating system runs the service, as the commands ask it, whichever system it is."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bursar.service.program import Program
from bursar.service.service_file import ServiceFile


class Phase(StrEnum):
    """How the service is, in one word."""

    ABSENT = "absent"
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    RELOADING = "reloading"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class State:
    """How the service is, as its supervisor says.

    `begins` is whether it starts by itself, `process` its process where it is known, `exit_status`
    what it last ended with, `restarts` how often it was started again, `holds_port` whether the
    supervisor itself has the port, for it.
    """

    phase: Phase
    begins: bool = False
    process: int | None = None
    exit_status: int | None = None
    restarts: int = 0
    holds_port: bool = False


class Supervisor(Protocol):
    """What a system's supervisor is asked. Every method but `files` may raise ToolFailed."""

    @property
    def name(self) -> str:
        """What it is called, for people."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file by which it may know the service."""

    def files(self, program: Program) -> tuple[ServiceFile, ...]:
        """The files that have it run `program`."""

    def register(self, files: tuple[ServiceFile, ...]) -> None:
        """Have it take up files that were written, and start the service by itself from now on."""

    def unregister(self) -> None:
        """Have it end the service and forget it; afterwards its files can go."""

    def start(self) -> None:
        """Start it, until it answers where the supervisor can tell."""

    def stop(self) -> None:
        """End it in good order."""

    def restart(self) -> None:
        """End it in good order and start it again."""

    def state(self) -> State:
        """How it is."""

    def log_command(self, lines: int, *, follow: bool) -> tuple[str, ...] | None:
        """The command that shows what the supervisor has kept of its output; None where that is in our log file."""

    def advice(self) -> tuple[str, ...]:
        """What its user should know of when it runs and when not."""
