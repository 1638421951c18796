"""What a hold and its settlement cost by themselves: 16 calls at once over the real ledger and store, in this process.

`python -m bench.holds FOLDER DURABILITY SECONDS` prints one JSON object. It measures twice: calls with an upstream
that takes 20 ms to answer, and, to find the most that the store takes, calls without one.
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
UPSTREAM_S = 0.02

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
    """The µs that a call spends on a hold and its settlement (median, 99th of 100); pairs a second, all on disk."""
    store = await SqliteStore.open(folder / "ledger.sqlite3", durability=durability)
    ledger = Ledger(store, SystemClock(), lambda event: None, UTC)
    spent_us, _ = await _calls(ledger, seconds, UPSTREAM_S)
    flat_out_us, pairs_s = await _calls(ledger, seconds, 0)
    sums = await store.read(lambda reader: reader.entry_sums())
    await store.close()
    assert all(each.held == 0 for each in sums)
    settled = sum(each.settled for each in sums if each.account_id == "cap:requests")
    assert settled == len(spent_us) + len(flat_out_us)
    return {
        "p50_us": quantile(spent_us, 0.5),
        "p99_us": quantile(spent_us, 0.99),
        "flat_out_p50_us": quantile(flat_out_us, 0.5),
        "pairs_s": pairs_s,
    }


async def _calls(ledger: Ledger, seconds: float, upstream_s: float) -> tuple[list[float], float]:
    """For each call the µs until it is held and those for handing over its end; pairs a second, the last on disk."""
    clock = SystemClock()
    spent_us: list[float] = []
    begun = time.monotonic_ns()
    until = begun + int(seconds * 1e9)

    async def call() -> None:
        while time.monotonic_ns() < until:
            exchange_id = new_exchange_id(clock.now_ms())
            asked = time.monotonic_ns()
            async with ledger.hold(exchange_id, _ROUTE, _HELD) as held:
                held_ns = time.monotonic_ns() - asked
                await asyncio.sleep(upstream_s)
                held.settle(_USED, _record(exchange_id, clock.now_ms()))
                ended = time.monotonic_ns()
            spent_us.append((held_ns + time.monotonic_ns() - ended) / 1e3)

    async with asyncio.TaskGroup() as group:
        for place in range(AT_ONCE):
            # Calls come when they come, not all in one instant.
            await asyncio.sleep(upstream_s * place / AT_ONCE)
            group.create_task(call())
    left = await ledger.drain(30)
    assert left == 0
    return spent_us, len(spent_us) / ((time.monotonic_ns() - begun) / 1e9)


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
