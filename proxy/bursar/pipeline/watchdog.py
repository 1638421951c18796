"""Watchdog: one timer around all waiting of an attempt, moved on cheaply with every event."""

import asyncio
from math import inf
from types import TracebackType


class Watchdog:
    """`async with Watchdog(end) as watch:` raises TimeoutError where a time that was allowed is over.

    `end` is the latest instant of all, by the event loop's clock, in seconds.

    Moving the time on is an assignment: the timer looks at it only when it goes off. (A timer for
    each read costs more than reading.)
    """

    def __init__(self, end: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = self._due = end
        self._timer: asyncio.TimerHandle | None = None
        self._looks_at = inf
        self._timeout = asyncio.Timeout(None)

    async def __aenter__(self) -> "Watchdog":
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._timeout.__aexit__(kind, error, trace)

    def allow(self, seconds: float) -> None:
        """From now on, this much time until the next call; never beyond the end."""
        self.allow_until(self._loop.time() + seconds)

    def allow_until(self, instant: float) -> None:
        """As `allow`, to an instant of the event loop's clock."""
        self._due = due = min(instant, self._end)
        if due < self._looks_at:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._looks_at = self._due
        self._timer = self._loop.call_at(self._looks_at, self._look)

    def _look(self) -> None:
        if self._loop.time() < self._due:
            self._arm()
        else:
            self._timeout.reschedule(self._loop.time())
