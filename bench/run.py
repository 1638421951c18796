"""The run: starts source and proxies, measures every workload on every way in turn, and says what was found."""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from pathlib import Path

from bench import asks, report
from bench.bars import FLAT_CALLS, verdicts
from bench.bursar_home import BursarHome
from bench.children import Child, ChildFailed, Cores
from bench.figures import Figures, Way
from bench.load import Wrong
from bench.neighbours import Neighbours
from bench.upkeep import Upkeep
from bench.workloads import EVERY_MS, MANY_EVERY_MS, MANY_STREAMS, SHORT, STREAMS, Entrance, Workloads

Repetition = Callable[[Entrance], Awaitable[None]]
"""One repetition of a workload on one way."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: repetitions (and how many more, where some were disturbed), seconds for one, long
    conversations for one, starts, seconds of rest, commands, calls of the soak."""

    repetitions: int
    spare: int
    seconds: float
    conversations: int
    starts: int
    rest_s: float
    commands: int
    soak: int


QUICK = Plan(repetitions=3, spare=0, seconds=0.25, conversations=6, starts=2, rest_s=2.0, commands=3, soak=1_000)
FULL = Plan(repetitions=7, spare=4, seconds=0.4, conversations=10, starts=5, rest_s=10.0, commands=7, soak=FLAT_CALLS)


class Run:
    """One run over all ways; without Bursar, over the two others."""

    def __init__(self, plan: Plan, folder: Path, with_bursar: bool) -> None:
        self.figures = Figures()
        self.soaked = 0
        self.shares: list[float] = []
        """How much of our cores others took in each repetition that counts."""
        self._plan = plan
        self._folder = folder
        self._with_bursar = with_bursar
        self._cores = Cores()
        self._upkeep = Upkeep(self.figures, self._cores)

    async def all(self) -> None:
        """Measure everything. Raises ChildFailed or Wrong."""
        python = sys.executable
        self._cores.take(self._cores.harness)
        with ExitStack() as children:
            source = children.enter_context(Child([python, "-m", "bench.source"]))
            home = BursarHome(self._folder / "home", source.port) if self._with_bursar else None
            await self._starts(source.port, home)
            with self._cores.of_proxies():
                bare = children.enter_context(_bare(source.port))
                bursar = children.enter_context(home.serve()) if home is not None else None
            entrances = [Entrance(Way.DIRECT, source.port), Entrance(Way.BARE, bare.port, pid=bare.pid)]
            if home is not None and bursar is not None:
                entrances.append(Entrance(Way.BURSAR, bursar.port, home.key, bursar.pid))
            pids = [source.pid, *(at.pid for at in entrances if at.pid is not None)]
            await self._load(entrances, Neighbours(self._cores.harness | self._cores.proxies, pids))
            say("idle")
            await self._upkeep.rest(entrances[1:], self._plan.rest_s)
            if home is not None:
                say("bursar status")
                self._upkeep.command(home, self._plan.commands)
                say("holds by themselves")
                self._upkeep.holds(self._folder / "holds", 4 * self._plan.seconds)
                say(f"soak over {self._plan.soak:,} calls")
                self.soaked = await self._upkeep.soak(self._folder / "soak", source.port, self._plan.soak, say)

    async def _starts(self, port: int, home: BursarHome | None) -> None:
        say("start to first answer")
        for _ in range(self._plan.starts):
            await self._upkeep.start(Way.BARE, _bare(port), "sk-none")
            if home is not None:
                await self._upkeep.start(Way.BURSAR, home.serve(), home.key)

    async def _load(self, entrances: list[Entrance], neighbours: Neighbours) -> None:
        """Every workload in turn; of each, every repetition on every way, which comes first changing."""
        long, count = asks.Conversation(1, SHORT), self._plan.conversations

        def known(loads: Workloads) -> Repetition:
            return partial(loads.known, bodies=list(long.grown(3 * count)))

        def unseen(loads: Workloads) -> Repetition:
            return partial(loads.unseen, bodies=list(long.unseen(count)))

        def beside(loads: Workloads) -> Repetition:
            return partial(loads.beside, bodies=list(long.unseen(count // 2)))

        steps: list[tuple[str, Callable[[Workloads], Repetition]]] = [
            *((f"plain, {n}", lambda loads, n=n: partial(loads.plain, connections=n)) for n in (1, 16, 64)),
            *((f"burst, {n}", lambda loads, n=n: partial(loads.burst, connections=n)) for n in (1, 16)),
            *(
                (f"paced, {n}", lambda loads, n=n, ms=ms: partial(loads.paced, streams=n, every_ms=ms))
                for n, ms in ((STREAMS, EVERY_MS), (MANY_STREAMS, MANY_EVERY_MS))
            ),
            ("500 KB, known", known),
            ("500 KB, unseen", unseen),
            ("beside 500 KB", beside),
        ]
        for name, make in steps:
            say(name)
            await self._repeat(entrances, neighbours, make)

    async def _repeat(
        self, entrances: list[Entrance], neighbours: Neighbours, make: Callable[[Workloads], Repetition]
    ) -> None:
        """Repetitions until enough were quiet, within bounds; the quietest count."""
        made: list[tuple[float, int, Figures]] = []
        while len(made) < self._plan.repetitions + self._plan.spare:
            figures = Figures()
            repetition = make(Workloads(figures, self._plan.seconds))
            turn = len(made) % len(entrances)
            neighbours.share()
            for at in entrances[turn:] + entrances[:turn]:
                await repetition(at)
            made.append((neighbours.share(), len(made), figures))
            if sum(share < report.QUIET for share, _, _ in made) == self._plan.repetitions:
                break
        kept = sorted(made)[: self._plan.repetitions]
        self.shares += [share for share, _, _ in kept]
        for _, _, figures in sorted(kept, key=itemgetter(1)):
            self.figures.take_over(figures)


def _bare(port: int) -> Child:
    return Child([sys.executable, "-m", "bench.bare", f"http://127.0.0.1:{port}"])


def say(line: str) -> None:
    """One line for whoever waits; standard output belongs to the report."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """The exit code: 0 when all was measured, 1 when a process or an answer was wrong or, if asked, a bar not met."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less than a minute, more noise")
    parser.add_argument("--soak", type=int, metavar="N", help="calls over which memory and disk are watched")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    parser.add_argument("--without-bursar", action="store_true", help="only the direct way and the bare pass-through")
    parser.add_argument("--strict", action="store_true", help="fail where something that must be met is not")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    if options.soak is not None:
        plan = replace(plan, soak=options.soak)
    load_before, begun = os.getloadavg()[0], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bursar-bench-") as folder:
        run = Run(plan, Path(folder), not options.without_bursar)
        try:
            asyncio.run(run.all())
        except (ChildFailed, Wrong) as failure:
            say(f"Measured nothing that counts: {failure}")
            return 1
    judged = list(verdicts(run.figures, run.soaked)) if not options.without_bursar else []
    took_s = time.monotonic() - begun
    print("\n".join(["", *report.table(run.figures), "", *report.judgement(judged)]))
    print(f"\n{report.noise(run.figures, run.shares, load_before, os.getloadavg()[0])} The run took {took_s:.0f} s.")
    if options.json is not None:
        how: dict[str, object] = {
            "quick": options.quick,
            "soaked": run.soaked,
            "took_s": round(took_s),
            "neighbours": run.shares,
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(report.as_json(run.figures, judged, how), "utf-8")
    return 1 if options.strict and any(verdict.met is False for verdict in judged) else 0
