"""Pace: when each chunk of a stream is due."""

import asyncio
from collections.abc import Awaitable, Callable


class Pace:
    """Chunk n (from 0) is due n / rate seconds after the start, and not some time after the chunk before
    it, so that late wake-ups never add up. `now` is a clock in seconds.
    """

    def __init__(
        self, rate: float, now: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._rate = rate
        self._now = now
        self._sleep = sleep
        self._start = now()

    def due(self) -> int:
        """How many chunks are due by now, the first at once."""
        # A wake-up on the instant must not fall short of its own chunk by a rounding of the clock.
        return int((self._now() - self._start) * self._rate + 1e-6) + 1

    async def until(self, chunk: int) -> int:
        """Wait till chunk number `chunk` is due; returns how many are due then."""
        while (due := self.due()) <= chunk:
            await self._sleep(self._start + chunk / self._rate - self._now())
        return due
