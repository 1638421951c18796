"""What a proxy costs beside its calls: its start, its rest, its commands, its memory and disk over many calls."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import asks
from bench.bursar_home import CAPS, REQUESTS_CAP, BursarHome
from bench.check import is_plain, is_stream_of
from bench.children import ROOT, Child, ChildFailed, Cores, environment, open_files, rss_bytes
from bench.figures import Figures, Measure, Way
from bench.load import Wrong, connected, for_a_while
from bench.workloads import BURST, Entrance

from bursar.config.schema import Durability
from bursar.storage.sqlite.store import SqliteStore

WARM_UP_CALLS = 5_000
"""Calls after which memory should have settled."""

START = Measure("start", "start to first answer", "s")
REST_MEMORY = Measure("rest.memory", "idle memory (RSS)", "MB")
REST_CPU = Measure("rest.cpu", "idle CPU", "% of a core")
COMMAND = Measure("command", "`bursar status`", "s")
DISK = Measure("disk", "disk", "bytes/call")
GROWTH = Measure("growth", "memory over many calls", "MB more")
FILES = Measure("files", "descriptors over many calls", "more")
HOLD_P50 = Measure("hold.p50", "hold and settle, 16 calls at once, 3 accounts: p50", "µs")
HOLD_P99 = Measure("hold.p99", "hold and settle, 16 calls at once, 3 accounts: p99", "µs")
HOLD_FLAT_OUT = Measure("hold.flat_out", "the same without an upstream between: p50", "µs")
HOLD_RATE = Measure("hold.rate", "hold and settle on disk, 16 at once", "pairs/s")
HOLD_FULL = Measure("hold.full", 'the same with durability "full"', "pairs/s")
STOP = Measure("stop", "told to stop, until it has", "s")

_MB = 1024 * 1024
_SETTLE_S = 1.0
_AT_ONCE = 16


class Upkeep:
    """Measures on processes of its own, all on the proxies' core but the commands."""

    def __init__(self, figures: Figures, cores: Cores) -> None:
        self._figures = figures
        self._cores = cores

    async def start(self, way: Way, child: Child, key: str) -> None:
        """From nothing to the first answer; then, the vocabulary loaded and all quiet, its memory."""
        with self._cores.of_proxies():
            child.__enter__()
        try:
            at = Entrance(way, child.port, key, child.pid)
            async with connected(child.port, 1) as (connection,):
                answer = await connection.ask(at.request(asks.plain()))
                is_plain(answer)
                self._figures.add(START, way, (answer.ended_ns - child.started_ns) / 1e9)
                stream = await connection.ask(at.request(asks.burst(BURST)))
                is_stream_of(BURST)(stream)
            await asyncio.sleep(_SETTLE_S)
            memory = rss_bytes(child.pid)
            if memory is not None:
                self._figures.add(REST_MEMORY, way, memory / _MB)
        finally:
            self._stop(way, child)

    async def rest(self, entrances: list[Entrance], seconds: float) -> None:
        """What running proxies take while nobody asks."""
        await asyncio.sleep(_SETTLE_S)
        before = [at.cpu_ns() for at in entrances]
        begun = time.monotonic_ns()
        await asyncio.sleep(seconds)
        took = time.monotonic_ns() - begun
        for at, then in zip(entrances, before, strict=True):
            now = at.cpu_ns()
            if now is not None and then is not None:
                self._figures.add(REST_CPU, at.way, (now - then) / took * 100)

    def command(self, home: BursarHome, times: int) -> None:
        """How long a command takes that asks the running proxy."""
        with self._cores.any():
            for _ in range(times):
                begun = time.monotonic_ns()
                home.run("status")
                self._figures.add(COMMAND, Way.BURSAR, (time.monotonic_ns() - begun) / 1e9)

    def holds(self, folder: Path, seconds: float) -> None:
        """What holds cost by themselves, over the real store, in a process of their own."""
        folder.mkdir()
        for durability in Durability:
            command = [sys.executable, "-m", "bench.holds", str(folder / durability), durability, str(seconds)]
            with self._cores.of_proxies():
                done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
            if done.returncode != 0:
                raise ChildFailed(f"the holds by themselves failed: {done.stderr.strip()}")
            found = json.loads(done.stdout)
            if durability is Durability.FULL:
                self._figures.add(HOLD_FULL, Way.BURSAR, found["pairs_s"])
            else:
                self._figures.add(HOLD_P50, Way.BURSAR, found["p50_us"])
                self._figures.add(HOLD_P99, Way.BURSAR, found["p99_us"])
                self._figures.add(HOLD_FLAT_OUT, Way.BURSAR, found["flat_out_p50_us"])
                self._figures.add(HOLD_RATE, Way.BURSAR, found["pairs_s"])

    async def soak(self, folder: Path, source_port: int, calls: int, say: Callable[[str], None]) -> int:
        """Memory, descriptors and disk over so many calls after a warm-up; how many calls there were in all."""
        home = BursarHome(folder, source_port)
        child = home.serve()
        with self._cores.of_proxies():
            child.__enter__()
        try:
            at = Entrance(Way.BURSAR, child.port, home.key, child.pid)
            made = await _calls(at, min(WARM_UP_CALLS, calls))
            before, files = rss_bytes(child.pid), open_files(child.pid)
            soaked = 0
            while soaked < calls:
                soaked += await _calls(at, min(10_000, calls - soaked))
                say(f"  {soaked:,} calls: {(rss_bytes(child.pid) or 0) / _MB:.1f} MB")
            after, files_after = rss_bytes(child.pid), open_files(child.pid)
            if before is not None and after is not None:
                self._figures.add(GROWTH, Way.BURSAR, (after - before) / _MB)
            if files is not None and files_after is not None:
                self._figures.add(FILES, Way.BURSAR, files_after - files)
        finally:
            self._stop(Way.BURSAR, child)
        self._figures.add(DISK, Way.BURSAR, home.ledger_bytes / (made + soaked))
        await _check_ledger(home, made + soaked)
        return made + soaked

    def _stop(self, way: Way, child: Child) -> None:
        begun = time.monotonic_ns()
        code = child.stop()
        if way is Way.BURSAR:
            self._figures.add(STOP, way, (time.monotonic_ns() - begun) / 1e9)
            if code != 0:
                raise ChildFailed(f"bursar serve ended with {code} when told to stop; it said: {child.said}")


async def _check_ledger(home: BursarHome, calls: int) -> None:
    """Raises Wrong unless every call was settled on every cap and nothing is held: only then was everything on."""
    store = await SqliteStore.open(home.ledger)
    try:
        sums = await store.read(lambda reader: reader.entry_sums())
    finally:
        await store.close()
    accounts = {each.account_id for each in sums if each.settled}
    settled = sum(each.settled for each in sums if each.account_id == REQUESTS_CAP)
    held = [each for each in sums if each.held]
    if settled != calls or held or len(accounts) != CAPS:
        raise Wrong(f"{calls:,} calls, but {settled:,} settled on {len(accounts)} accounts, and still held: {held}")


async def _calls(at: Entrance, count: int) -> int:
    """At least so many small calls, 16 at once; how many there were."""
    made = 0
    while made < count:
        async with connected(at.port, _AT_ONCE) as opened:
            answers, _ = await for_a_while(opened, at.request(asks.plain()), 2.0, is_plain, most=count - made)
        made += len(answers)
    return made
