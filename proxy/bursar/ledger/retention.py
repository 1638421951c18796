"""Retention: what is too old to be kept, by the calendar of the user's time zone, and how it goes, in small steps."""

import asyncio
from calendar import monthrange
from collections.abc import Iterator
from datetime import datetime, tzinfo

from bursar.domain.clock import Clock
from bursar.domain.cycle import Every, cycle_at
from bursar.storage.store import Store, Sweep

ROWS_A_STEP = 400
PAGES_A_STEP = 200
"""So much at once holds up a call for some milliseconds, on a slow disk too for less than 50."""
PAUSE_S = 0.02
"""Between two steps, for the calls that wait."""


def sweep_at(now_ms: int, months: int, zone: tzinfo, first_ms: int) -> Sweep | None:
    """What to roll up: all of before today's date so many months ago; None where `first_ms`, the earliest, is later.

    The 31st of a month that is shorter is its last day.
    """
    today = datetime.fromtimestamp(now_ms // 1000, zone)
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    day = min(today.day, monthrange(year, month + 1)[1])
    noon = datetime(year, month + 1, day, 12, tzinfo=zone)
    before_ms = cycle_at(Every.DAY, int(noon.timestamp()) * 1000, zone).start_ms
    if first_ms >= before_ms:
        return None
    return Sweep(before_ms, tuple(_days(first_ms, before_ms, zone)))


def _days(first_ms: int, before_ms: int, zone: tzinfo) -> Iterator[int]:
    """The begins of all days from that of an instant on."""
    day = cycle_at(Every.DAY, first_ms, zone)
    while day.start_ms < before_ms:
        yield day.start_ms
        if day.end_ms is None:
            return
        day = cycle_at(Every.DAY, day.end_ms, zone)


async def retire(store: Store, clock: Clock, zone: tzinfo, months: int, pause_s: float = PAUSE_S) -> int:
    """Roll up all that is too old and give its space back; how many steps it took. Raises StoreUnavailable."""
    first_ms = await store.read(lambda reader: reader.first_kept_ms())
    sweep = None if first_ms is None else sweep_at(clock.now_ms(), months, zone, first_ms)
    steps = 0
    while sweep is not None and await store.roll_up(sweep, ROWS_A_STEP):
        steps += 1
        await asyncio.sleep(pause_s)
    while await store.shrink(PAGES_A_STEP):
        steps += 1
        await asyncio.sleep(pause_s)
    return steps
