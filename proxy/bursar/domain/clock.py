"""Clock: where time comes from, so that tests can turn it by hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """The wall clock, in whole milliseconds since the epoch (UTC)."""

    def now_ms(self) -> int: ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class FixedClock:
    """A clock that moves only when it is turned."""

    def __init__(self, now_ms: int = 1_790_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def turn(self, milliseconds: int) -> None:
        """Move on (or, negative, back)."""
        self._now_ms += milliseconds
