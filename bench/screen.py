"""What the terminal interface costs: `python -m bench.screen [--quick]`, in a real terminal, on a real local door.

Prints a table and ends with 1 where a figure is not as it must be. CPU is what the interface itself used, so that it
means the same on a machine that is busy with other things; the times until something is drawn do not.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.screen_terminal import MARK, Door, Terminal

SLOW_BYTES_A_SECOND = 50_000
MB = 1_048_576


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, and what it must not exceed."""

    what: str
    figure: float
    unit: str
    most: float | None = None

    @property
    def well(self) -> bool:
        """Whether it is as it must be."""
        return self.most is None or self.figure <= self.most

    def __str__(self) -> str:
        bound = "" if self.most is None else f"   at most {self.most:g} {self.unit}{'' if self.well else '   NOT MET'}"
        return f"{self.what:<58} {self.figure:>10,.3f} {self.unit}{bound}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    starts: int
    rest_s: float
    busy_s: int
    day_events: int


QUICK, FULL = Plan(2, 5, 5, 20_000), Plan(7, 60, 20, 200_000)


def starts(home: Path, count: int) -> Iterator[Line]:
    """How long until something, and until the proxy's state, is on screen."""
    for name, compiled, most in (("first start, nothing compiled yet", False, None), ("start", True, 0.6)):
        painted, shown, used = [], [], []
        for _ in range(count if compiled else 1):
            with tempfile.TemporaryDirectory() as empty, Terminal(home, compiled_in=None if compiled else empty) as at:
                painted.append(at.until(b"bursar"))
                shown.append(at.until(MARK))
                used.append(at.cpu_s())
        # The best of them: what others do on the machine can only add to it.
        yield Line(f"{name}: until the first paint", min(painted), "s", most)
        yield Line(f"{name}: until the proxy's state is drawn", min(shown), "s")
        yield Line(f"{name}: CPU until then", statistics.median(used), "s")


def resting(home: Path, seconds: float) -> Iterator[Line]:
    """What it costs while nothing happens."""
    with Terminal(home) as at:
        at.ready()
        cpu_s, written = at.cpu_s(), at.written
        at.watch(seconds)
        yield Line("at rest: CPU", 100 * (at.cpu_s() - cpu_s) / seconds, "% of a core", 1)
        yield Line("at rest: written to the terminal", (at.written - written) * 60 / seconds, "bytes/min")
        yield Line("at rest: memory", at.memory() / MB, "MB")


def busy(home: Path, door: Door, seconds: int) -> Iterator[Line]:
    """What it costs at fifty events a second, on the two screens where calls are."""
    for key, screen in (("1", "Overview"), ("2", "Calls")):
        with Terminal(home, size=(120, 40)) as at:
            at.ready()
            at.type(key)
            at.settle()
            cpu_s, written = at.cpu_s(), at.written
            door.begin(50, 50 * seconds)
            at.watch(seconds)
            yield Line(f"50 events/s, {screen}: CPU", 100 * (at.cpu_s() - cpu_s) / seconds, "% of a core", 10)
            yield Line(f"50 events/s, {screen}: written", (at.written - written) / seconds / 1000, "kB/s")
            door.done()


def day(home: Path, door: Door, events: int) -> Iterator[Line]:
    """A day of events in a minute or so: what memory and CPU come to."""
    with Terminal(home, size=(120, 40)) as at:
        at.ready()
        _play(at, door, events // 10)  # what is kept of the past is full from here on
        before, cpu_s = at.memory(), at.cpu_s()
        _play(at, door, events)
        at.settle()
        grown = at.memory() - before
        yield Line(f"{events:,} events: memory grown by", grown / MB, "MB", 8)
        yield Line(f"{events:,} events: CPU for each", 1e6 * (at.cpu_s() - cpu_s) / events, "µs")


def _play(at: Terminal, door: Door, events: int) -> None:
    door.begin(4_000, events)
    while not door.is_done():
        at.watch(0.2)


def slow_link(home: Path) -> Iterator[Line]:
    """Through a line of 50 kB/s: how long until each screen is drawn whole, and what it takes."""
    for size in ((80, 24), (200, 60)):
        with Terminal(home, size=size, bytes_a_second=SLOW_BYTES_A_SECOND) as at:
            name = f"50 kB/s, {size[0]}x{size[1]}"
            at.ready()
            yield Line(f"{name}: all that is written for the start", at.written / 1000, "kB")
            for time in ("first", "second"):
                most, slowest = 0, 0.0
                for key in at.screens:
                    written = at.written
                    at.type(key)
                    slowest = max(slowest, at.settle())
                    most = max(most, at.written - written)
                yield Line(f"{name}: the largest {time} visit of a screen", most / 1000, "kB")
                yield Line(f"{name}: the slowest {time} visit of a screen", slowest, "s", 1)
            written = at.written
            at.type("\x1b[B")
            at.settle()
            yield Line(f"{name}: the cursor down by one", at.written - written, "bytes")


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.screen")
    parser.add_argument("--quick", action="store_true", help="less of everything: to see that it works")
    plan = QUICK if parser.parse_args().quick else FULL
    well = True
    with tempfile.TemporaryDirectory(prefix="bursar-") as folder, Door(Path(folder)) as door:
        home = Path(folder)
        for lines in (
            starts(home, plan.starts),
            resting(home, plan.rest_s),
            busy(home, door, plan.busy_s),
            day(home, door, plan.day_events),
            slow_link(home),
        ):
            for line in lines:
                well &= line.well
                print(line, flush=True)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
