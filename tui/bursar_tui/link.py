"""Link: attaches to the proxy, keeps the Snapshot current with the one reducer, attaches again when the tie is lost.

The only place of the UI that opens a connection; it knows nothing of screens.
"""

import asyncio
import importlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from bursar.contract.codec import Mismatch, Numbered, Opening
from bursar.contract.events import Event
from bursar.contract.places import Places
from bursar.contract.snapshot import Snapshot, apply
from bursar.contract.way_in import NotRunning, Refused
from bursar_tui.errands import Door, OpenDoor

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Attached:
    """The proxy answers. `snapshot` is the state from here on; `resumed` says that it is the one we had."""

    snapshot: Snapshot
    resumed: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """One event has been applied to the snapshot."""

    event: Event


@dataclass(frozen=True, slots=True)
class Lost:
    """The proxy does not answer, or no longer. It is asked again after `pause_s`."""

    reason: str
    pause_s: float


News = Attached | Heard | Lost

Since = tuple[str, int]
"""A run and the number of the last event known of it."""

Watch = Callable[[Since | None], AsyncGenerator[Opening | Numbered, None]]
"""Follows the proxy from there on, or from its present state. Raises Unattached and Mismatch."""

Pause = Callable[[float], Awaitable[None]]
"""Waits some seconds, or less where somebody is impatient."""


class Unattached(Exception):
    """The proxy cannot be followed; a sentence that says why."""


class _Gap(Exception):
    """An event is missing: only a new snapshot helps."""


def watch_at(places: Places) -> Watch:
    """How the proxy of this installation is followed."""

    async def watch(since: Since | None) -> AsyncGenerator[Opening | Numbered, None]:
        # The client brings an HTTP library along, which takes longer to load than the first paint takes.
        await asyncio.to_thread(importlib.import_module, "bursar.contract.client")
        from bursar.contract.client import AdminClient

        try:
            async with AdminClient(places) as client, aclosing(_generator(client.watch(since))) as lines:
                async for line in lines:
                    yield line
        except (NotRunning, Refused) as error:
            raise Unattached(str(error)) from None

    return watch


def door_at(places: Places) -> OpenDoor:
    """How the proxy of this installation is asked for something."""

    @asynccontextmanager
    async def door() -> AsyncGenerator[Door, None]:
        await asyncio.to_thread(importlib.import_module, "bursar.contract.client")
        from bursar.contract.client import AdminClient

        async with AdminClient(places) as client:
            yield client

    return door


def _generator(lines: AsyncIterator[Opening | Numbered]) -> AsyncGenerator[Opening | Numbered, None]:
    """What follows the proxy is a generator, which holds its connection until it is closed."""
    return cast(AsyncGenerator[Opening | Numbered, None], lines)


async def follow(watch: Watch, pause: Pause) -> AsyncGenerator[News, None]:
    """What happens, for ever. The snapshot of `Attached` is changed in place before each `Heard` is handed out.

    The pause between two tries grows from `FIRST_PAUSE_S` to `LONGEST_PAUSE_S`, and starts afresh
    after an attachment that lasted, so that a proxy which keeps closing is not asked all the time.
    """
    now_s = asyncio.get_running_loop().time
    snapshot: Snapshot | None = None
    pause_s = FIRST_PAUSE_S
    while True:
        reason, started_s = "the proxy closed the connection", now_s()
        try:
            async with aclosing(_attach(watch, snapshot)) as news:
                async for each in news:
                    if isinstance(each, Attached):
                        snapshot = each.snapshot
                    yield each
        except Unattached as error:
            reason = str(error)
        except _Gap:
            reason, snapshot = "an event was missed", None
        except Mismatch as error:
            reason, snapshot = str(error), None
        if now_s() - started_s > LONGEST_PAUSE_S:
            pause_s = FIRST_PAUSE_S
        yield Lost(reason, pause_s)
        await pause(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def _attach(watch: Watch, known: Snapshot | None) -> AsyncGenerator[Attached | Heard, None]:
    """One attachment, from its opening to its end; resumes the state we know, where the proxy can."""
    async with aclosing(watch((known.run, known.seq) if known is not None else None)) as lines:
        snapshot: Snapshot | None = None
        async for each in lines:
            if isinstance(each, Opening):
                snapshot = _opened(each, known)
                yield Attached(snapshot, resumed=snapshot is known)
            elif snapshot is None or each.seq != snapshot.seq + 1:
                raise _Gap
            else:
                apply(snapshot, each.seq, each.of)
                yield Heard(each.of)


def _opened(opening: Opening, known: Snapshot | None) -> Snapshot:
    if opening.snapshot is not None:
        return opening.snapshot
    if known is None or known.run != opening.run:
        raise _Gap
    return known
