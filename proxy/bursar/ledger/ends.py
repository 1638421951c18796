"""Ends: changes that must happen, handed to the store again until they are on disk."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from bursar.domain.hold import HoldEnded
from bursar.storage.store import Store, StoreUnavailable, Transaction

T = TypeVar("T")

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0


class _End:
    """One change, what to do once it is on disk, and the timer of its next try, if it waits for one."""

    __slots__ = ("_ends", "change", "pause_s", "then", "timer")

    def __init__(self, ends: "Ends", change: Callable[[Transaction], Any], then: Callable[[Any], None]) -> None:
        self._ends = ends
        self.change = change
        self.then = then
        self.pause_s = _FIRST_PAUSE_S
        self.timer: asyncio.TimerHandle | None = None

    def tell(self, answer: object, error: Exception | None) -> None:
        """What became of the change."""
        if isinstance(error, StoreUnavailable):
            self.timer = asyncio.get_running_loop().call_later(self.pause_s, self._ends.try_again, self)
            self.pause_s = min(2 * self.pause_s, _LONGEST_PAUSE_S)
            return
        ends = self._ends
        ends.unfinished.discard(self)
        if ends.drained is not None and not ends.unfinished:
            ends.drained.set()
        if error is not None and not isinstance(error, HoldEnded):
            _log.error("a hold could not be ended, and stays held", exc_info=error)
        self.then(answer)


class Ends:
    """The ends of holds that are not on disk yet.

    There are never more than holds were open when the store failed, since nothing new can be held
    without it; so what is kept in memory is bounded.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.unfinished: set[_End] = set()
        self.drained: asyncio.Event | None = None

    def hand_over(self, change: Callable[[Transaction], T], then: Callable[[T | None], None]) -> None:
        """Make `change` happen, however often it takes; `then` is told its answer, or None where it was not needed.

        A change that raises HoldEnded was not needed.
        """
        end = _End(self, change, then)
        self.unfinished.add(end)
        self._store.hand_over(change, end.tell)

    async def drain(self, patience_s: float) -> int:
        """Wait until all are on disk, at most so long; returns how many are not, and tries those no more."""
        if self.unfinished:
            self.drained = asyncio.Event()
            try:
                async with asyncio.timeout(patience_s):
                    await self.drained.wait()
            except TimeoutError:
                _log.error("%d holds could not be ended on disk; they will be in doubt", len(self.unfinished))
        for end in self.unfinished:
            if end.timer is not None:
                end.timer.cancel()
        return len(self.unfinished)

    def try_again(self, end: _End) -> None:
        """Hand over an end that was not kept."""
        end.timer = None
        self._store.hand_over(end.change, end.tell)
