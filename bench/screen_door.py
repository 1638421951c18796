"""A local door to measure the interface at: the real feed and the real door, with as many events as are asked for.

`python -m bench.screen_door HOME` says `ready`; each line on standard input, `RATE COUNT`, publishes so many events at
so many a second, and is answered with `done` when they are out.
"""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Iterator

from bench.children import ROOT

from bursar.contract.events import (
    AttemptSettled,
    AttemptStarted,
    Event,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeProgressed,
)
from bursar.contract.places import places
from bursar.domain.clock import SystemClock
from bursar.domain.exchange import Outcome, new_exchange_id
from bursar.domain.usage import Quality, Usage
from bursar.feed import Feed

sys.path.append(str(ROOT / "tests"))

SIGNS_OF_LIFE = 8
"""Of each call, between its start and its end."""

_MODELS = (("apertis", "claude-sonnet-5", "sonnet"), ("openai", "gpt-5", "deep"), ("openai", "gpt-4.1-mini", "fast"))
_KEYS = (("laptop", "shop", "cline/3.40"), ("ci", "", "OpenAI/Python"), ("autocomplete", "", "continue/1.2"))


def calls() -> Iterator[Event]:
    """Calls without end, one after the other, each of eleven events and twelve cents at most."""
    clock = SystemClock()
    for number in itertools.count():
        upstream, model, alias = _MODELS[number % len(_MODELS)]
        key, project, client = _KEYS[number % len(_KEYS)]
        now_ms = clock.now_ms()
        call = new_exchange_id(now_ms)
        yield ExchangeOpened(now_ms, call, key, project, client, alias, True, 20_480)
        yield AttemptStarted(now_ms, call, upstream, model, 90_000_000)
        for step in range(1, SIGNS_OF_LIFE):
            yield ExchangeProgressed(clock.now_ms(), call, step * 85, step * 1_275_000, 90_000_000 - step * 1_275_000)
        usage = Usage(20_480, 680, 18_432)
        now_ms = clock.now_ms()
        yield AttemptSettled(
            now_ms, call, upstream, model, usage, Quality.REPORTED, 10_200_000, True, ("cap:daily",), 412
        )
        yield ExchangeClosed(now_ms, call, Outcome.COMPLETE, 200, "", "", "stop", 6_300)


async def publish(feed: Feed, events: Iterator[Event], rate: int, count: int) -> None:
    """So many events, evenly, at so many a second."""
    started_s = time.monotonic()
    for number, event in enumerate(itertools.islice(events, count), 1):
        feed.publish(event)
        early_s = started_s + number / rate - time.monotonic()
        if early_s > 0:
            await asyncio.sleep(early_s)
        elif number % 100 == 0:
            await asyncio.sleep(0)  # the watchers are served in this loop too


async def main() -> None:
    """Serve until standard input ends."""
    from tui.doors import local_door, moved_to_now
    from tui.snapshots import busy

    loop, events = asyncio.get_running_loop(), calls()
    async with local_door(places(), moved_to_now(busy())) as feed:
        print("ready", flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            rate, count = map(int, line.split())
            await publish(feed, events, rate, count)
            print("done", flush=True)


if __name__ == "__main__":
    os.environ["BURSAR_HOME"] = sys.argv[1]
    asyncio.run(main())
