"""Now: the instant of a change, and the cycle of each kind that it falls in."""

from datetime import tzinfo
from typing import NamedTuple

from bursar.domain.account import Account
from bursar.domain.cycle import Cycle, Every, cycle_at


class Calendar:
    """The cycles of a time zone; each is worked out once, when the first instant in it is asked for."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self._last: dict[Every, Cycle] = {}

    def cycle(self, every: Every, at_ms: int) -> Cycle:
        """The cycle that an instant falls in."""
        last = self._last.get(every)
        if last is None or not last.holds(at_ms):
            last = self._last[every] = cycle_at(every, at_ms, self.zone)
        return last


class Now(NamedTuple):
    """An instant, in milliseconds since the epoch, and the calendar it is read by."""

    at_ms: int
    calendar: Calendar

    def cycle(self, account: Account, latest: Cycle | None = None) -> Cycle:
        """The account's cycle that it falls in; `latest` is the one that was opened last."""
        if account.anchor is None:
            return self.calendar.cycle(account.every, self.at_ms)
        return account.cycle(self.at_ms, self.calendar.zone, latest)
