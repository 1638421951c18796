"""Pool: the connections to upstreams that are at rest, each kept for a while for the next request to its origin."""

import asyncio

from bursar.upstreams.dial import Dialer, Origin
from bursar.upstreams.wire import Wire

KEPT_S = 30.0
"""How long a connection may rest: shorter than servers keep theirs, so that few close just as one is used."""


class Pool:
    """All connections: those at rest, the latest of an origin first, and those in use."""

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self._kept_s = kept_s
        self._loop = asyncio.get_running_loop()
        self._dialer = Dialer()
        self._origins: dict[Wire, Origin] = {}
        self._resting: dict[Origin, dict[Wire, float]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._all_lost: asyncio.Event = asyncio.Event()

    def kept(self, origin: Origin) -> Wire | None:
        """A connection that was used before, if one is at rest."""
        resting = self._resting.get(origin)
        while resting:
            wire, _ = resting.popitem()
            if wire.is_open:
                return wire
        return None

    async def fresh(self, origin: Origin) -> Wire:
        """A new connection. Raises as `Dialer.dial`."""
        wire = await self._dialer.dial(origin, lambda: Wire(self._rest, self._forget))
        self._origins[wire] = origin
        if not wire.is_open:
            self._forget(wire)
        return wire

    async def close(self) -> None:
        """Close every connection."""
        if self._timer is not None:
            self._timer.cancel()
        self._dialer.close()
        for wire in self._origins:
            wire.abort()
        while self._origins:
            self._all_lost.clear()
            await self._all_lost.wait()

    def _rest(self, wire: Wire) -> None:
        origin = self._origins.get(wire)
        if origin is None:
            wire.abort()
            return
        self._resting.setdefault(origin, {})[wire] = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(self._kept_s, self._sweep)

    def _forget(self, wire: Wire) -> None:
        origin = self._origins.pop(wire, None)
        if origin is not None:
            self._resting.get(origin, {}).pop(wire, None)
        if not self._origins:
            self._all_lost.set()

    def _sweep(self) -> None:
        """Close what has rested for long enough, and look again when the next has."""
        over = self._loop.time() - self._kept_s
        since = [(rested, wire) for resting in self._resting.values() for wire, rested in resting.items()]
        for rested, wire in since:
            if rested <= over:
                wire.abort()
        left = [rested for rested, _ in since if rested > over]
        self._timer = self._loop.call_at(min(left) + self._kept_s, self._sweep) if left else None
