"""How the service is: what its supervisor says, what the proxy itself says, and whether they agree."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec

from bursar.cli.exits import Exit, Failed
from bursar.cli.running import running_identity
from bursar.cli.service_options import chosen, places_for
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.contract.places import Places
from bursar.contract.version import Identity, mismatch
from bursar.service.here import supervisor_here
from bursar.service.supervisor import Phase, State, Supervisor
from bursar.service.tool import ToolFailed

_REASONS = {
    2: "its command line is wrong: bursar service install writes it again",
    4: "the port or the ledger is another process's: bursar doctor says whose",
    5: "the configuration cannot be used: bursar config check says why",
}


class Found(msgspec.Struct, frozen=True):
    """What `bursar service status --json` prints.

    `phase` is one of absent, stopped, starting, running, reloading, stopping, failed or unknown;
    `process` the service's, `answering` the one that answers at the local door, which may be
    another's (started by hand). `holds_port`: whether the supervisor has the port, also while
    nothing answers.
    """

    supervisor: str
    phase: str
    begins: bool
    process: int | None
    exit_status: int | None
    restarts: int
    holds_port: bool
    answering: int | None
    version: str | None
    url: str | None
    problems: tuple[str, ...]

    @property
    def exit(self) -> Exit:
        """The exit status that says the same."""
        if self.problems:
            return Exit.PROBLEM
        return Exit.OK if self.answering is not None else Exit.NOT_RUNNING


def look(options: argparse.Namespace) -> Found:
    """Ask the supervisor that the options name, and the proxy."""
    return _found(places_for(options), lambda: chosen(options))


def look_here(places: Places) -> Found:
    """Ask this user's supervisor, and the proxy of these places."""
    return _found(places, lambda: supervisor_here(places, os.environ))


def _found(places: Places, choose: Callable[[], Supervisor | None]) -> Found:
    identity = running_identity(places)
    name, state, phase = "no supervisor that Bursar knows", State(Phase.ABSENT), "unknown"
    try:
        supervisor = choose()
        if supervisor is not None:
            name, state = supervisor.name, supervisor.state()
            phase = state.phase.value
    except (ToolFailed, Failed) as error:
        # Where nobody runs services, a proxy that was started by hand is all there is to tell of.
        name = str(error)
    return Found(
        supervisor=name,
        phase=phase,
        begins=state.begins,
        process=state.process,
        exit_status=state.exit_status,
        restarts=state.restarts,
        holds_port=state.holds_port,
        answering=identity.pid if identity else None,
        version=identity.version if identity else None,
        url=identity.public_url if identity else None,
        problems=(*_problems(state, identity), *_moved(places, state, identity)),
    )


def sentences(found: Found) -> Iterator[str]:
    """The same for people."""
    begins = "starts by itself" if found.begins else "does not start by itself"
    match found.phase:
        case "unknown":
            yield f"service: {found.supervisor}"
        case "absent":
            yield f"service: none is installed ({found.supervisor})"
        case _:
            yield f"service: {found.phase}, {begins} ({found.supervisor})"
    if found.restarts:
        yield f"started again after failures: {found.restarts}"
    if found.answering is None:
        yield "proxy: none answers"
        return
    own = found.answering == found.process
    whose = "" if own else ", not started by the service"
    yield f"proxy: {found.url}, version {found.version}, process {found.answering}{whose}"


def _problems(state: State, identity: Identity | None) -> Iterator[str]:
    if state.phase is Phase.FAILED:
        why = _REASONS.get(state.exit_status or 0, "bursar service logs says why")
        ended = f" (exit status {state.exit_status})" if state.exit_status else ""
        yield f"The service has failed{ended}; {why}."
    if state.phase is Phase.RUNNING and identity is None:
        yield f"The service runs, but no proxy answers where {sys.executable} looks: is it of another configuration?"
    if identity is not None:
        other = mismatch(identity.version, identity.contract)
        if other is not None:
            yield other
        if state.process not in (None, identity.pid):
            yield f"Beside the service (process {state.process}), process {identity.pid} answers; stop it: bursar stop."


def _moved(places: Places, state: State, identity: Identity | None) -> Iterator[str]:
    """Whether the configuration names another port than the one that is held for the service."""
    if identity is None or not state.holds_port or state.process != identity.pid:
        return
    with suppress(BrokenConfig, ValueError):
        stated, held = load(places.config_file, environ={}).server.port, urlsplit(identity.public_url).port
        if stated not in (0, held):
            yield f"The configuration says port {stated}, port {held} is held for the service: bursar service install"
