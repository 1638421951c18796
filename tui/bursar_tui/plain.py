"""Plain mode: a line for each event, for screen readers, pipes and logs; in the words of the screens."""

import asyncio
import errno
import os
import re
from contextlib import aclosing
from datetime import datetime
from typing import TextIO

from bursar.contract.events import KeyChanged, KeyView, StandingsChanged, UpstreamHealthChanged, UpstreamView
from bursar.contract.shown import shown
from bursar.contract.snapshot import Snapshot
from bursar.domain.clock import Clock
from bursar_tui.link import Attached, Heard, Lost, Watch, follow
from bursar_tui.outlook import Level, outlooks
from bursar_tui.saying import account_line, key_line, opening, sentences, upstream_lines
from bursar_tui.seen import zone_of

_LESS = re.compile(r"<(?=\$?\d)")


class Plain:
    """Writes what happens. Of accounts, upstreams and keys it is said when they come to stand otherwise than they did,
    not with each call."""

    def __init__(self, out: TextIO, clock: Clock) -> None:
        self._out = out
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._levels: dict[str, Level] = {}
        self._upstreams: dict[str, UpstreamView] = {}
        self._keys: dict[str, KeyView] = {}
        self._reason = ""

    async def run(self, watch: Watch) -> None:
        """Follow for ever; ends when it is cancelled."""
        async with aclosing(follow(watch, asyncio.sleep)) as news:
            async for each in news:
                match each:
                    case Attached():
                        self._attached(each)
                    case Heard():
                        self._heard(each)
                    case Lost():
                        self._lost(each)

    def _attached(self, news: Attached) -> None:
        self._snapshot, self._reason = news.snapshot, ""
        self._upstreams, self._keys = dict(news.snapshot.upstreams), dict(news.snapshot.keys)
        now_ms = self._clock.now_ms()
        if news.resumed:
            self._write(now_ms, ["Attached again."])
            return
        self._levels = self._stand(news.snapshot)
        self._write(now_ms, opening(news.snapshot, now_ms, zone_of(news.snapshot)))

    def _heard(self, news: Heard) -> None:
        if self._snapshot is None:
            return
        event, snapshot = news.event, self._snapshot
        lines = sentences(event, snapshot)
        if isinstance(event, StandingsChanged):
            zone, before = zone_of(snapshot), self._levels
            self._levels = self._stand(snapshot)
            lines = [
                account_line(each, event.at_ms, zone)
                for each in outlooks(snapshot, event.at_ms, zone)
                if before.get(each.account.id) is not each.level
            ]
        elif isinstance(event, UpstreamHealthChanged):
            lines = upstream_lines(self._upstreams.get(event.upstream.name), event.upstream)
            self._upstreams[event.upstream.name] = event.upstream
        elif isinstance(event, KeyChanged):
            lines = [key_line(self._keys.get(event.key.name), event.key)]
            self._keys[event.key.name] = event.key
        self._write(event.at_ms, lines)

    def _lost(self, news: Lost) -> None:
        """Said once, however often it is tried."""
        if news.reason != self._reason:
            self._reason = news.reason
            self._write(self._clock.now_ms(), [f"Not attached: {news.reason}. Trying again until it answers."])

    def _stand(self, snapshot: Snapshot) -> dict[str, Level]:
        now_ms = max(snapshot.now_ms, self._clock.now_ms())
        return {each.account.id: each.level for each in outlooks(snapshot, now_ms, zone_of(snapshot))}

    def _write(self, at_ms: int, lines: list[str]) -> None:
        zone = zone_of(self._snapshot) if self._snapshot is not None else None
        for line in lines:
            time = datetime.fromtimestamp(at_ms / 1000, zone).astimezone(zone)
            self._out.write(f"{time:%H:%M:%S}  {shown(aloud(line))}\n")
        self._out.flush()


def aloud(line: str) -> str:
    """Without the one sign of the screens that many who read aloud pass over."""
    return _LESS.sub("less than ", line)


def run(watch: Watch, clock: Clock, out: TextIO) -> int:
    """Write until Ctrl-C or until nobody reads; the exit status."""
    try:
        asyncio.run(Plain(out, clock).run(watch))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):  # the reader has gone, or the terminal
            raise
        # What Python would still write at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
    return 0
