"""The process: opens the store, the feed and both doors, holds what is in force, drains and stops.

Every long-lived object is made here, in one stack, and undone in the reverse order.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from bursar import __version__
from bursar.admin.app import admin_app
from bursar.admin.context import AdminContext
from bursar.admin.open import open_admin
from bursar.alerts.alerts import Alerts
from bursar.alerts.ways import Ways
from bursar.assembly import Workshop
from bursar.client_keys import ClientKeys
from bursar.config.base_url import is_loopback
from bursar.config.load import load
from bursar.config.schema import Config
from bursar.config.zone import zone_named
from bursar.content.keeper import Keeper
from bursar.content.segments import FOLDER
from bursar.contract.codec import CONTRACT
from bursar.contract.commands import Status
from bursar.contract.events import AttemptSettled, Event, Granted, Stopping
from bursar.contract.places import Places
from bursar.contract.snapshot import KEPT_DAYS, Snapshot
from bursar.daemon.household import keep_house
from bursar.daemon.in_force import InForce
from bursar.daemon.kept_calibrations import KeptCalibrations
from bursar.daemon.missing_keys import MissingKeys
from bursar.domain.clock import SystemClock
from bursar.domain.grant import GrantKind
from bursar.doorkeeper.connection import DoorLimits
from bursar.doorkeeper.door import open_door
from bursar.doorkeeper.listen import CannotListen, listen_on
from bursar.endpoints.app import public_app
from bursar.endpoints.context import Context
from bursar.endpoints.turned_away import TurnedAway
from bursar.exposures import Exposures
from bursar.feed import Feed
from bursar.ledger.doubts import Doubts
from bursar.ledger.grants import Grants
from bursar.ledger.ledger import Ledger
from bursar.ledger.reconcile import Reconciler
from bursar.ledger.statement import Statement
from bursar.log.chronicle import OF_EVERY_CALL, Chronicle
from bursar.log.process_log import ProcessLog
from bursar.log.redact import Redaction
from bursar.memory import give_back
from bursar.metering.count import PromptCounter
from bursar.metering.price_table import ShippedPrices
from bursar.pipeline.explain import Explainer
from bursar.pipeline.playground import Playground
from bursar.routing.health import HealthBook
from bursar.secrets.secrets import Secrets, secrets_at
from bursar.service.notify import Notifier
from bursar.storage.sqlite.store import SqliteStore
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import O200K, Vocabularies, VocabularyDamaged
from bursar.traffic import Traffic
from bursar.treasury import Treasury
from bursar.upstreams.care import UpstreamCare
from bursar.upstreams.connection import Connection
from bursar.upstreams.discovery import Discovery
from bursar.upstreams.secret_care import SecretCare

_log = logging.getLogger(__name__)


class Daemon:
    """One run of the proxy. Made by `opened`; `stop` may be called from anywhere in its loop."""

    def __init__(
        self,
        places: Places,
        host: str | None = None,
        port: int | None = None,
        vocabularies: Vocabularies | None = None,
        log: ProcessLog | None = None,
        *,
        handed_over: Sequence[socket.socket] = (),
        notifier: Notifier | None = None,
        kept: Secrets | None = None,
    ) -> None:
        self._places = places
        self._kept = kept or secrets_at(places)
        self._handed_over = handed_over
        self._notifier = notifier or Notifier({})
        self._host = host
        self._port = port
        self._vocabularies = vocabularies or Vocabularies()
        self._process_log = log
        self._redaction = log.redaction if log is not None else Redaction()
        self._clock = SystemClock()
        self._stop = asyncio.Event()
        self._signalled = False

    async def open(self, stack: AsyncExitStack) -> str:
        """Open everything, the public door last; the base URL. `stack` closes it again.

        Raises BrokenConfig, StoreUnavailable or CannotListen, each with a sentence for the operator.
        """
        config = load(self._places.config_file, host=self._host, port=self._port)
        sockets = self._sockets(config)
        for sock in sockets:
            stack.callback(sock.close)
        port = sockets[0].getsockname()[1]
        self.base_url = f"http://{_shown_host(config.server.host)}:{port}/v1"

        # The first call needs it. It loads alone: what is made beside it and stays would lie among what loading leaves
        # behind, and keep up to ten megabytes of that from going back to the system.
        with suppress(VocabularyDamaged):
            # Of which `bursar doctor` tells, and every call that is to be counted.
            self._vocabularies.encoding(O200K)

        await self._open_ledger(config, stack)
        await self._open_upstreams(config, port, stack)
        await self.in_force.put(config)
        # So that a restart does not look like a first start.
        self.feed.snapshot.days = await self.statement.days(KEPT_DAYS)
        await self.alerts.restore()

        admin = await open_admin(admin_app(self._admin_context(), self.treasury, self.alerts), self._places)
        stack.push_async_callback(admin.close, 1.0)
        # Watchers end with the feed, so that the local door has nobody to wait for.
        stack.callback(self.feed.close)
        stack.callback(self.exposures.close)
        self._door = await open_door(public_app(self._public_context()), sockets, limits=_limits(config))
        stack.push_async_callback(self._close_door)
        for running in self._beside_calls():
            task = asyncio.create_task(running)  # noqa: TID251 - the stack keeps it
            stack.push_async_callback(_cancelled, task)
        return self.base_url

    def say_ready(self) -> None:
        """Tell the service manager that calls are answered, by which configuration."""
        rejected = self.feed.snapshot.configuration.problems
        state = "with the configuration from before: the file has problems" if rejected else "ready"
        self._notifier.ready(f"{self.base_url}: {state}.")

    async def until_stopped(self) -> None:
        """Wait until somebody asks for the end."""
        await self._stop.wait()

    def stop(self) -> None:
        """Take no more calls, finish what runs for a bounded time, and end."""
        if not self._stop.is_set():
            self.feed.publish(Stopping(self._clock.now_ms()))
            self._notifier.stopping(f"Stopping; {self.ledger.open_holds} calls are running.")
            self._stop.set()

    def stop_or_hurry(self) -> None:
        """At a signal: stop; at a second one, give running calls no more time. What they used is settled."""
        if self._signalled:
            self._door.hurry()
        self._signalled = True
        self.stop()

    def reload_soon(self) -> None:
        """Reload, from where nothing can be awaited."""
        self.in_force.reload_soon()

    async def status(self) -> Status:
        """What runs, for the local door."""
        snapshot = self.feed.snapshot
        return Status(
            version=__version__,
            contract=CONTRACT,
            run=snapshot.run,
            pid=os.getpid(),
            public_url=self.base_url,
            config_file=str(self._places.config_file),
            started_ms=snapshot.started_ms,
            now_ms=self._clock.now_ms(),
            running_exchanges=sum(each.outcome is None for each in snapshot.exchanges.values()),
            open_holds=self.ledger.open_holds,
            holds_in_doubt=len(snapshot.in_doubt),
            standings=(await self.ledger.standings_now(self.in_force.assembly.limits.all_accounts)).standings,
            keys=tuple(snapshot.keys.values()),
            problems=(*self.in_force.problems, *self.keeper.problems),
            accounts=self.in_force.assembly.limits.all_accounts,
            exposures=self.exposures.all(),
            broken=snapshot.configuration.sentence,
        )

    # --- within -----------------------------------------------------------------------------------

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        """Tell the service manager that the configuration is being taken up, and what came of it."""
        self._notifier.reloading()
        try:
            yield
        finally:
            self.say_ready()

    def _sockets(self, config: Config) -> Sequence[socket.socket]:
        """Where the public door listens: the sockets that were handed over, else those that the configuration asks for.

        Raises CannotListen, also where other machines would reach what was handed over and may not.
        """
        server = config.server
        if not self._handed_over:
            return listen_on(_hosts(server.host), server.port)
        for sock in self._handed_over:
            address, port = sock.getsockname()[:2]
            if not (server.allow_remote or is_loopback(address)):
                raise CannotListen(f"{address}:{port} was handed over to listen on, and server.allow_remote is not set")
            if port != server.port:
                _log.warning("port %d was handed over to listen on; the configuration says %d", port, server.port)
        return self._handed_over

    async def _open_ledger(self, config: Config, stack: AsyncExitStack) -> None:
        """What was spent and who may spend: the store, and all that is a view of it."""
        self._database = Path(config.storage.path) if config.storage.path else self._places.database
        self.store = store = await SqliteStore.open(self._database, durability=config.storage.durability)
        stack.push_async_callback(store.close)
        self.keeper = Keeper(
            self._database.parent / FOLDER,
            lambda: self.in_force.assembly.config.content,
            self._redaction.without_keys,
            self._clock,
        )
        stack.push_async_callback(self.keeper.close)
        self._zone = zone = zone_named(config.server.zone)
        self.feed = Feed(self._snapshot(zone.key))
        if self._process_log is not None:
            self.feed.hear(Chronicle().hear, deaf_to=OF_EVERY_CALL)
            self._process_log.telling.attach(self.feed.publish)
            stack.callback(self._process_log.telling.detach)
        self.traffic = Traffic(self._clock)
        self.ledger = Ledger(store, self._clock, self._settled, zone)
        stack.push_async_callback(self.ledger.drain)
        self.statement = Statement(store, self._clock, zone)
        await self.ledger.recover()
        self.treasury = Treasury(
            lambda: self.in_force.assembly,
            self.ledger,
            Grants(store, self._clock, self._granted, zone),
            Doubts(store, self._clock, self.feed.publish, zone),
            Reconciler(store, self._clock, self.feed.publish, zone),
            self._clock,
        )
        await self.treasury.grants.restore()
        self.exposures = Exposures(self._clock, self.feed.publish)
        self.keys = ClientKeys(store, self._clock, self.feed.publish)
        await self.keys.load()
        self.counting = KeptCalibrations(store, self.feed.publish, self._clock)
        await self.counting.restore()
        stack.push_async_callback(self.counting.close)

    async def _open_upstreams(self, config: Config, port: int, stack: AsyncExitStack) -> None:
        """Where calls may go: connections, health, and what a configuration makes of them."""
        connection = Connection()
        stack.push_async_callback(connection.close)
        self.health = HealthBook(self._clock, self.feed.publish)
        kept = self._kept
        self.alerts = Alerts(
            self.feed,
            self.store,
            self._clock,
            Ways(connection, kept, self._clock),
            lambda: self.in_force.assembly.config.alerts,
            self._database.parent,
        )
        workshop = Workshop(
            kept,
            connection,
            PromptCounter(TextCounter(self._vocabularies)),
            ShippedPrices(),
            self._clock,
            self.health,
            calibrations=self.counting.calibrations,
            in_use=self._redaction.learn,
        )
        self.in_force: InForce = InForce(
            self._places.config_file,
            workshop,
            self.health,
            self.ledger,
            self.treasury.grants,
            self.feed.publish,
            self._clock,
            taken_up=lambda: self._discovery.wake(),
            host=self._host,
            port=self._port,
            public_port=port,
            told=self._told,
        )
        self._discovery: Discovery = Discovery(
            connection,
            self._clock,
            config=lambda: self.in_force.stated,
            upstreams=lambda: self.in_force.assembly.upstreams,
            take_found=self.in_force.take_found,
            take_lists=self.in_force.take_lists,
            file=self._places.listed_models,
        )
        for name, models in (await self._discovery.kept(config)).items():
            workshop.listed.put(name, models)

    def _beside_calls(self) -> Iterable[Coroutine[Any, Any, None]]:
        """What runs by the clock until the end; no call waits for any of it."""
        yield self._discovery.run()
        yield self.treasury.run()
        yield self.in_force.watch_file()
        yield MissingKeys(self._kept, lambda: self.in_force.assembly.missing, self.in_force.take_keys).run()
        yield keep_house(
            self.store,
            self._database,
            self._clock,
            self._zone,
            lambda: self.in_force.assembly.config.retention,
            self.keeper,
        )
        yield give_back()
        yield self.alerts.run()
        yield self.counting.run()

    def _public_context(self) -> Context:
        return Context(
            current=lambda: self.in_force.assembly,
            ledger=self.ledger,
            statement=self.statement,
            keys=self.keys,
            traffic=self.traffic,
            publish=self.feed.publish,
            clock=self._clock,
            hosts=lambda: self.in_force.hosts,
            exposures=self.exposures,
            turned_away=TurnedAway(self.feed.publish, self._clock),
            keeper=self.keeper,
        )

    def _settled(self, event: Event) -> None:
        """What the ledger announces: the rates of keys go by what was settled."""
        if isinstance(event, AttemptSettled):
            self.traffic.used(event.key, event.usage.completion_tokens)
        self.feed.publish(event)

    def _snapshot(self, zone: str) -> Snapshot:
        now_ms = self._clock.now_ms()
        return Snapshot(secrets.token_hex(8), __version__, now_ms, self.base_url, now_ms, zone)

    def _admin_context(self) -> AdminContext:
        return AdminContext(
            feed=self.feed,
            statement=self.statement,
            client_keys=self.keys,
            status=self.status,
            reload=self.in_force.reload,
            stop=self.stop,
            upstreams=UpstreamCare(lambda: self.in_force.assembly.upstreams, self.health.clear),
            secrets=SecretCare(self._kept, lambda: self.in_force.stated, self.in_force.take_keys),
            explain=Explainer(lambda: self.in_force.assembly, self.ledger, self._clock),
            exposures=self.exposures,
            calibrations=lambda: self.in_force.assembly.all_calibrations(),
            log=self._process_log.files if self._process_log is not None else None,
            playground=Playground(lambda: self.in_force.assembly, self.ledger, self.feed.publish, self._clock),
            config_file=self._places.config_file,
            keeper=self.keeper,
        )

    async def _close_door(self) -> None:
        await self._door.close(self.in_force.assembly.config.server.drain_s)

    def _granted(self, event: Event) -> None:
        """Announce what was granted. Where a vendor's account was filled, the vendor may be asked again."""
        self.feed.publish(event)
        if isinstance(event, Granted) and event.grant.kind in (GrantKind.TOP_UP, GrantKind.RESET):
            upstream = self.in_force.assembly.payer_of(event.grant.account_id)
            if upstream is not None:
                self.health.refilled(upstream)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _hosts(host: str) -> list[str]:
    """Loopback means both of its addresses: what `localhost` resolves to differs from client to client."""
    return ["127.0.0.1", "::1"] if host in ("127.0.0.1", "localhost") else [host]


def _shown_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _limits(config: Config) -> DoorLimits:
    server = config.server
    return DoorLimits(header_s=server.header_s, idle_s=server.idle_s, connections=server.max_connections)
