"""What ten thousand calls take on disk and of the disk."""

import asyncio
from datetime import UTC
from pathlib import Path

from fakes.samples import NOON_MS, PRICE, ROUTE, asks, cap, record

from bursar.domain.clock import FixedClock
from bursar.domain.cycle import Every
from bursar.domain.exchange import new_exchange_id
from bursar.domain.usage import Usage
from bursar.ledger.ledger import Ledger
from bursar.storage.sqlite.store import SqliteStore

CALLS = 10_000
AT_ONCE = 20
ACCOUNTS = (cap("laptop", 10**15), cap("everything", 10**15, Every.MONTH))


async def one_call(ledger: Ledger, clock: FixedClock, number: int) -> None:
    clock.turn(731)
    exchange_id, cost = new_exchange_id(clock.now_ms()), 3_141_592 + number
    async with ledger.hold(exchange_id, ROUTE, asks(4_750_000, *ACCOUNTS)) as held:
        usage = Usage(1_000 + number, 300 + number % 500, cached_tokens=number)
        kept = record(exchange_id, cost, at_ms=clock.now_ms(), usage=usage, price=PRICE, total_ms=2_000 + number % 900)
        held.settle(asks(cost, *ACCOUNTS), kept)


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


async def test_a_call_takes_less_than_400_bytes(tmp_path: Path) -> None:
    database = tmp_path / "ledger.sqlite3"
    store = await SqliteStore.open(database)
    clock = FixedClock(NOON_MS)
    ledger = Ledger(store, clock, lambda event: None, UTC)
    for first in range(0, CALLS, AT_ONCE):
        await asyncio.gather(*(one_call(ledger, clock, number) for number in range(first, first + AT_ONCE)))
    assert await ledger.drain() == 0
    assert len(await store.read(lambda reader: reader.history(None, CALLS + 1))) == CALLS
    await store.close()
    assert bytes_in(tmp_path) / CALLS < 400
