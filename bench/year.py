"""What a year of calls leaves on disk: the real ledger, store and retention, under a clock that is turned by hand.

`python -m bench.year FOLDER [CALLS_A_DAY [DAYS]]` (2,000 and 365 unless given) prints one JSON object, and ends
with 1 where a figure is not as it must be.
"""

import asyncio
import json
import random
import sys
import time
from datetime import UTC
from pathlib import Path

from bursar.domain.account import Account, AccountKind, Need, Unit
from bursar.domain.clock import FixedClock
from bursar.domain.cycle import Every
from bursar.domain.exchange import Outcome, Price, UsageRecord, new_exchange_id
from bursar.domain.route import Route
from bursar.domain.usage import Quality, Usage
from bursar.ledger.ledger import Ledger
from bursar.ledger.retention import PAGES_A_STEP, retire
from bursar.ledger.statement import Statement
from bursar.storage.sqlite.store import SqliteStore

MONTHS = 2
MOST_MB, MOST_BYTES_A_CALL, MOST_HELD_UP_MS = 100, 1024, 50
AT_ONCE = 50
DAY_MS = 86_400_000
BEGIN_MS = 1_767_225_600_000
"""1 January 2026, 00:00 UTC."""

_MODELS = ("gpt-4.1-mini", "gpt-5", "claude-sonnet-5", "qwen3:8b", "text-embedding-3-small")
_KEYS, _PROJECTS = ("laptop", "desk", "ci"), ("", "website", "thesis")
_CLIENTS = ("OpenAI/Python", "cline/3.40", "continue/1.2", "curl/8")
_PRICE = Price(150_000_000, 600_000_000, source="bench")
_ACCOUNTS = (
    Account("cap:everything", AccountKind.CAP, "everything", Unit.NANO_DOLLARS, Every.DAY, 10**15),
    Account("cap:month", AccountKind.CAP, "month", Unit.NANO_DOLLARS, Every.MONTH, 10**17),
    Account("cap:requests", AccountKind.CAP, "requests", Unit.REQUESTS, Every.HOUR, 10**8),
)


class Year:
    """A ledger whose days pass as fast as the machine can."""

    def __init__(self, store: SqliteStore, database: Path) -> None:
        self.store = store
        self.database = database
        self.clock = FixedClock(BEGIN_MS)
        self.ledger = Ledger(store, self.clock, lambda event: None, UTC)
        self.statement = Statement(store, self.clock, UTC)
        self.chance = random.Random(4141)
        self.calls = 0
        self.cost_nano = 0
        self.largest_bytes = 0
        self.held_up_ms: list[float] = []

    async def day(self, calls: int) -> None:
        """The calls of a day, then the night's work, with calls that wait meanwhile."""
        begin_ms = self.clock.now_ms()
        for done in range(0, calls, AT_ONCE):
            self.clock.turn(begin_ms + DAY_MS * done // calls - self.clock.now_ms())
            await asyncio.gather(*(self._call() for _ in range(min(AT_ONCE, calls - done))))
        assert await self.ledger.drain(30) == 0
        self.clock.turn(begin_ms + DAY_MS - self.clock.now_ms())
        tidying = asyncio.ensure_future(retire(self.store, self.clock, UTC, MONTHS, pause_s=0))
        while not tidying.done():
            await self._wait_for_the_writer()
        await tidying
        self.largest_bytes = max(self.largest_bytes, self._bytes())

    async def _wait_for_the_writer(self) -> None:
        """How long the smallest change takes to be on disk."""
        begun = time.perf_counter()
        await self.store.submit(lambda transaction: transaction.put_fact("night", str(begun)))
        self.held_up_ms.append((time.perf_counter() - begun) * 1000)

    async def _call(self) -> None:
        chance, route = self.chance, Route("main", self.chance.choice(_MODELS))
        usage = Usage(chance.randrange(20, 90_000), chance.randrange(1, 4_000), chance.randrange(0, 20))
        cost = chance.randrange(1_000, 90_000_000)
        exchange_id = new_exchange_id(self.clock.now_ms())
        held = tuple((Need(account, amount),) for account, amount in zip(_ACCOUNTS, (10**8, 10**8, 1), strict=True))
        used = tuple((Need(account, amount),) for account, amount in zip(_ACCOUNTS, (cost, cost, 1), strict=True))
        async with self.ledger.hold(exchange_id, route, held) as block:
            if chance.random() < 0.3:  # a long answer holds more as it grows
                await block.grow(held[:2])
            block.settle(used, self._record(exchange_id, route, usage, cost))
        self.calls += 1
        self.cost_nano += cost

    def _record(self, exchange_id: str, route: Route, usage: Usage, cost_nano: int) -> UsageRecord:
        chance = self.chance
        return UsageRecord(
            exchange_id=exchange_id,
            attempt=1,
            at_ms=self.clock.now_ms(),
            key=chance.choice(_KEYS),
            project=chance.choice(_PROJECTS),
            client=chance.choice(_CLIENTS),
            alias="fast",
            upstream=route.upstream,
            model=route.model,
            status=200,
            outcome=Outcome.COMPLETE,
            usage=usage,
            quality=Quality.REPORTED,
            prompt_counted=usage.prompt_tokens + 3,
            completion_counted=usage.completion_tokens,
            price=_PRICE,
            cost_nano=cost_nano,
            first_ms=chance.randrange(200, 3_000),
            total_ms=chance.randrange(3_000, 60_000),
            stream=True,
            finish_reason="stop",
        )

    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self.database.parent.iterdir())


async def measure(folder: Path, calls_a_day: int, days: int) -> dict[str, float]:
    """The figures of so many days."""
    database = folder / "ledger.sqlite3"
    store = await SqliteStore.open(database)
    year = Year(store, database)
    begun = time.monotonic()
    for _ in range(days):
        await year.day(calls_a_day)
    assert await year.statement.audit() == ()
    by_month = await year.statement.spend("month", 0)
    assert (by_month.total.requests, by_month.total.cost_nano) == (year.calls, year.cost_nano)
    kept = len((await year.statement.history(limit=year.calls)).rows)
    while await store.shrink(PAGES_A_STEP):
        pass
    await store.close()
    waits = sorted(year.held_up_ms)
    return {
        "calls": year.calls,
        "records_kept": kept,
        "largest_mb": round(year.largest_bytes / 1e6, 1),
        "bytes_a_call_kept": round(database.stat().st_size / max(kept, 1)),
        "bytes_a_call_ever": round(database.stat().st_size / year.calls),
        "held_up_p50_ms": round(waits[len(waits) // 2], 2),
        "held_up_p99_ms": round(waits[len(waits) * 99 // 100], 2),
        "held_up_most_ms": round(waits[-1], 2),
        "took_s": round(time.monotonic() - begun),
    }


def is_well(figures: dict[str, float]) -> bool:
    """Whether the figures are as they must be."""
    return (
        figures["largest_mb"] < MOST_MB
        and figures["bytes_a_call_kept"] < MOST_BYTES_A_CALL
        and figures["held_up_p99_ms"] <= MOST_HELD_UP_MS
    )


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True)
    calls_a_day = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    days = int(sys.argv[3]) if len(sys.argv) > 3 else 365
    found = asyncio.run(measure(place, calls_a_day, days))
    print(json.dumps(found))
    raise SystemExit(0 if is_well(found) else 1)
