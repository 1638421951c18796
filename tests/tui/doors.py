"""Doors: a real local door over a hand-made snapshot, for whatever attaches; as a program, with traffic if asked for.

`python tests/tui/doors.py HOME [EVENTS_A_SECOND]` serves the busy snapshot until it is ended.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

from bursar.admin.app import admin_app
from bursar.admin.context import AdminContext
from bursar.admin.open import open_admin
from bursar.client_keys import ClientKeys
from bursar.contract.commands import Status
from bursar.contract.events import AttemptSettled, AttemptStarted, ExchangeClosed, ExchangeOpened, ExchangeProgressed
from bursar.contract.places import Places, places
from bursar.contract.snapshot import Snapshot
from bursar.domain.clock import SystemClock
from bursar.domain.exchange import Outcome, new_exchange_id
from bursar.domain.usage import Quality, Usage
from bursar.feed import Feed
from bursar.ledger.statement import Statement
from bursar.storage.memory import MemoryStore


@asynccontextmanager
async def local_door(where: Places, snapshot: Snapshot, *, kept_events: int = 4_096) -> AsyncIterator[Feed]:
    """The local door of some places, open; what is published on the feed is what watchers hear."""
    clock, store = SystemClock(), MemoryStore()
    feed = Feed(snapshot, batch_s=0.005, kept_events=kept_events)
    keys = ClientKeys(store, clock, feed.publish)

    async def status() -> Status:
        raise NotImplementedError

    async def reload() -> tuple[str, ...]:
        return ()

    context = AdminContext(feed, Statement(store, clock, ZoneInfo("UTC")), keys, status, reload, lambda: None)
    door = await open_admin(admin_app(context), where)
    try:
        yield feed
    finally:
        feed.close()
        await door.close(1)


async def _serve(events_a_second: int) -> None:
    from tui.snapshots import busy

    clock = SystemClock()
    async with local_door(places(), moved_to_now(busy())) as feed:
        if not events_a_second:
            await asyncio.Event().wait()
        while True:
            await _one_call(feed, clock, events_a_second)


async def _one_call(feed: Feed, clock: SystemClock, events_a_second: int) -> None:
    """A call of forty signs of life, from its opening to its end."""
    call, pause_s = new_exchange_id(clock.now_ms()), 1 / events_a_second
    feed.publish(ExchangeOpened(clock.now_ms(), call, "laptop", "shop", "cline/3.40", "sonnet", True, 20_480))
    await asyncio.sleep(pause_s)
    feed.publish(AttemptStarted(clock.now_ms(), call, "apertis", "claude-sonnet-5", 90_000_000))
    for step in range(1, 40):
        await asyncio.sleep(pause_s)
        feed.publish(ExchangeProgressed(clock.now_ms(), call, step * 17, step * 255_000, 90_000_000 - step * 255_000))
    usage = Usage(20_480, 680, 18_432)
    paid = ("cap:daily", "cap:laptop-day", "plan:apertis")
    now_ms = clock.now_ms()
    feed.publish(
        AttemptSettled(now_ms, call, "apertis", "claude-sonnet-5", usage, Quality.REPORTED, 10_200_000, True, paid, 412)
    )
    feed.publish(ExchangeClosed(now_ms, call, Outcome.COMPLETE, 200, "", "", "stop", 6_300))
    await asyncio.sleep(pause_s)


def moved_to_now(snapshot: Snapshot) -> Snapshot:
    """The same with its running calls ended, so that nothing in it is older than it says."""
    for each in snapshot.exchanges.values():
        if each.outcome is None:
            each.outcome, each.total_ms, each.held_nano = Outcome.COMPLETE, 3_000, 0
    return snapshot


if __name__ == "__main__":
    os.environ["BURSAR_HOME"] = sys.argv[1]
    asyncio.run(_serve(int(sys.argv[2]) if len(sys.argv) > 2 else 0))
