"""`python -m bench.soak N`: N mixed calls through a running proxy, and what it has kept of them afterwards.

A third of the calls meet a fault, a tenth of the clients leave. What is held against the proxy: memory that grows
beyond what it took after the first calls, holds, tasks, threads or descriptors that stay, answers that no client
should see, and lines in its log that nothing explains.
"""

import argparse
import asyncio
import json
import re
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.bursar_home import BursarHome
from bench.children import Child, ChildFailed, open_files, rss_bytes
from bench.soak_calls import Clients, aliases

from bursar.practice.server import practice_server
from bursar.storage.sqlite.store import SqliteStore

WARM_UP = 2_000
SLICE = 2_000
GROWTH = 1.10
"""Memory at the end, in units of what it was after the warm-up."""
SPARE = 2
"""Descriptors, tasks and threads more or less than at first."""

_MB = 1024 * 1024
_REST_S = 33.0
"""Longer than connections to upstreams rest before they are closed."""
_END_S = 60.0
_EXPECTED = re.compile(
    r"listening on |tasks \d+"
    r"|\S+ \S+  warning  (daemon\.in_force: The upstream|events: an upstream is not well|alerts\.alerts: alert: )"
)

_CONFIG = """\
[server]
port = 0
max_connections = 512
[log]
level = "warning"
[discovery]
ollama = ""
lmstudio = ""
[limits]
connect_s = 1
first_event_s = 2
stall_s = 2
progress_s = 2
total_s = 20
late_usage_s = 0.1
line_mib = 12
cool_down_s = 1
[upstreams.main]
kind = "openai_compatible"
base_url = "{base_url}"
[prices."*"]
input = "0.15"
output = "0.60"
[caps.everything]
usd = "1000000.00"
every = "day"
[caps.key]
key = "bench"
tokens = 900000000000
every = "day"
{aliases}
"""


@dataclass(frozen=True, slots=True)
class AtRest:
    """What the proxy has while nobody asks."""

    rss: int
    files: int
    tasks: int
    threads: int


async def soak(folder: Path, calls: int, seed: int, *, heavy: bool) -> list[str]:
    """Make the calls and say how it goes; what is wrong afterwards. Raises ChildFailed."""
    # Ten times as fast: a fault's pause of 20 seconds takes two.
    async with practice_server(speed=0, pause_scale=0.1) as practice:
        home = BursarHome(folder, practice.port)
        (folder / "config.toml").write_text(_CONFIG.format(base_url=practice.base_url, aliases=aliases()), "utf-8")
        with Child([sys.executable, "-m", "bench.watched"], {"BURSAR_HOME": str(folder)}) as child:
            clients = Clients(f"http://127.0.0.1:{child.port}/v1", home.key, seed, heavy=heavy)
            begun_s = time.monotonic()
            await clients.call(min(WARM_UP, calls))
            first = await _at_rest(home, child)
            say(f"{min(WARM_UP, calls):6,} calls: {_in_words(first)}")
            made = min(WARM_UP, calls)
            while made < calls:
                more = min(SLICE, calls - made)
                await clients.call(more)
                made += more
                say(f"{made:6,} calls: {(rss_bytes(child.pid) or 0) / _MB:6.1f} MB, {time.monotonic() - begun_s:.0f} s")
            last = await _at_rest(home, child)
            say(f"  at rest: {_in_words(last)}; {dict(clients.came.ways)}")
            problems = [*_kept(first, last), *clients.came.wrong[:20]]
            unexpected = [line.rstrip() for line in child.lines if not _EXPECTED.match(line)]
            problems += [f"logged: {line}" for line in unexpected[:60]]
            status = json.loads(home.run("status", "--json"))
            problems += [f"{name}: {status[name]}" for name in ("running_exchanges", "open_holds") if status[name]]
            if child.stop() != 0:
                problems.append(f"the proxy ended badly: {child.said}")
        problems += await _sums(home)
    return problems


def _kept(first: AtRest, last: AtRest) -> list[str]:
    """What is more at the end than it was after the warm-up."""
    problems = []
    if last.rss > first.rss * GROWTH:
        problems.append(f"memory grew from {first.rss / _MB:.1f} to {last.rss / _MB:.1f} MB")
    for name in ("files", "tasks", "threads"):
        before, after = getattr(first, name), getattr(last, name)
        if after > before + SPARE:
            problems.append(f"{after} {name} at the end, {before} after the warm-up")
    return problems


async def _at_rest(home: BursarHome, child: Child) -> AtRest:
    """The figures once every call has ended and every connection has been given up."""
    until_s = time.monotonic() + _END_S
    while True:
        status = json.loads(await asyncio.to_thread(home.run, "status", "--json"))
        if not (status["running_exchanges"] or status["open_holds"]):
            break
        if time.monotonic() > until_s:
            raise ChildFailed(f"calls do not end: {status['running_exchanges']} run, {status['open_holds']} are held")
        await asyncio.sleep(0.5)
    await asyncio.sleep(_REST_S)
    seen = len(child.lines)
    child.process.send_signal(signal.SIGUSR1)
    while not (found := _told(child.lines[seen:])):
        if time.monotonic() > until_s + _REST_S:
            raise ChildFailed("the proxy does not say how many tasks it has")
        await asyncio.sleep(0.05)
    return AtRest(rss_bytes(child.pid) or 0, open_files(child.pid) or 0, *found)


def _told(lines: Sequence[str]) -> tuple[int, int] | None:
    found = [re.match(r"tasks (\d+) threads (\d+)", line) for line in lines]
    return next(((int(each[1]), int(each[2])) for each in found if each), None)


async def _sums(home: BursarHome) -> list[str]:
    """What the ledger holds although nothing runs any more."""
    store = await SqliteStore.open(home.ledger)
    try:
        sums = await store.read(lambda reader: reader.entry_sums())
    finally:
        await store.close()
    settled = any(each.settled for each in sums)
    held = [f"{each.account_id} still holds {each.held}" for each in sums if each.held]
    return held if settled else ["nothing was settled at all"]


def _in_words(rest: AtRest) -> str:
    return f"{rest.rss / _MB:6.1f} MB, {rest.files} descriptors, {rest.tasks} tasks, {rest.threads} threads"


def say(line: str) -> None:
    """One line for whoever waits."""
    print(line, flush=True)


def main() -> int:
    """The exit code: 0 when nothing was kept, 1 when something was."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("calls", type=int, nargs="?", default=20_000, metavar="N")
    parser.add_argument("--seed", type=int, default=4141)
    parser.add_argument("--light", action="store_true", help="without the faults of tens of megabytes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bursar-soak-") as folder:
        try:
            problems = asyncio.run(soak(Path(folder) / "home", options.calls, options.seed, heavy=not options.light))
        except ChildFailed as failure:
            problems = [str(failure)]
    for problem in problems:
        say(f"✗ {problem}")
    say("✓ nothing was kept" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
