"""What a handler of the public door may reach."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bursar.assembly import Assembly
from bursar.client_keys import ClientKeys
from bursar.contract.events import Publish
from bursar.domain.clock import Clock
from bursar.doorkeeper.examine import Hosts
from bursar.endpoints.turned_away import TurnedAway
from bursar.exposures import Exposures
from bursar.ledger.ledger import Ledger
from bursar.ledger.statement import Statement
from bursar.traffic import Traffic


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


CONTEXT = web.AppKey("context", Context)
