"""The process: opens the store, the feed and both doors; holds the Assembly in force; reloads, drains, stops.

Every long-lived object is made here, in one stack, and undone in the reverse order.
"""

import asyncio
import gc
import hashlib
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bursar import __version__
from bursar.admin.app import admin_app
from bursar.admin.context import AdminContext
from bursar.admin.open import open_admin
from bursar.assembly import Workshop
from bursar.client_keys import ClientKeys
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config, UpstreamSettings
from bursar.config.zone import zone_named
from bursar.contract.codec import CONTRACT
from bursar.contract.commands import Status
from bursar.contract.events import AttemptSettled, ConfigurationRejected, Event, Granted, Stopping
from bursar.contract.places import Places
from bursar.contract.snapshot import KEPT_DAYS, Snapshot
from bursar.domain.clock import SystemClock
from bursar.domain.grant import GrantKind
from bursar.domain.route import ListedModel
from bursar.doorkeeper.connection import DoorLimits
from bursar.doorkeeper.door import open_door
from bursar.doorkeeper.examine import loopback_hosts
from bursar.doorkeeper.listen import listen_on
from bursar.endpoints.app import public_app
from bursar.endpoints.context import Context
from bursar.feed import Feed
from bursar.ledger.doubts import Doubts
from bursar.ledger.grants import Grants
from bursar.ledger.ledger import Ledger
from bursar.ledger.reconcile import Reconciler
from bursar.ledger.retention import retire
from bursar.ledger.statement import Statement
from bursar.memory import give_back
from bursar.metering.count import PromptCounter
from bursar.metering.price_table import ShippedPrices
from bursar.pipeline.explain import Explainer
from bursar.routing.health import HealthBook
from bursar.secrets.secrets import Secrets
from bursar.storage.backups import back_up_daily
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import StoreUnavailable
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import O200K, Vocabularies
from bursar.traffic import Traffic
from bursar.treasury import Treasury
from bursar.upstreams.care import UpstreamCare
from bursar.upstreams.connection import Connection
from bursar.upstreams.discovery import Discovery

_log = logging.getLogger(__name__)

KEEP_HOUSE_S = 60.0
"""How often it is looked whether a backup is due or records are too old."""
_BACKGROUND_THREADS = 4
_BACKGROUND_NICENESS = 5

LOOK_AT_FILE_S = 2.0
"""How often the configuration file is looked at for changes."""


