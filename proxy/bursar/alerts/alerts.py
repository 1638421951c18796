"""Alerts: follows the feed, says what is due once, remembers it in the ledger's file, and sends it on its ways."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from bursar.alerts.causes import sight_of
from bursar.alerts.due import Cause, Said, dismissed, due
from bursar.alerts.ways import Ways
from bursar.config.alerting import AlertSettings
from bursar.contract.alerts import AlertsView, WayTried
from bursar.contract.events import (
    Alerted,
    AlertEnded,
    AttemptFailed,
    AttemptSettled,
    AttemptStarted,
    Event,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeProgressed,
)
from bursar.domain.alert import Alert, AlertKind, Urgency
from bursar.domain.clock import Clock
from bursar.domain.refusals import LedgerUnavailable
from bursar.feed import Feed
from bursar.storage.store import Store, StoreUnavailable

_log = logging.getLogger(__name__)

TICK_S = 10.0
"""How often it is looked where nothing happens: what was gone for long enough is over."""
PAUSE_S = 0.2
"""How long after a look the next one is at the earliest."""
LOOK_AT_DISK_MS = 60_000
LEAST_FREE = 200 * 1024 * 1024
"""Below so many bytes the disk of the ledger is nearly full."""
_REMEMBER_S = 5.0
_FACT = "alerts"
_OF_CALLS: frozenset[type] = frozenset(
    {ExchangeOpened, AttemptStarted, AttemptFailed, ExchangeProgressed, AttemptSettled, Alerted, AlertEnded}
)
"""Events that change nothing an alert is about: standings have one of their own."""


class Alerts:
    """Says what is due. Made once; `run` is kept by whoever made it, and is the only one that writes what was said."""

    def __init__(
        self,
        feed: Feed,
        store: Store,
        clock: Clock,
        ways: Ways,
        settings: Callable[[], AlertSettings],
        disk: Path,
        *,
        tick_s: float = TICK_S,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._feed = feed
        self._store = store
        self._clock = clock
        self._ways = ways
        self._settings = settings
        self._disk = disk
        self._tick_s = tick_s
        self._free_bytes = free_bytes
        self._said: dict[str, Said] = {}
        self._news = asyncio.Event()
        self._trouble = ""
        self._looked_at_disk_ms: int | None = None
        self._nearly_full = ""

    async def restore(self) -> None:
        """Remember what was said in earlier runs, and show what stands of it. Raises StoreUnavailable."""
        text = await self._store.submit(lambda transaction: transaction.fact(_FACT))
        with suppress(msgspec.DecodeError, msgspec.ValidationError):
            # What another version wrote is not worth a failed start: the worst is to say something twice.
            self._said = msgspec.json.decode(text or "{}", type=dict[str, Said])
        for cause, said in self._said.items():
            if said.standing:
                self._feed.snapshot.alerts[cause] = said.alert
        self._feed.hear(self.heard, deaf_to=_OF_CALLS)

    def heard(self, event: Event) -> None:
        """Something happened; where it may be due, it is looked at soon."""
        if isinstance(event, ExchangeClosed):
            if event.code == LedgerUnavailable.code:
                self._trouble = event.message
                self._news.set()
        else:
            self._news.set()

    async def run(self) -> None:
        """Look whenever something has happened, and now and then; until cancelled."""
        try:
            while True:
                try:
                    await self._look()
                except Exception:
                    # A bug in one look must not keep the next from being told.
                    _log.exception("alerts have failed by a bug of ours")
                await asyncio.sleep(PAUSE_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._tick_s):
                        await self._news.wait()
        finally:
            await self._ways.close()

    @property
    def view(self) -> AlertsView:
        """What stands, and the ways."""
        return AlertsView(tuple(self._feed.snapshot.alerts.values()), self._ways.views)

    async def dismiss(self, cause: str = "") -> int:
        """Take one alert down, or all; how many there were. It is not said again for that."""
        standing = [name for name, said in self._said.items() if said.standing and cause in ("", name)]
        self._said = dismissed(self._said, standing)
        await self._remember()
        for name in standing:
            self._feed.publish(AlertEnded(self._clock.now_ms(), name))
        return len(standing)

    async def tried(self) -> tuple[WayTried, ...]:
        """Send a test by every way; what came of it. Quiet hours or not: somebody asked for it."""
        await self._ways.take(self._settings(), anew=True)
        sentence = "This is a test: alerts arrive here."
        return await self._ways.tried(Alert("test", AlertKind.TEST, Urgency.NOTE, sentence, self._clock.now_ms()))

    # --- within -----------------------------------------------------------------------------------

    async def _look(self) -> None:
        self._news.clear()
        settings = self._settings()
        await self._ways.take(settings)
        await self._look_at_store()
        now_ms, snapshot = self._clock.now_ms(), self._feed.snapshot
        sight = sight_of(snapshot, now_ms, settings.levels, frozenset(settings.kinds), tuple(self._of_store()))
        found = due(sight, self._said, now_ms)
        changed = found.said != self._said
        self._said = dict(found.said)
        if not changed:
            return
        # Remembered first: what is said twice is worse than what a crash between the two keeps from being sent.
        await self._remember()
        for cause in found.ended:
            self._feed.publish(AlertEnded(now_ms, cause))
        for alert in found.alerts:
            self._feed.publish(Alerted(now_ms, alert))
            _log.log(_LEVELS[alert.urgency], "alert: %s", alert.sentence)
        at = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(snapshot.zone))
        if not settings.is_quiet(at.hour * 60 + at.minute):
            self._ways.send(found.alerts)

    async def _remember(self) -> None:
        """Keep what was said. A store that refuses is itself something to say, and keeps nothing from being said."""
        text = msgspec.json.encode(self._said).decode()
        try:
            async with asyncio.timeout(_REMEMBER_S):
                await self._store.submit(lambda transaction: transaction.put_fact(_FACT, text))
        except StoreUnavailable as error:
            self._trouble = f"The ledger cannot be written: {error.reason}"
        except TimeoutError:
            self._trouble = "The ledger takes longer than it should to be written"
        else:
            self._trouble = ""

    async def _look_at_store(self) -> None:
        """Where it refused, try it; and see how much room there is."""
        if self._trouble:
            await self._remember()
        now_ms = self._clock.now_ms()
        if self._looked_at_disk_ms is not None and now_ms - self._looked_at_disk_ms < LOOK_AT_DISK_MS:
            return
        self._looked_at_disk_ms = now_ms
        with suppress(OSError):
            free = await asyncio.to_thread(self._free_bytes, self._disk)
            left = f"only {free // (1024 * 1024):,} MiB are free at {self._disk}"
            self._nearly_full = left if free < LEAST_FREE else ""

    def _of_store(self) -> Iterable[Cause]:
        if self._trouble:
            sentence = f"{self._trouble.rstrip('.')}. Calls are refused until it can be: bursar doctor"
            yield Cause("store", AlertKind.STORE, 1, Urgency.URGENT, sentence)
        if self._nearly_full:
            sentence = f"The disk of the ledger is nearly full: {self._nearly_full}. Make room."
            yield Cause("disk", AlertKind.STORE, 1, Urgency.WARNING, sentence)


_LEVELS = {Urgency.NOTE: logging.INFO, Urgency.WARNING: logging.WARNING, Urgency.URGENT: logging.WARNING}
