"""What a handler of the local door may reach."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bursar.client_keys import ClientKeys
from bursar.content.keeper import Keeper
from bursar.contract.commands import Status
from bursar.contract.explained import Explain, Explained
from bursar.domain.calibration import Calibration
from bursar.domain.client_key import ClientKey
from bursar.exposures import Exposures
from bursar.feed import Feed
from bursar.ledger.statement import Statement
from bursar.log.files import LogFiles
from bursar.pipeline.playground import Playground
from bursar.upstreams.care import UpstreamCare
from bursar.upstreams.secret_care import SecretCare

Explaining = Callable[[Explain, ClientKey], Awaitable[Explained]]
"""What answers a question that is asked as if by a client key."""


@dataclass(frozen=True, slots=True)
class AdminContext:
    """Handed to the local door once.

    `reload` gives the problems that kept the old configuration in force. `heartbeat_s` is how long
    a watch may be silent, `patience_s` how long a watcher may take none of what is written to it.
    `explain` says what would become of a request of a client key. `config_file` is the user's file.
    """

    feed: Feed
    statement: Statement
    client_keys: ClientKeys
    status: Callable[[], Awaitable[Status]]
    reload: Callable[[], Awaitable[tuple[str, ...]]]
    stop: Callable[[], None]
    heartbeat_s: float = 15.0
    patience_s: float = 10.0
    upstreams: UpstreamCare | None = None
    secrets: SecretCare | None = None
    explain: Explaining | None = None
    exposures: Exposures | None = None
    log: LogFiles | None = None
    """The process's own log, where it keeps one."""
    playground: Playground | None = None
    """Takes the owner's own calls."""
    config_file: Path | None = None
    calibrations: Callable[[], tuple[Calibration, ...]] = tuple
    """How the prompts and answers of model families are counted now."""
    keeper: Keeper | None = None
    """Keeps the content of calls whose key says so."""


CONTEXT = web.AppKey("context", AdminContext)
