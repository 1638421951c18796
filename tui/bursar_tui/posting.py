"""Posting: what the link hears, as messages to the app, at most ten a second however much happens, and fewer where
drawing them would take more of a core than a screen nobody may be looking at is worth."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing

from textual.message import Message

from bursar.contract.snapshot import Snapshot
from bursar_tui.link import Attached, Lost, Watch, follow
from bursar_tui.messages import LinkLost, LinkRestored, SnapshotChanged

REPAINT_S = 0.1
SLOWEST_S = 0.3
"""At least so often what happens is shown, whatever it costs."""

SHARE = 0.06
"""How much of a core may go into showing what happens."""


class Posting:
    """Follows the proxy with `watch` and hands messages to `post`."""

    def __init__(
        self, watch: Watch, post: Callable[[Message], object], used_s: Callable[[], float] = time.process_time
    ) -> None:
        self._watch = watch
        self._post = post
        self._used_s = used_s
        self._shown_s = 0.0
        self._used_before_s = 0.0
        self._hurry = asyncio.Event()
        self._due: asyncio.TimerHandle | None = None
        self._snapshot: Snapshot | None = None

    async def run(self) -> None:
        """Follow for ever; ends when it is cancelled."""
        try:
            async with aclosing(follow(self._watch, self._pause)) as news:
                async for each in news:
                    if isinstance(each, Attached):
                        self._snapshot = each.snapshot
                        self._post(LinkRestored())
                        self._show()
                    elif isinstance(each, Lost):
                        self._post(LinkLost(each.reason, each.pause_s))
                    else:
                        self._announce()
        finally:
            if self._due is not None:
                self._due.cancel()

    def hurry(self) -> None:
        """Do not wait for the next try."""
        self._hurry.set()

    def _announce(self) -> None:
        """Post the change soon; whatever else changes until then goes with it."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(REPAINT_S, self._come_due)

    def _come_due(self) -> None:
        """Show it now, or, where the last showing took long, when it has been paid for by waiting."""
        loop, used_s = asyncio.get_running_loop(), self._used_s() - self._used_before_s
        early_s = self._shown_s + min(used_s / SHARE, SLOWEST_S) - loop.time()
        if early_s > 0:
            self._due = loop.call_later(early_s, self._show)
        else:
            self._show()

    def _show(self) -> None:
        self._due = None
        self._shown_s, self._used_before_s = asyncio.get_running_loop().time(), self._used_s()
        if self._snapshot is not None:
            self._post(SnapshotChanged(self._snapshot))

    async def _pause(self, seconds: float) -> None:
        self._hurry.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return
