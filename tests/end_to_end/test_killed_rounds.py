"""kill -9 at random instants under load, round after round: nothing that was spent is lost, nothing is booked twice.

`BURSAR_KILL_ROUNDS` is how many rounds; 3 where it says nothing. A hundred take longer than a test may:
`BURSAR_KILL_ROUNDS=100 python -m pytest tests/end_to_end/test_killed_rounds.py -o faulthandler_timeout=3600`.
"""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import aiohttp
import msgspec
from fakes.commands import Home, home

from bursar.ledger.audit import audit
from bursar.storage.sqlite.store import SqliteStore

ROUNDS = int(os.environ.get("BURSAR_KILL_ROUNDS", "3"))
CALLERS = 16
CONFIG = """
[server]
port = 0
[upstreams.main]
kind = "openai_compatible"
base_url = "{url}"
secret = "none"
[aliases.short]
routes = ["main/practice-tokens-20"]
[aliases.long]
routes = ["main/practice-tokens-200-rate-400"]
[prices."practice-*"]
input = "0.15"
output = "0.60"
[caps.all]
usd = "50"
every = "total"
[caps.many]
requests = 1000000
every = "total"
"""


class Load:
    """Callers that ask until the proxy is gone; it is killed once so many pieces of answers have come."""

    def __init__(self, url: str, key: str, dice: random.Random, pieces: int) -> None:
        self._url = f"{url}/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._dice = dice
        self._left = pieces
        self.enough = asyncio.Event()
        self.whole = 0

    async def caller(self, session: aiohttp.ClientSession) -> None:
        """One call after the other."""
        while True:
            body = {
                "model": self._dice.choice(("short", "long")),
                "stream": self._dice.random() < 0.7,
                "messages": [{"role": "user", "content": f"Tell me of {self._dice.randrange(1000)}."}],
            }
            try:
                async with session.post(self._url, data=msgspec.json.encode(body), headers=self._headers) as response:
                    assert response.status == 200, await response.text()
                    while await response.content.readany():
                        self._left -= 1
                        if self._left <= 0:
                            self.enough.set()
                    self.whole += 1
            except aiohttp.ClientError:
                return


async def killed_under_load(at: Home, key: str, dice: random.Random) -> int:
    """One round; how many answers came whole."""
    process, url = at.start("serve")
    load = Load(url, key, dice, dice.randrange(1, 1_500))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        callers = asyncio.gather(*(load.caller(session) for _ in range(CALLERS)))
        enough = asyncio.ensure_future(load.enough.wait())
        # Callers that end by themselves have met what they should not, and say so below.
        await asyncio.wait((callers, enough), return_when=asyncio.FIRST_COMPLETED)
        enough.cancel()
        process.kill()
        process.wait()
        await callers
    return load.whole


async def served(url: str) -> int:
    """What the upstream served, at its own prices, once nothing is in flight there."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/practice/tally?idle=1") as response:
        return int((await response.json())["total"]["cost_nano"])


async def booked(database: Path) -> tuple[int, int]:
    """What is settled and what is held, in nano-dollars, where the books are in order."""
    store = await SqliteStore.open(database)
    try:
        assert await store.read(audit) == ()
        assert await store.read(lambda reader: reader.ended_twice()) == []
        rows = await store.read(lambda reader: reader.history(None, 10**6))
        attempts = Counter((row.exchange_id, row.attempt) for _, row in rows)
        assert max(attempts.values(), default=1) == 1
        [standing] = [each for each in await store.read(lambda r: r.standings()) if each.account_id == "cap:all"]
        assert standing.settled == sum(row.cost_nano for _, row in rows)
        held = sum(
            share.amount
            for hold in await store.read(lambda reader: reader.holds())
            for share in hold.shares
            if share.account_id == "cap:all"
        )
        assert standing.held == held
    finally:
        await store.close()
    return standing.settled, held


async def test_no_kill_loses_or_doubles_what_was_spent(tmp_path: Path) -> None:
    dice, whole = random.Random(ROUNDS), 0
    with home(tmp_path) as at:
        _, practice = at.start("practice", "--port", "0")
        at.configure(CONFIG.format(url=practice))
        key = at.json("key", "issue", "laptop")["key"]
        database = tmp_path / "data" / "ledger.sqlite3"
        for number in range(ROUNDS):
            whole += await killed_under_load(at, key, dice)
            cost = await served(practice.removesuffix("/v1"))
            settled, held = await booked(database)
            # Settled is what was reported; what nobody knows of is still held, and a hold is a bound.
            assert settled <= cost <= settled + held, f"round {number}"
        assert whole > ROUNDS
