"""Now: the instant of a change, and the cycle of each kind that it falls in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from bursar.domain.cycle import Cycle, Every, cycle_at
from bursar.domain.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Now:
    """An instant, in milliseconds since the epoch, and the cycle of each kind that it falls in, in a time zone."""

    at_ms: int
    zone: tzinfo
    cycles: Mapping[Every, Cycle]


class Calendar:
    """The cycles of a time zone; they are worked out once, when the first instant in all of them is asked for."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._cycles: dict[Every, Cycle] = {}
        self._start_ms = self._end_ms = 0

    def at(self, at_ms: int) -> Now:
        """An instant by this calendar."""
        if not self._start_ms <= at_ms < self._end_ms:
            self._cycles = {every: cycle_at(every, at_ms, self.zone) for every in Every}
            self._start_ms = max(cycle.start_ms for cycle in self._cycles.values())
            self._end_ms = min(cycle.end_ms for cycle in self._cycles.values() if cycle.end_ms is not None)
        return Now(at_ms, self.zone, self._cycles)
