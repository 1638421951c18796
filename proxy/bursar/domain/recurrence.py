"""Recurrence: cycles counted from an anchor (the 31st, a day of purchase) or from first use, in the user's zone."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from bursar.domain.cycle import HOUR_MS, Cycle, Every, midnight_ms

_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Anchor:
    """From where cycles are counted: `count` steps at a time from a local `date` (ISO), or from first use if empty."""

    count: int = 1
    date: str = ""

    @property
    def is_first_use(self) -> bool:
        """Whether a cycle begins with the first hold after the one before has ended."""
        return not self.date


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How often an account starts afresh; without an anchor with its hour, day, week or month."""

    every: Every
    anchor: Anchor | None = None

    def __str__(self) -> str:
        return recurrence_text(self)


def cycle_from(every: Every, anchor: Anchor, now_ms: int, zone: tzinfo, latest: Cycle | None = None) -> Cycle:
    """The cycle of `count` steps of `every` that `now_ms` falls in; `latest` is the one opened last.

    Days, weeks and months begin at midnight in `zone`. A month without the anchor's day begins on
    its last one, and the next has the anchor's day again: cycles never drift. Hours are counted as
    they pass. A cycle from first use lasts as long whatever clocks do, but months of it end at the
    same local time.
    """
    if anchor.is_first_use:
        return _from_first_use(every, anchor.count, now_ms, zone, latest)
    first = date.fromisoformat(anchor.date)
    if every is Every.HOUR:
        base, step = midnight_ms(first, zone), anchor.count * HOUR_MS
        start = base + (now_ms - base) // step * step
        return Cycle(start, start + step)
    today = datetime.fromtimestamp(now_ms // 1000, zone).date()
    number = _number_of(every, anchor.count, first, today)
    return Cycle(*(midnight_ms(_begin(every, anchor.count, first, each), zone) for each in (number, number + 1)))


def _number_of(every: Every, count: int, first: date, today: date) -> int:
    """How many cycles lie between the anchor's and the one of today; negative before the anchor."""
    if every is Every.MONTH:
        number = ((today.year - first.year) * 12 + today.month - first.month) // count
        return number - 1 if _begin(every, count, first, number) > today else number
    return (today - first).days // (count * _DAYS[every])


def _begin(every: Every, count: int, first: date, number: int) -> date:
    if every is Every.MONTH:
        return months_later(first, number * count)
    return first + timedelta(days=number * count * _DAYS[every])


_DAYS = {Every.DAY: 1, Every.WEEK: 7}


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _from_first_use(every: Every, count: int, now_ms: int, zone: tzinfo, latest: Cycle | None) -> Cycle:
    if latest is not None:
        end_ms = _end_of(every, count, latest.start_ms, zone)
        if now_ms < end_ms:
            return Cycle(latest.start_ms, end_ms)
    return Cycle(now_ms, _end_of(every, count, now_ms, zone))


def _end_of(every: Every, count: int, start_ms: int, zone: tzinfo) -> int:
    if every is not Every.MONTH:
        return start_ms + count * HOUR_MS * (1 if every is Every.HOUR else 24 * _DAYS[every])
    start = datetime.fromtimestamp(start_ms // 1000, zone)
    day = months_later(start.date(), count)
    end = start.replace(year=day.year, month=day.month, day=day.day)
    return int(end.timestamp()) * 1000 + start_ms % 1000


_STEPS = {
    "hour": (Every.HOUR, 1),
    "day": (Every.DAY, 1),
    "week": (Every.WEEK, 1),
    "month": (Every.MONTH, 1),
    "quarter": (Every.MONTH, 3),
    "year": (Every.MONTH, 12),
}


def recurrence_of(text: str) -> Recurrence:
    """What words such as `month`, `month from 12th`, `quarter from 2026-01-31`, `30 days from 2026-05-01` and
    `5 hours from first use` mean; the anchor is None where a cycle begins with its hour, day, week or month.

    Raises ValueError for anything else.
    """
    words, _, origin = text.strip().lower().partition(" from ")
    if words == Every.TOTAL.value and not origin:
        return Recurrence(Every.TOTAL)
    number, space, step = words.rpartition(" ")
    every, size = _STEPS[_singular(step)]
    count = int(number) * size if space else size
    if not 1 <= count <= _MOST:
        raise ValueError(f"{count} is not from 1 to {_MOST}")
    if not origin:
        if space or size > 1:
            raise ValueError("a cycle of several needs a day to be counted from")
        return Recurrence(every)
    if origin in ("first use", "first-use"):
        return Recurrence(every, Anchor(count))
    return Recurrence(every, Anchor(count, _day_of(origin, every, count)))


def recurrence_text(recurrence: Recurrence) -> str:
    """The same in words that `recurrence_of` reads."""
    every, anchor = recurrence.every, recurrence.anchor
    if anchor is None:
        return every.value
    count, step = anchor.count, every.value
    for name, (known, size) in _STEPS.items():
        if known is every and size > 1 and anchor.count % size == 0:
            count, step = anchor.count // size, name
    words = step if count == 1 else f"{count} {step}s"
    if anchor.is_first_use:
        return f"{words} from first use"
    if every is Every.MONTH and anchor.count == 1:
        return f"{words} from {_ordinal(int(anchor.date[-2:]))}"
    return f"{words} from {anchor.date}"


def _singular(step: str) -> str:
    singular = step.removesuffix("s")
    if singular not in _STEPS:
        raise ValueError(f"{step!r} is no stretch of time")
    return singular


def _day_of(origin: str, every: Every, count: int) -> str:
    """The anchor's date: a date, or for a month also the day of it."""
    day = origin.removesuffix("st").removesuffix("nd").removesuffix("rd").removesuffix("th")
    if day.isascii() and day.isdecimal():
        if every is not Every.MONTH or count != 1 or not 1 <= int(day) <= 31:
            raise ValueError(f"{origin!r} is no day of a month")
        # Any month that has all 31 days will do: with one month at a time only the day counts.
        return f"2000-01-{int(day):02d}"
    found = date.fromisoformat(origin)
    return f"2000-01-{found.day:02d}" if every is Every.MONTH and count == 1 else found.isoformat()


def _ordinal(day: int) -> str:
    ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"
