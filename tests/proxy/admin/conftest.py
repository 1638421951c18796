"""A local door as the daemon opens it: real sockets, feed and keys, and a ledger kept in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from bursar.admin.app import admin_app
from bursar.admin.context import AdminContext
from bursar.admin.open import open_admin
from bursar.client_keys import ClientKeys
from bursar.contract.codec import CONTRACT
from bursar.contract.commands import Status
from bursar.contract.places import Places
from bursar.contract.snapshot import Snapshot
from bursar.domain.clock import FixedClock
from bursar.doorkeeper.connection import DoorLimits
from bursar.doorkeeper.door import Door
from bursar.feed import Feed
from bursar.ledger.statement import Statement
from bursar.storage.memory import MemoryStore

SHORT = DoorLimits(header_s=0.2, idle_s=0.4, linger_s=0.2)


@dataclass
class Opened:
    """An open local door and what is behind it."""

    door: Door
    app: web.Application
    places: Places
    feed: Feed
    keys: ClientKeys
    problems: list[str] = field(default_factory=list)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


OpenLocal = Callable[..., Awaitable[Opened]]


@pytest.fixture
def short_places() -> Iterator[Places]:
    """Places under a folder whose name is short enough for a socket."""
    with TemporaryDirectory(prefix="bursar-") as folder:
        root = Path(folder)
        yield Places(root / "config.toml", root / "data", root / "run", root / "log")


@pytest.fixture
def long_places(short_places: Places) -> Places:
    """Places whose socket would have too long a name, so that the door is on loopback."""
    return replace(short_places, runtime_dir=short_places.runtime_dir / ("long" * 30))


@pytest.fixture
async def open_local() -> AsyncIterator[OpenLocal]:
    """Opens the local door of some places; closes it at the end."""
    open_doors: list[Opened] = []

    async def opened(
        places: Places, *, run: str = "run-1", heartbeat_s: float = 15, patience_s: float = 10, kept_events: int = 4_096
    ) -> Opened:
        clock, store = FixedClock(), MemoryStore()
        now_ms = clock.now_ms()
        snapshot = Snapshot(run, "0.1.0", now_ms, "http://127.0.0.1:4141/v1", now_ms)
        feed = Feed(snapshot, batch_s=0.005, kept_events=kept_events)
        keys = ClientKeys(store, clock, feed.publish)
        await keys.load()

        async def status() -> Status:
            shown = tuple(feed.snapshot.keys.values())
            url = snapshot.public_url
            return Status("0.1.0", CONTRACT, run, 1, url, "config.toml", now_ms, now_ms, 0, 0, 0, (), shown, ())

        async def reload() -> tuple[str, ...]:
            return tuple(result.problems)

        context = AdminContext(
            feed,
            Statement(store, clock, ZoneInfo("UTC")),
            keys,
            status,
            reload,
            lambda: result.stopped.set(),
            heartbeat_s,
            patience_s,
        )
        app = admin_app(context)
        result = Opened(await open_admin(app, places, limits=SHORT), app, places, feed, keys)
        open_doors.append(result)
        return result

    yield opened
    for each in open_doors:
        each.feed.close()
        await each.door.close(1)


@pytest.fixture
async def local(open_local: OpenLocal, short_places: Places) -> Opened:
    """A local door at a Unix socket."""
    return await open_local(short_places)


@pytest.fixture
async def local_by_loopback(open_local: OpenLocal, long_places: Places) -> Opened:
    """A local door on loopback with a token."""
    return await open_local(long_places)
