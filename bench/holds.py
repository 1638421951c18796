"""What a hold and its settlement cost by themselves: 16 tasks over the real ledger and store, in this process.

`python -m bench.holds FOLDER DURABILITY SECONDS` prints one JSON object.
"""

import asyncio
import json
import sys
import time
from datetime import UTC
from pathlib import Path

from bench.figures import quantile

from bursar.config.schema import Durability
from bursar.domain.account import Account, AccountKind, Need, Unit
from bursar.domain.clock import SystemClock
from bursar.domain.cycle import Every
from bursar.domain.exchange import Outcome, Price, UsageRecord, new_exchange_id
from bursar.domain.route import Route
from bursar.domain.usage import Quality, Usage
from bursar.ledger.ledger import Ledger
from bursar.storage.sqlite.store import SqliteStore

AT_ONCE = 16

_ROUTE = Route("main", "gpt-4o-mini")
_PRICE = Price(150_000_000, 600_000_000)
_USAGE = Usage(24, 17)
_ACCOUNTS = (
    Account("cap:everything", AccountKind.CAP, "everything", Unit.NANO_DOLLARS, Every.DAY, 10**15),
    Account("cap:key-tokens", AccountKind.CAP, "key-tokens", Unit.TOKENS, Every.DAY, 10**12),
    Account("cap:requests", AccountKind.CAP, "requests", Unit.REQUESTS, Every.HOUR, 10**8),
)
_HELD = tuple((Need(account, amount),) for account, amount in zip(_ACCOUNTS, (2_500_000, 4_130, 1), strict=True))
_USED = tuple((Need(account, amount),) for account, amount in zip(_ACCOUNTS, (13_800, 41, 1), strict=True))


async def measure(folder: Path, durability: str, seconds: float) -> dict[str, float]:
    """The µs that a call waits for its hold (median, 99th of 100), and pairs a second, the last one on disk."""
    store = await SqliteStore.open(folder / "ledger.sqlite3", durability=durability)
    clock = SystemClock()
    ledger = Ledger(store, clock, lambda event: None, UTC)
    waits_us: list[float] = []
    begun = time.monotonic_ns()
    until = begun + int(seconds * 1e9)

    async def hold_on() -> None:
        while time.monotonic_ns() < until:
            exchange_id = new_exchange_id(clock.now_ms())
            asked = time.monotonic_ns()
            async with ledger.hold(exchange_id, _ROUTE, _HELD) as held:
                waits_us.append((time.monotonic_ns() - asked) / 1e3)
                held.settle(_USED, _record(exchange_id, clock.now_ms()))
            # As between two calls: others may go on first.
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(hold_on())
    left = await ledger.drain(30)
    took_s = (time.monotonic_ns() - begun) / 1e9
    sums = await store.read(lambda reader: reader.entry_sums())
    await store.close()
    assert left == 0
    assert all(each.held == 0 for each in sums)
    assert sum(each.settled for each in sums if each.account_id == "cap:requests") == len(waits_us)
    return {
        "p50_us": quantile(waits_us, 0.5),
        "p99_us": quantile(waits_us, 0.99),
        "pairs_s": len(waits_us) / took_s,
    }


def _record(exchange_id: str, now_ms: int) -> UsageRecord:
    return UsageRecord(
        exchange_id=exchange_id,
        attempt=1,
        at_ms=now_ms,
        key="bench",
        project="",
        client="OpenAI/Python",
        alias="fast",
        upstream=_ROUTE.upstream,
        model=_ROUTE.model,
        status=200,
        outcome=Outcome.COMPLETE,
        usage=_USAGE,
        quality=Quality.REPORTED,
        prompt_counted=24,
        completion_counted=17,
        price=_PRICE,
        cost_nano=13_800,
        first_ms=1,
        total_ms=2,
        stream=False,
        finish_reason="stop",
    )


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True)
    print(json.dumps(asyncio.run(measure(place, Durability(sys.argv[2]), float(sys.argv[3])))))
