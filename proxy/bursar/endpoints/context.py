"""What a handler of the public door may reach."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from bursar.assembly import Assembly
from bursar.client_keys import ClientKeys
from bursar.content.keeper import Keeper
from bursar.contract.events import Publish
from bursar.dialects.openings import Openings
from bursar.domain.clock import Clock
from bursar.doorkeeper.body import Room
from bursar.doorkeeper.examine import Hosts
from bursar.endpoints.turned_away import TurnedAway
from bursar.exposures import Exposures
from bursar.ledger.ledger import Ledger
from bursar.ledger.statement import Statement
from bursar.traffic import Traffic

MOST_ARRIVING_BYTES = 256 * 1024 * 1024
"""What all bodies together may take while they arrive: those of eight calls as large as a call may usually be."""


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to the door once; `current` gives the Assembly in force, which a call then keeps to its end."""

    current: Callable[[], Assembly]
    ledger: Ledger
    statement: Statement
    keys: ClientKeys
    traffic: Traffic
    publish: Publish
    clock: Clock
    hosts: Callable[[], Hosts]
    exposures: Exposures
    turned_away: TurnedAway
    keeper: Keeper
    room: Room = field(default_factory=lambda: Room(MOST_ARRIVING_BYTES))
    openings: Openings = field(default_factory=Openings)


CONTEXT = web.AppKey("context", Context)