class Daemon:
    """One run of the proxy. Made by `opened`; `stop` may be called from anywhere in its loop."""

    def __init__(
        self,
        places: Places,
        host: str | None = None,
        port: int | None = None,
        vocabularies: Vocabularies | None = None,
    ) -> None:
        self._places = places
        self._host = host
        self._port = port
        self._vocabularies = vocabularies or Vocabularies()
        self._clock = SystemClock()
        self._stop = asyncio.Event()
        self._asked_to_reload = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._problems: tuple[str, ...] = ()
        self._found: Mapping[str, UpstreamSettings] = {}

    async def open(self, stack: AsyncExitStack) -> str:
        """Open everything, the public door last; the base URL. `stack` closes it again.

        Raises BrokenConfig, StoreUnavailable or CannotListen, each with a sentence for the operator.
        """
        config = self._load()
        sockets = listen_on(_hosts(config.server.host), config.server.port)
        for sock in sockets:
            stack.callback(sock.close)
        port = sockets[0].getsockname()[1]
        self.base_url = f"http://{_shown_host(config.server.host)}:{port}/v1"
        self._public_port = port

        # The first call needs it: it loads beside everything else.
        loading = asyncio.to_thread(self._vocabularies.encoding, O200K)
        warming = asyncio.create_task(loading, name="vocabulary")  # noqa: TID251 - the stack keeps it
        stack.push_async_callback(_finished, warming)

        database = Path(config.storage.path) if config.storage.path else self._places.database
        self.store = store = await SqliteStore.open(database, durability=config.storage.durability)
        stack.push_async_callback(store.close)
        zone = zone_named(config.server.zone)
        self.feed = Feed(self._snapshot(zone.key))
        self.traffic = Traffic(self._clock)
        self.ledger = Ledger(store, self._clock, self._settled, zone)
        stack.push_async_callback(self.ledger.drain)
        self.statement = Statement(store, self._clock, zone)
        await self.ledger.recover()
        self.treasury = Treasury(
            lambda: self._assembly,
            self.ledger,
            Grants(store, self._clock, self._granted, zone),
            Doubts(store, self._clock, self.feed.publish, zone),
            Reconciler(store, self._clock, self.feed.publish, zone),
            self._clock,
        )
        await self.treasury.grants.restore()
        self.keys = ClientKeys(store, self._clock, self.feed.publish)
        await self.keys.load()

        connection = Connection()
        stack.push_async_callback(connection.close)
        folder = self._places.config_file.parent
        self.health = HealthBook(self._clock, self.feed.publish)
        self._workshop = Workshop(
            Secrets(folder=folder),
            connection,
            PromptCounter(TextCounter(self._vocabularies)),
            ShippedPrices(),
            self._clock,
            self.health,
        )
        self._discovery = Discovery(
            connection,
            self._clock,
            config=lambda: self._stated,
            upstreams=lambda: self._assembly.upstreams,
            take_found=self._take_found,
            take_lists=self._take_lists,
            file=self._places.data_dir / "listed-models.json",
        )
        for name, models in (await self._discovery.kept(config)).items():
            self._workshop.listed.put(name, models)
        await self._put_in_force(config)
        await self._restore()

        admin = await open_admin(admin_app(self._admin_context(), self.treasury), self._places)
        stack.push_async_callback(admin.close, 1.0)
        # Watchers end with the feed, so that the local door has nobody to wait for.
        stack.callback(self.feed.close)
        context = Context(
            current=lambda: self._assembly,
            ledger=self.ledger,
            statement=self.statement,
            keys=self.keys,
            traffic=self.traffic,
            publish=self.feed.publish,
            clock=self._clock,
            hosts=lambda: self._hosts,
        )
        self._door = await open_door(public_app(context), sockets, limits=_limits(config))
        stack.push_async_callback(self._close_door)
        discovering = asyncio.create_task(self._discovery.run(), name="discovery")  # noqa: TID251 - the stack keeps it
        stack.push_async_callback(_cancelled, discovering)
        keeping = asyncio.create_task(self.treasury.run(), name="treasury")  # noqa: TID251 - the stack keeps it
        stack.push_async_callback(_cancelled, keeping)
        watching = asyncio.create_task(self._watch_file(), name="configuration file")  # noqa: TID251 - the stack keeps it
        stack.push_async_callback(_cancelled, watching)
        keeping = asyncio.create_task(self._keep_house(database, zone), name="retention")  # noqa: TID251 - the stack keeps it
        stack.push_async_callback(_cancelled, keeping)
        giving_back = asyncio.create_task(give_back(), name="memory")  # noqa: TID251 - the stack keeps it
        stack.push_async_callback(_cancelled, giving_back)
        return self.base_url

    async def until_stopped(self) -> None:
        """Wait until somebody asks for the end."""
        await self._stop.wait()

    def stop(self) -> None:
        """Take no more calls, finish what runs for a bounded time, and end."""
        if not self._stop.is_set():
            self.feed.publish(Stopping(self._clock.now_ms()))
            self._stop.set()

    async def reload(self) -> tuple[str, ...]:
        """Put the file in force as it is now; the problems, if there are any, and then the old one stays."""
        async with self._reloading:
            try:
                config = await asyncio.to_thread(self._load)
            except BrokenConfig as error:
                self._problems = tuple(map(str, error.problems))
                self.feed.publish(ConfigurationRejected(self._clock.now_ms(), self._problems))
                _log.warning("the configuration has problems; the one before stays in force: %s", error)
                return self._problems
            await self._put_in_force(config)
            return ()

    def reload_soon(self) -> None:
        """Reload, from where nothing can be awaited."""
        self._asked_to_reload.set()

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
            standings=(await self.ledger.standings_now(self._assembly.limits.all_accounts)).standings,
            keys=tuple(snapshot.keys.values()),
            problems=self._problems + self._assembly.problems,
            accounts=self._assembly.limits.all_accounts,
        )

    # --- within -----------------------------------------------------------------------------------

    def _settled(self, event: Event) -> None:
        """What the ledger announces: the rates of keys go by what was settled."""
        if isinstance(event, AttemptSettled):
            self.traffic.used(event.key, event.usage.completion_tokens)
        self.feed.publish(event)

    def _load(self) -> Config:
        return load(self._places.config_file, host=self._host, port=self._port)

    async def _put_in_force(self, config: Config) -> None:
        """Build the new assembly, then replace the old one by a single assignment."""
        self._stated = config
        self._hosts = loopback_hosts(self._public_port, (*config.server.allowed_hosts, config.server.host))
        found = {name: each for name, each in self._found.items() if name not in config.upstreams}
        if found:
            config = replace(config, upstreams={**config.upstreams, **found}, found=frozenset(found))
        self._assembly = await self._workshop.assemble(config)
        self._workshop.listed.keep_only(config.upstreams)
        self._discovery.wake()
        self._problems = ()
        now_ms = self._clock.now_ms()
        self.health.take(
            self._assembly.upstream_views(now_ms),
            config.limits.cool_down_s,
            lambda route: self._assembly.route_view(route, self._clock.now_ms()),
            lambda upstream: self._assembly.next_reset(upstream, self._clock.now_ms()),
        )
        await self.treasury.grants.adopt(self._assembly.limits.all_accounts)
        self.feed.publish(self._assembly.announced(now_ms))
        self.feed.publish(await self.ledger.standings_now(self._assembly.limits.all_accounts))
        if self._assembly.problems:
            self.feed.publish(ConfigurationRejected(now_ms, self._assembly.problems))
        for problem in (*config.notes, *self._assembly.problems):
            _log.warning("%s", problem)

    def _snapshot(self, zone: str) -> Snapshot:
        now_ms = self._clock.now_ms()
        return Snapshot(secrets.token_hex(8), __version__, now_ms, self.base_url, now_ms, zone)

    async def _restore(self) -> None:
        """What the last days cost, so that a restart does not look like a first start."""
        self.feed.snapshot.days = await self.statement.days(KEPT_DAYS)

    def _admin_context(self) -> AdminContext:
        return AdminContext(
            feed=self.feed,
            statement=self.statement,
            client_keys=self.keys,
            status=self.status,
            reload=self.reload,
            stop=self.stop,
            upstreams=UpstreamCare(lambda: self._assembly.upstreams, self.health.clear),
            explain=Explainer(lambda: self._assembly, self.ledger, self._clock),
        )

    async def _close_door(self) -> None:
        await self._door.close(self._assembly.config.server.drain_s)

    def _granted(self, event: Event) -> None:
        """Announce what was granted. Where a vendor's account was filled, the vendor may be asked again."""
        self.feed.publish(event)
        if isinstance(event, Granted) and event.grant.kind in (GrantKind.TOP_UP, GrantKind.RESET):
            upstream = self._assembly.payer_of(event.grant.account_id)
            if upstream is not None:
                self.health.refilled(upstream)

    async def _take_found(self, found: Mapping[str, UpstreamSettings]) -> None:
        """Put in force what runs on this machine beside what the file states."""
        async with self._reloading:
            self._found = found
            await self._put_in_force(self._stated)

    def _take_lists(self, lists: Mapping[str, tuple[ListedModel, ...]]) -> None:
        """Take what upstreams list; announce what is new in it."""
        listed = self._workshop.listed
        news = [listed.put(name, models) for name, models in lists.items() if name in self._assembly.upstreams]
        if any(news):
            self.health.retell(self._assembly.upstream_views(self._clock.now_ms()))

    async def _keep_house(self, database: Path, zone: ZoneInfo) -> None:
        """Back the ledger up once a day, then roll up what is too old and give its space back."""
        while True:
            await asyncio.sleep(KEEP_HOUSE_S)
            settings = self._assembly.config.retention
            today = datetime.fromtimestamp(self._clock.now_ms() / 1000, zone).date()
            try:
                await back_up_daily(database, today, settings.backups, self.store.back_up)
                await retire(self.store, self._clock, zone, settings.months)
            except (OSError, StoreUnavailable) as error:
                _log.warning("the ledger could not be backed up or tidied, and will be later: %s", error)

    async def _watch_file(self) -> None:
        """Reload when asked to, and when the file has other content than before."""
        file = self._places.config_file
        seen = await asyncio.to_thread(digest_of, file)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AT_FILE_S):
                    await self._asked_to_reload.wait()
            digest = await asyncio.to_thread(digest_of, file)
            if digest != seen or self._asked_to_reload.is_set():
                self._asked_to_reload.clear()
                seen = digest
                await self.reload()


