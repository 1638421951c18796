"""Feed: everything that is announced, numbered in order, kept as a snapshot, and given to whoever watches."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from bursar.contract.codec import CONTRACT, Numbered, Opening, encode
from bursar.contract.events import Event, StandingsChanged
from bursar.contract.snapshot import Snapshot, apply
from bursar.domain.account import Standing

logger = logging.getLogger(__name__)

BATCH_S = 0.03
"""How long events wait for others to go with them: a watcher is written to at most 33 times a second."""
KEPT_EVENTS = 4_096
"""How far a watcher may fall behind, or be away and resume."""

Position = tuple[str, int]
"""A run and the number of an event in it."""


class Feed:
    """The one place where what happens is put in order.

    It belongs to the event loop's thread. It owns `snapshot`, which changes in place: nobody else
    changes it, and who keeps it longer than until the next `await` copies it. It never waits for a
    watcher: all read from the same recent past, and who falls behind it is cut off.
    """

    def __init__(self, snapshot: Snapshot, *, batch_s: float = BATCH_S, kept_events: int = KEPT_EVENTS) -> None:
        self._snapshot = snapshot
        self._batch_s = batch_s
        self._waiting: list[Event] = []
        self._standings: dict[str, Standing] = {}
        self._standings_at = -1
        self._timer: asyncio.TimerHandle | None = None
        self._recent: deque[Event] = deque(maxlen=kept_events)
        """The last events, up to the one whose number the snapshot has."""
        self._told: tuple[int, int, bytes] = (0, 0, b"")
        """What was last given to a watcher, and after which numbers it begins and ends: most ask for the same."""
        self._watchers: set[Watcher] = set()
        self._awaited: list[tuple[Callable[[Event], bool], asyncio.Future[Event]]] = []
        self._failed: set[type] = set()
        self._ears: list[tuple[Callable[[Event], object], frozenset[type]]] = []
        self._closed = False

    def publish(self, event: Event) -> None:
        """Announce an event. It is numbered and applied with those around it, shortly after.

        Of several changes of standings in between, only where each account stands at last is told.
        """
        if isinstance(event, StandingsChanged):
            for each in event.standings:
                self._standings[each.account_id] = each
            if self._standings_at >= 0:
                self._waiting[self._standings_at] = event
                return
            self._standings_at = len(self._waiting)
        self._waiting.append(event)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._batch_s, self.flush)

    def flush(self) -> None:
        """Number, apply and deliver what was announced, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        if self._standings_at >= 0:
            last = waiting[self._standings_at]
            waiting[self._standings_at] = StandingsChanged(last.at_ms, tuple(self._standings.values()))
            self._standings, self._standings_at = {}, -1
        seq = self._snapshot.seq
        for event in waiting:
            seq += 1
            self._apply(seq, event)
        self._recent.extend(waiting)
        for watcher in self._watchers:
            watcher.wake()
        if self._awaited:
            self._tell_awaiting(waiting)
        for ear, deaf_to in self._ears:
            for event in waiting:
                if type(event) not in deaf_to:
                    ear(event)

    @property
    def run(self) -> str:
        """The name of this run: numbers mean nothing without it."""
        return self._snapshot.run

    @property
    def seq(self) -> int:
        """The number of the last event announced."""
        self.flush()
        return self._snapshot.seq

    @property
    def snapshot(self) -> Snapshot:
        """The state after everything announced so far; the feed's own, to be read only."""
        self.flush()
        return self._snapshot

    @property
    def watching(self) -> int:
        """How many watchers there are."""
        return len(self._watchers)

    def watch(self, since: Position | None = None) -> "Watcher":
        """Follow the feed from here, or from `since` where the recent past reaches back to it."""
        self.flush()
        watcher = Watcher(self, since if since is not None and self._reaches(since) else None)
        if not self._closed:
            self._watchers.add(watcher)
        return watcher

    def hear(self, ear: Callable[[Event], object], *, deaf_to: frozenset[type] = frozenset()) -> None:
        """Hand every event, once it is applied, to a quick function that raises nothing; none it is deaf to."""
        self._ears.append((ear, deaf_to))

    async def wait_for(self, predicate: Callable[[Event], bool], since: int | None = None) -> Event:
        """The first matching event that is applied from now on, or, where given, after number `since`."""
        self.flush()
        if since is not None:
            for event in self.events_after(max(since, self.applied - len(self._recent))):
                if predicate(event):
                    return event
        found: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._awaited.append((predicate, found))
        return await found

    def close(self) -> None:
        """Deliver what was announced; watchers end when they have read it."""
        self.flush()
        self._closed = True
        for watcher in self._watchers:
            watcher.wake()
        self._watchers.clear()

    def forget(self, watcher: "Watcher") -> None:
        """A watcher has ended."""
        self._watchers.discard(watcher)

    @property
    def closed(self) -> bool:
        """Whether nothing more will be delivered."""
        return self._closed

    def lines_after(self, seq: int) -> bytes | None:
        """The events after number `seq`, one JSON line each; None where some of them are past remembering."""
        applied = self._snapshot.seq
        if applied - seq > len(self._recent):
            return None
        if self._told[:2] != (seq, applied):
            numbered = enumerate(self.events_after(seq), seq + 1)
            self._told = seq, applied, b"".join([encode(Numbered(at, event)) + b"\n" for at, event in numbered])
        return self._told[2]

    @property
    def applied(self) -> int:
        """The number of the last event applied."""
        return self._snapshot.seq

    def opening(self, resumed_at: int | None) -> bytes:
        """The first line of a watch that begins now, or goes on after the number given."""
        if resumed_at is None:
            return encode(Opening(CONTRACT, self.run, self.applied, self._snapshot)) + b"\n"
        return encode(Opening(CONTRACT, self.run, resumed_at)) + b"\n"

    def events_after(self, seq: int) -> Iterator[Event]:
        """The events after number `seq`, all of which are remembered."""
        return islice(self._recent, len(self._recent) - (self._snapshot.seq - seq), None)

    def _reaches(self, since: Position) -> bool:
        run, seq = since
        return run == self.run and 0 <= self.applied - seq <= len(self._recent)

    def _apply(self, seq: int, event: Event) -> None:
        try:
            apply(self._snapshot, seq, event)
        except Exception:
            # What cannot be shown must not stop what is served.
            self._snapshot.seq = seq
            if type(event) not in self._failed:
                self._failed.add(type(event))
                logger.exception("a %s could not be applied; no other will be reported", type(event).__name__)

    def _tell_awaiting(self, events: list[Event]) -> None:
        awaited, self._awaited = self._awaited, []
        for predicate, found in awaited:
            if found.done():
                continue
            try:
                event = next((event for event in events if predicate(event)), None)
            except Exception as error:
                found.set_exception(error)
                continue
            if event is None:
                self._awaited.append((predicate, found))
            else:
                found.set_result(event)


class Watcher:
    """One who follows the feed: first the opening line, then the events, as whole JSON lines.

    Ends when it has fallen behind what the feed remembers, or when the feed is closed.
    """

    def __init__(self, feed: Feed, since: Position | None) -> None:
        self._feed = feed
        self._opening: bytes | None = feed.opening(since[1] if since is not None else None)
        self._seq = feed.applied if since is None else since[1]
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is news."""
        self._news.set()

    def close(self) -> None:
        """Follow no longer."""
        self._feed.forget(self)

    def __aiter__(self) -> "Watcher":
        return self

    async def __anext__(self) -> bytes:
        """The next lines, one or more. May be cancelled without losing any."""
        if self._opening is not None:
            opening, self._opening = self._opening, None
            return opening
        while self._seq == self._feed.applied:
            if self._feed.closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        lines = self._feed.lines_after(self._seq)
        if lines is None:
            self.close()
            raise StopAsyncIteration
        self._seq = self._feed.applied
        return lines
