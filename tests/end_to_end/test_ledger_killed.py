"""kill -9 while sixteen callers hold, grow and settle: what was acknowledged is there, and all sums are right."""

import asyncio
import subprocess
import sys
from datetime import UTC
from pathlib import Path

from fakes.samples import NOON_MS, cap

from bursar.contract.events import Event, HoldInDoubt
from bursar.domain.clock import FixedClock
from bursar.domain.cycle import Every
from bursar.ledger.audit import audit
from bursar.ledger.ledger import Ledger
from bursar.storage.sqlite.store import SqliteStore

ROUNDS = 8
ACCOUNTS = (cap("day", 10**12), cap("total", 10**12, Every.TOTAL))

LOAD = """
import asyncio, random, sys
from datetime import UTC
from pathlib import Path
from bursar.contract.events import AttemptSettled
from bursar.domain.clock import FixedClock
from bursar.ledger.ledger import Ledger
from bursar.storage.sqlite.store import SqliteStore
from fakes.samples import NOON_MS, ROUTE, asks, record
from test_ledger_killed import ACCOUNTS

run, dice = sys.argv[2], random.Random(int(sys.argv[2]))

def publish(event):
    if isinstance(event, AttemptSettled):
        print("settled", event.exchange_id, event.cost_nano, flush=True)

async def call(ledger, exchange_id):
    async with ledger.hold(exchange_id, ROUTE, asks(100, *ACCOUNTS)) as held:
        print("held", exchange_id, 100, flush=True)
        if dice.random() < 0.3:
            await held.grow(asks(50, *ACCOUNTS))
            print("held", exchange_id, 50, flush=True)
        await asyncio.sleep(dice.random() * 0.01)
        cost = dice.randrange(200)
        held.settle(asks(cost, *ACCOUNTS), record(exchange_id, cost))

async def caller(ledger, number):
    for turn in range(10_000):
        await call(ledger, f"{run}.{number}.{turn}")

async def main():
    ledger = Ledger(await SqliteStore.open(Path(sys.argv[1])), FixedClock(NOON_MS), publish, UTC)
    await asyncio.gather(*(caller(ledger, number) for number in range(16)))

asyncio.run(main())
"""


def killed_under_load(database: Path, run: int, lines: int) -> list[list[str]]:
    """What a process had been told was on disk when it was killed."""
    command = [sys.executable, "-c", LOAD, str(database), str(run)]
    environment = {"PYTHONPATH": ":".join([str(Path(__file__).parent), *sys.path])}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        told += process.stdout.readlines()
    return [line.split() for line in told if line.endswith("\n")]


async def check(database: Path, told: list[list[str]]) -> int:
    """Open what was left, and compare it with what was told; how many holds are in doubt."""
    events: list[Event] = []
    store = await SqliteStore.open(database)
    assert await store.read(audit) == ()
    ledger = Ledger(store, FixedClock(NOON_MS), events.append, UTC)
    await ledger.recover()
    rows = await store.read(lambda reader: reader.history(None, 10**6))
    kept = {row.exchange_id: row.cost_nano for _, row in rows}
    assert len(kept) == len(rows)
    settled = {exchange_id: int(cost) for what, exchange_id, cost in told if what == "settled"}
    assert settled.items() <= kept.items()

    doubted: dict[str, int] = {}
    for doubt in (event for event in events if isinstance(event, HoldInDoubt)):
        doubted[doubt.exchange_id] = doubted.get(doubt.exchange_id, 0) + dict(doubt.shares)["cap:day"]
    held: dict[str, int] = {}
    for what, exchange_id, amount in told:
        if what == "held" and exchange_id not in kept:
            held[exchange_id] = held.get(exchange_id, 0) + int(amount)
    assert all(doubted[exchange_id] >= amount for exchange_id, amount in held.items())
    assert not doubted.keys() & kept.keys()

    for standing in (await ledger.standings(ACCOUNTS)).values():
        assert (standing.held, standing.settled) == (sum(doubted.values()), sum(kept.values()))
    for event in events:
        if isinstance(event, HoldInDoubt) and event.hold_id % 2:
            await ledger.resolve(event.hold_id, None)
    assert await store.read(audit) == ()
    await store.close()
    return len(doubted)


def test_nothing_acknowledged_is_lost_and_every_hold_ends_once(tmp_path: Path) -> None:
    database, told, in_doubt = tmp_path / "ledger.sqlite3", [], 0
    for run in range(ROUNDS):
        told += killed_under_load(database, run, lines=40 + 37 * run)
        # Holds that were resolved are no longer in doubt: only this run's can be asked for.
        mine = [line for line in told if line[0] == "settled" or line[1].startswith(f"{run}.")]
        in_doubt += asyncio.run(check(database, mine))
    assert in_doubt > ROUNDS
    assert len(told) > 1_000
