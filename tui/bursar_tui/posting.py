"""Posting: what the link hears, as messages to the app, at most ten a second however much happens."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from textual.message import Message

from bursar.contract.snapshot import Snapshot
from bursar_tui.link import Attached, Lost, Watch, follow
from bursar_tui.messages import LinkLost, LinkRestored, SnapshotChanged

REPAINT_S = 0.1


class Posting:
    """Follows the proxy with `watch` and hands messages to `post`."""

    def __init__(self, watch: Watch, post: Callable[[Message], object]) -> None:
        self._watch = watch
        self._post = post
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
            self._due = asyncio.get_running_loop().call_later(REPAINT_S, self._show)

    def _show(self) -> None:
        self._due = None
        if self._snapshot is not None:
            self._post(SnapshotChanged(self._snapshot))

    async def _pause(self, seconds: float) -> None:
        self._hurry.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return
