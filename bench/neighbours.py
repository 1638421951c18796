"""How much others work on our cores meanwhile: what is measured beside them says little."""

import os
import time
from collections.abc import Collection
from pathlib import Path

from bench.children import cpu_ns

_STAT = Path("/proc/stat")


class Neighbours:
    """Compares how busy `cores` are with what our own processes took; 0 where the system does not tell."""

    def __init__(self, cores: Collection[int], ours: Collection[int]) -> None:
        self._names = {f"cpu{core}" for core in cores}
        self._ours = tuple(ours)
        self._before = self._now()

    def share(self) -> float:
        """The part of all cores that others took since the last time this was asked, 0 to 1."""
        before, self._before = self._before, self._now()
        elapsed, busy, own = (now - then for now, then in zip(self._before, before, strict=True))
        return max(0.0, busy - own) / max(1, elapsed * len(self._names)) if self._names else 0.0

    def _now(self) -> tuple[float, float, float]:
        """The time, how long the cores were busy, and how long we were: all in seconds, all from some beginning."""
        own = sum(cpu_ns(pid) or 0 for pid in (os.getpid(), *self._ours)) / 1e9
        return time.monotonic(), self._busy_s(), own

    def _busy_s(self) -> float:
        try:
            lines = _STAT.read_text("ascii").splitlines()
        except OSError:
            self._names = set()
            return 0.0
        rows = [line.split() for line in lines if line.partition(" ")[0] in self._names]
        # user nice system idle iowait irq softirq steal; guests are in user already.
        ticks = sum(sum(map(int, row[1:9])) - int(row[4]) - int(row[5]) for row in rows)
        return ticks / float(os.sysconf("SC_CLK_TCK"))
