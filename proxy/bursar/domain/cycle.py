"""Cycle: which stretch of time an account's grant is for, and when it starts afresh."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

HOUR_MS = 3_600_000


class Every(StrEnum):
    """How often an account starts afresh, in the words of the configuration."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


@dataclass(frozen=True, slots=True, order=True)
class Cycle:
    """A half-open stretch of time in milliseconds since the epoch; `end_ms` is None where it never ends."""

    start_ms: int
    end_ms: int | None

    def holds(self, now_ms: int) -> bool:
        """Whether `now_ms` lies in it."""
        return self.start_ms <= now_ms and (self.end_ms is None or now_ms < self.end_ms)


FOREVER = Cycle(0, None)


_LABELS = {Every.HOUR: "%Y-%m-%d %H:00", Every.DAY: "%Y-%m-%d", Every.WEEK: "%G-W%V", Every.MONTH: "%Y-%m"}


def label_of(every: Every, start_ms: int, zone: tzinfo) -> str:
    """How a cycle is named, by the local time of its start: `2026-11-21`, `2026-11`; a week as in ISO 8601."""
    return "ever" if every is Every.TOTAL else datetime.fromtimestamp(start_ms // 1000, zone).strftime(_LABELS[every])


def cycle_at(every: Every, now_ms: int, zone: tzinfo) -> Cycle:
    """The cycle that `now_ms` falls in: days, weeks (from Monday) and months begin at midnight in `zone`.

    A midnight that a change to summer time skips is the instant of the change; one that happens
    twice is the first of the two.
    """
    match every:
        case Every.TOTAL:
            return FOREVER
        case Every.HOUR:
            start = now_ms - now_ms % HOUR_MS
            return Cycle(start, start + HOUR_MS)
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    match every:
        case Every.DAY:
            first, following = today, today + timedelta(days=1)
        case Every.WEEK:
            first = today - timedelta(days=today.weekday())
            following = first + timedelta(days=7)
        case _:
            first = today.replace(day=1)
            following = (first + timedelta(days=32)).replace(day=1)
    return Cycle(midnight_ms(first, zone), midnight_ms(following, zone))


def later_of(latest: Cycle | None, now: Cycle) -> Cycle:
    """`now`, unless a later cycle has been opened already: a clock set back never opens a cycle again."""
    return latest if latest is not None and latest.start_ms > now.start_ms else now


def midnight_ms(day: date, zone: tzinfo) -> int:
    """The instant at which a day begins in `zone`, in milliseconds since the epoch."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).timestamp()) * 1000
