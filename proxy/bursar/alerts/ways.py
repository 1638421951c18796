"""Ways: alerts on their way out, each way on a lane of its own, bounded in every respect, waited for by nobody."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from yarl import URL

from bursar.alerts.desktop import desktop
from bursar.alerts.program import Program
from bursar.alerts.way import Way, WayFailed
from bursar.alerts.webhook import Webhook
from bursar.config.alerting import AlertSettings, is_address, is_reference
from bursar.contract.alerts import WayTried, WayView
from bursar.domain.alert import Alert
from bursar.domain.clock import Clock
from bursar.secrets.secret import SecretUnavailable
from bursar.secrets.secrets import Secrets
from bursar.upstreams.connection import Connection

_log = logging.getLogger(__name__)

_PAUSES_S = (1.0, 5.0)
"""How long before the second and the third try, where another try may help."""
_WAITING = 20
"""How many alerts wait on a lane; the oldest give way."""
_MOST_AN_HOUR = 30
_HOUR_MS = 3_600_000
_TEST_S = 8.0
_AGAIN_MS = 60_000
"""How often it is looked whether a way that could not be had can be by now."""


@dataclass(slots=True)
class _Lane:
    """One way, the alerts that wait for it, and what came of those that went."""

    way: Way
    clock: Clock
    news: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: deque[Alert] = field(default_factory=deque)
    began_ms: deque[int] = field(default_factory=lambda: deque(maxlen=_MOST_AN_HOUR))
    sent: int = 0
    left_out: int = 0
    problem: str = ""

    def put(self, alert: Alert) -> None:
        if len(self.waiting) >= _WAITING:
            self.waiting.popleft()
            self.left_out += 1
        self.waiting.append(alert)
        self.news.set()

    async def run(self) -> None:
        while True:
            await self.news.wait()
            self.news.clear()
            while self.waiting:
                await self._next(self.waiting.popleft())

    async def _next(self, alert: Alert) -> None:
        now_ms = self.clock.now_ms()
        if len(self.began_ms) == _MOST_AN_HOUR and now_ms - self.began_ms[0] < _HOUR_MS:
            self.left_out += 1
            return
        self.began_ms.append(now_ms)
        try:
            await self._sent(alert)
        except WayFailed as failed:
            self._failed(failed.sentence)
        except Exception:
            # A bug in one way must not keep the next alert from it.
            _log.exception("an alert could not be sent by %s, by a bug of ours", self.way.name)
            self._failed("It failed by a bug of ours; the log says how.")
        else:
            self.sent += 1
            self.problem = ""

    async def _sent(self, alert: Alert) -> None:
        for pause_s in _PAUSES_S:
            try:
                return await self.way.send(alert)
            except WayFailed as failed:
                if not failed.again:
                    raise
            await asyncio.sleep(pause_s)
        return await self.way.send(alert)

    def _failed(self, sentence: str) -> None:
        """Said once in the log, however often it fails so."""
        if sentence != self.problem:
            _log.warning("alerts do not arrive by %s: %s", self.way.name, sentence)
        self.problem = sentence

    async def tried(self, alert: Alert) -> WayTried:
        try:
            async with asyncio.timeout(_TEST_S):
                await self.way.send(alert)
        except WayFailed as failed:
            self.problem = failed.sentence
        except TimeoutError:
            self.problem = f"It took longer than {_TEST_S:g} s."
        else:
            self.problem = ""
        return WayTried(self.way.name, self.way.where, self.problem)

    def view(self) -> WayView:
        return WayView(self.way.name, self.way.where, self.sent, self.left_out, self.problem)


class Ways:
    """All ways of the settings that were taken last. Belongs to the event loop; `close` ends what is under way."""

    def __init__(self, connection: Connection, secrets: Secrets, clock: Clock) -> None:
        self._connection = connection
        self._secrets = secrets
        self._clock = clock
        self._settings: AlertSettings | None = None
        self._lanes: list[_Lane] = []
        self._absent: dict[str, str] = {}
        self._tried_ms = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, settings: AlertSettings, *, anew: bool = False) -> None:
        """Go by these settings from now on. What cannot be had is said in the log, once, and the rest goes.

        It is tried again now and then, or `anew` at once: a keyring may be unlocked, a desktop come, after us.
        """
        now_ms = self._clock.now_ms()
        if settings != self._settings:
            await self.close()
            self._settings, self._lanes, self._absent = settings, [], dict.fromkeys(_stated(settings), "")
        elif not self._absent or (now_ms - self._tried_ms < _AGAIN_MS and not anew):
            return
        self._tried_ms = now_ms
        for name, before in tuple(self._absent.items()):
            try:
                way = await self._way(name, settings)
            except WayFailed as failed:
                if name != "desktop" and failed.sentence != before:
                    _log.warning("alerts do not go by %s: %s", name, failed.sentence)
                self._absent[name] = failed.sentence
                continue
            del self._absent[name]
            lane = _Lane(way, self._clock)
            self._lanes.append(lane)
            task = asyncio.create_task(lane.run(), name=f"alerts by {name}")  # noqa: TID251 - kept until it is done
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def send(self, alerts: Iterable[Alert]) -> None:
        """Send by every way, without waiting for any."""
        for alert in alerts:
            for lane in self._lanes:
                lane.put(alert)

    async def tried(self, alert: Alert) -> tuple[WayTried, ...]:
        """Send by every way at once, each a single time; what came of it."""
        found = await asyncio.gather(*(lane.tried(alert) for lane in self._lanes))
        absent = (WayTried(name, "", problem) for name, problem in self._absent.items())
        return (*found, *absent)

    @property
    def views(self) -> tuple[WayView, ...]:
        """The ways that are, then those that are stated and cannot be."""
        absent = (WayView(name, "", problem=problem) for name, problem in self._absent.items())
        return (*(lane.view() for lane in self._lanes), *absent)

    async def close(self) -> None:
        """End what is under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _way(self, name: str, settings: AlertSettings) -> Way:
        if name == "desktop":
            return desktop()
        if name == "command":
            return Program(settings.command)
        return await self._webhook(settings)

    async def _webhook(self, settings: AlertSettings) -> Webhook:
        text = settings.webhook
        try:
            if is_reference(text):
                kept = await self._secrets.get(text)
                text = kept.reveal() if kept is not None else ""
            secret = await self._secrets.get(settings.webhook_secret)
        except SecretUnavailable as error:
            raise WayFailed(error.sentence) from None
        if not is_address(text):
            raise WayFailed("What is kept as its address is no https address, nor an http one on this machine.")
        return Webhook(URL(text), secret, self._connection, self._clock)


def _stated(settings: AlertSettings) -> Iterable[str]:
    if settings.desktop:
        yield "desktop"
    if settings.command:
        yield "command"
    if settings.webhook:
        yield "webhook"
