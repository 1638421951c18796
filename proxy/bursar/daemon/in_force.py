"""InForce: the configuration in force and the Assembly built from it; taken up whole, or the one before stays."""

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bursar.assembly import Assembly, Workshop
from bursar.config.load import load
from bursar.config.problems import BrokenConfig, Problem
from bursar.config.schema import Config, UpstreamSettings
from bursar.contract.events import ConfigurationRejected, Event
from bursar.contract.shown import shown
from bursar.domain.clock import Clock
from bursar.domain.route import ListedModel
from bursar.doorkeeper.examine import Hosts, loopback_hosts
from bursar.ledger.grants import Grants
from bursar.ledger.ledger import Ledger
from bursar.routing.health import HealthBook

_log = logging.getLogger(__name__)

LOOK_AT_FILE_S = 2.0
"""How often the configuration file is looked at for changes."""
SETTLE_S = 0.2
"""How long a changed file must stay as it is: some editors empty it first, and then write."""
_FRESH_NS = 2_000_000_000
"""Within this time two writes may leave the same stamp on a file, as coarse as some file systems are."""


class InForce:
    """What the user's file says, as far as it could be taken up, beside what was found on this machine.

    `assembly`, `stated` (the configuration as the file has it) and `hosts` (what a request may name as its Host) are
    replaced whole; none of them is there before the first `put`. `taken_up` is told each time; what reads the file
    again happens within `told`.
    """

    assembly: Assembly
    stated: Config
    hosts: Hosts

    def __init__(
        self,
        file: Path,
        workshop: Workshop,
        health: HealthBook,
        ledger: Ledger,
        grants: Grants,
        publish: Callable[[Event], None],
        clock: Clock,
        *,
        taken_up: Callable[[], None],
        host: str | None,
        port: int | None,
        public_port: int,
        told: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        self._file = file
        self._workshop = workshop
        self._health = health
        self._ledger = ledger
        self._grants = grants
        self._publish = publish
        self._clock = clock
        self._taken_up = taken_up
        self._host = host
        self._port = port
        self._public_port = public_port
        self._told = told
        self._asked_to_reload = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._found: Mapping[str, UpstreamSettings] = {}
        self._rejected: ConfigurationRejected | None = None
        self._seen: Look | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the file, if it is; then with what is in force."""
        return (self._rejected.problems if self._rejected is not None else ()) + self.assembly.problems

    async def put(self, config: Config) -> None:
        """Build the new assembly, then replace the old one by a single assignment."""
        if self._seen is None:
            self._seen = Look(digest=config.digest)
        self.stated = config
        self.hosts = loopback_hosts(self._public_port, (*config.server.allowed_hosts, config.server.host))
        found = {name: each for name, each in self._found.items() if name not in config.upstreams}
        if found:
            config = replace(config, upstreams={**config.upstreams, **found}, found=frozenset(found))
        self.assembly = await self._workshop.assemble(config)
        self._workshop.listed.keep_only(config.upstreams)
        self._taken_up()
        await self._announce(config)

    async def reload(self) -> tuple[str, ...]:
        """Put the file in force as it is now; the problems, if there are any, and then the old one stays."""
        async with self._reloading, self._told():
            # Before it is read: what is written in between is seen at the next look.
            self._seen = await asyncio.to_thread(look_at, self._file)
            try:
                config = await asyncio.to_thread(self._load)
            except BrokenConfig as error:
                problems = tuple(map(str, error.problems))
                self._rejected = ConfigurationRejected(self._clock.now_ms(), problems, self._seen.digest)
                self._publish(self._rejected)
                _log.warning("the configuration has problems; the one before stays in force: %s", error)
                return problems
            if self._rejected is not None:
                _log.info("the problems of the configuration are gone; it is in force")
            self._rejected = None
            await self.put(config)
            return ()

    def reload_soon(self) -> None:
        """Reload, from where nothing can be awaited."""
        self._asked_to_reload.set()

    async def take_found(self, found: Mapping[str, UpstreamSettings]) -> None:
        """Put in force what runs on this machine beside what the file states."""
        async with self._reloading:
            self._found = found
            await self.put(self.stated)

    async def take_keys(self) -> None:
        """Build anew with the keys that can be had by now."""
        async with self._reloading:
            await self.put(self.stated)

    def take_lists(self, lists: Mapping[str, tuple[ListedModel, ...]]) -> None:
        """Take what upstreams list; announce what is new in it."""
        listed = self._workshop.listed
        news = [listed.put(name, models) for name, models in lists.items() if name in self.assembly.upstreams]
        if any(news):
            self._health.retell(self.assembly.upstream_views(self._clock.now_ms()))

    async def watch_file(self) -> None:
        """Reload when asked to, and when the file has other content than before; until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AT_FILE_S):
                    await self._asked_to_reload.wait()
            asked = self._asked_to_reload.is_set()
            self._asked_to_reload.clear()
            if asked or await self._has_changed():
                await self.reload()

    async def _has_changed(self) -> bool:
        """Whether there is other content in the file, and whoever writes it has finished."""
        now = await asyncio.to_thread(look_at, self._file, self._seen)
        while self._seen is None or now.digest != self._seen.digest:
            await asyncio.sleep(SETTLE_S)
            again = await asyncio.to_thread(look_at, self._file)
            if again.digest == now.digest:
                return self._seen is None or now.digest != self._seen.digest
            now = again
        self._seen = now
        return False

    def _load(self) -> Config:
        """The file as it is now. A file that has gone is no wish to have no upstream any more."""
        config = load(self._file, host=self._host, port=self._port)
        if self.stated.digest and not config.digest:
            gone = "the file is gone; put it back, or restart the proxy to run without it."
            raise BrokenConfig([Problem(shown(str(self._file)), None, "", gone)])
        return config

    async def _announce(self, config: Config) -> None:
        """Tell everybody what is in force now."""
        now_ms = self._clock.now_ms()
        self._health.take(
            self.assembly.upstream_views(now_ms),
            config.limits.cool_down_s,
            lambda route: self.assembly.route_view(route, self._clock.now_ms()),
            lambda upstream: self.assembly.next_reset(upstream, self._clock.now_ms()),
        )
        await self._grants.adopt(self.assembly.limits.all_accounts)
        self._publish(self.assembly.announced(now_ms))
        if self._rejected is not None:
            self._publish(self._rejected)  # what was found on this machine does not mend the file
        self._publish(await self._ledger.standings_now(self.assembly.limits.all_accounts))
        for problem in (*config.notes, *self.assembly.problems):
            _log.warning("%s", problem)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a file showed: when it was last written and which file it is, and the SHA-256 of its bytes in hex
    (empty where it cannot be read). `fresh` where it was written so shortly before that the rest may miss a change."""

    written_ns: int = -1
    inode: int = -1
    size: int = -1
    digest: str = ""
    fresh: bool = True


def look_at(file: Path, before: Look | None = None) -> Look:
    """Look at a file; what an earlier look showed spares reading it again."""
    try:
        facts = file.stat()
        fresh = abs(time.time_ns() - facts.st_mtime_ns) < _FRESH_NS
        if before is not None and not before.fresh and _same(facts, before):
            return before
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return Look()
    return Look(facts.st_mtime_ns, facts.st_ino, facts.st_size, digest, fresh)


def _same(facts: os.stat_result, before: Look) -> bool:
    return (facts.st_mtime_ns, facts.st_ino, facts.st_size) == (before.written_ns, before.inode, before.size)