async def run(
    places: Places, ready: Callable[[str], None], *, host: str | None = None, port: int | None = None
) -> None:
    """Run the proxy in the foreground until SIGTERM, SIGINT or a command; SIGHUP reloads.

    `ready` is told the base URL once it answers. Raises what `Daemon.open` raises.
    """
    daemon = Daemon(places, host, port)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_BACKGROUND_THREADS, "bursar-background", _step_back))
    async with AsyncExitStack() as stack:
        base_url = await daemon.open(stack)
        for name in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):
                loop.add_signal_handler(name, daemon.stop)
        if hasattr(signal, "SIGHUP"):
            loop.add_signal_handler(signal.SIGHUP, daemon.reload_soon)
        ready(base_url)
        _leave_what_stays()
        await daemon.until_stopped()


def _leave_what_stays() -> None:
    """Spare the collector what lives to the end: prices, vocabularies and code are looked at no more.

    A call makes few cycles and many short-lived objects, so it need not look often either.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _step_back() -> None:
    """Let this thread run only where the event loop's would not: what is counted or parsed at length delays nobody.

    Linux alone gives each thread a priority of its own.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND_NICENESS)


def digest_of(file: Path) -> str:
    """The SHA-256 of a file's bytes in hex; empty where it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


async def _finished(task: asyncio.Task[object]) -> None:
    await asyncio.gather(task, return_exceptions=True)


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
