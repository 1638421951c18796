"""Discovery: asks upstreams, in the background, which models they list, and looks for those on this machine.

Nothing waits for it: a start knows what the last run heard, and a list that does not come leaves the one
before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bursar.config.base_url import is_loopback
from bursar.config.schema import Config, DiscoverySettings, Kind, Times, UpstreamSettings
from bursar.dialects.canonical import NOT_JSON
from bursar.domain.clock import Clock
from bursar.domain.refusals import Refusal, UpstreamUnreachable
from bursar.domain.route import ListedModel
from bursar.upstreams.connection import Connection
from bursar.upstreams.kinds import KINDS
from bursar.upstreams.listing import models_of
from bursar.upstreams.openai_compatible import OpenAiCompatible
from bursar.upstreams.upstream import Upstream
from bursar.whole_file import write_whole

LOOK_AROUND_S = 30.0
"""How often, at least, upstreams on this machine are looked for."""

_LIST_S = 10.0
_LOCAL_S = 2.0
_LARGEST_FILE = 32 * 1024 * 1024


class KeptList(msgspec.Struct, frozen=True):
    """The list of one upstream as it is kept between runs. It is that of an address, not of a name."""

    base_url: str
    models: tuple[ListedModel, ...]


Lists = dict[str, tuple[ListedModel, ...]]


class Discovery:
    """The task that looks and asks, now and then. `config` is what the file states, `upstreams` those in force.

    `take_found` is told the upstreams on this machine when they change, `take_lists` every list that came.
    `file` is where the lists are kept between runs.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        *,
        config: Callable[[], Config],
        upstreams: Callable[[], Mapping[str, Upstream]],
        take_found: Callable[[Mapping[str, UpstreamSettings]], Awaitable[None]],
        take_lists: Callable[[Mapping[str, tuple[ListedModel, ...]]], None],
        file: Path,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._config = config
        self._upstreams = upstreams
        self._take_found = take_found
        self._take_lists = take_lists
        self._file = file
        self._changed = asyncio.Event()
        self._lists: dict[str, KeptList] = {}

    async def kept(self, config: Config) -> Lists:
        """What the upstreams of a configuration listed in the last run, as long as they are where they were."""
        self._lists = await asyncio.to_thread(read_kept, self._file)
        return still_listed(self._lists, config)

    def wake(self) -> None:
        """Look and ask soon: the upstreams have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Look around and ask, until cancelled."""
        loop, asked_at = asyncio.get_running_loop(), 0.0
        found: Mapping[str, UpstreamSettings] = {}
        asked: Mapping[str, Upstream] | None = None
        while True:
            config = self._config()
            now_found = await look_around(config, found, self._connection, self._clock)
            if now_found != found:
                found = now_found
                await self._take_found(found)
            self._changed.clear()
            upstreams, settings = self._upstreams(), config.discovery
            if settings.models and (upstreams is not asked or loop.time() - asked_at >= settings.every_s):
                asked, asked_at = upstreams, loop.time()
                await self._ask(upstreams)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(settings.every_s, LOOK_AROUND_S)):
                    await self._changed.wait()

    async def _ask(self, upstreams: Mapping[str, Upstream]) -> None:
        lists = await ask_all(upstreams.values())
        self._take_lists(lists)
        kept = {name: each for name, each in self._lists.items() if name in upstreams}
        kept.update({name: KeptList(upstreams[name].base_url, models) for name, models in lists.items()})
        if kept != self._lists:
            self._lists = kept
            await asyncio.to_thread(write_kept, self._file, kept)


async def ask_all(upstreams: Iterable[Upstream]) -> dict[str, tuple[ListedModel, ...]]:
    """What the upstreams list, all asked at once; one that has no key or does not answer is left out."""
    asked = [upstream for upstream in upstreams if isinstance(upstream, OpenAiCompatible)]
    questions = (models_of(upstream, limit_s=_LIST_S) for upstream in asked)
    answers = await asyncio.gather(*questions, return_exceptions=True)
    return {upstream.name: models for upstream, models in zip(asked, answers, strict=True) if isinstance(models, tuple)}


async def look_around(
    config: Config, known: Mapping[str, UpstreamSettings], connection: Connection, clock: Clock
) -> dict[str, UpstreamSettings]:
    """The upstreams on this machine that the file does not state, by name. Only loopback is asked.

    One in `known` that is merely slow stays; it is gone when nobody listens there.
    """
    found: dict[str, UpstreamSettings] = {}
    for kind, url in _places(config.discovery).items():
        name = kind.value
        if not url or name in config.upstreams or any(_same_place(url, each) for each in config.upstreams.values()):
            continue
        settings = UpstreamSettings(name=name, kind=kind, base_url=url)
        upstream = KINDS[kind](
            name, kind, url, "", connection, clock, times=Times(_LOCAL_S, _LOCAL_S, _LOCAL_S, _LOCAL_S, _LOCAL_S)
        )
        try:
            await models_of(upstream, limit_s=_LOCAL_S)
        except UpstreamUnreachable:
            continue
        except Refusal:
            if name not in known:
                continue
        found[name] = settings
    return found


def _places(settings: DiscoverySettings) -> dict[Kind, str]:
    return {Kind.OLLAMA: settings.ollama, Kind.LMSTUDIO: settings.lmstudio}


def _same_place(url: str, upstream: UpstreamSettings) -> bool:
    here, there = urlsplit(url), urlsplit(upstream.base_url)
    return here.port == there.port and is_loopback(there.hostname or "")


def read_kept(file: Path) -> dict[str, KeptList]:
    """The lists that the last run left; none where the file is not there or not ours."""
    try:
        if file.stat().st_size > _LARGEST_FILE:
            return {}
        return msgspec.json.decode(file.read_bytes(), type=dict[str, KeptList])
    except (OSError, *NOT_JSON):
        return {}


def still_listed(lists: Mapping[str, KeptList], config: Config) -> Lists:
    """What was kept of the upstreams of a configuration that are where they were."""
    known = ((name, each, lists.get(name)) for name, each in config.upstreams.items())
    return {name: kept.models for name, each, kept in known if kept is not None and kept.base_url == each.base_url}


def write_kept(file: Path, lists: Mapping[str, KeptList]) -> None:
    """Leave the lists for the next run. Whoever reads sees the old file or the new one; a full disk loses nothing."""
    with suppress(OSError):
        write_whole(file, msgspec.json.encode(lists))
