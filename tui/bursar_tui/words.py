"""Words: money, tokens, durations and instants as people read them."""

from datetime import datetime, tzinfo
from typing import assert_never

from bursar.domain.account import Unit
from bursar.domain.money import NANO_PER_USD, plain_millionths

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

_CENT = NANO_PER_USD // 100
_HUNDREDTH_CENT = NANO_PER_USD // 10_000


def money(nano: int) -> str:
    """Nano-dollars for reading: cents from a dollar on (`$3.12`), hundredths of a cent below (`$0.0210`)."""
    if nano == 0:
        return "$0.00"
    return _dollars(nano, _HUNDREDTH_CENT if abs(nano) < NANO_PER_USD else _CENT)


def balance(nano: int) -> str:
    """Nano-dollars of an account, in cents: `$0.73`; hundredths of a cent where there is less than one."""
    return money(nano) if 0 < nano < _CENT else _dollars(nano, _CENT)


def rest(available: int, granted: int, unit: Unit) -> str:
    """What is left of an account, never more than there is; of less than a dollar in hundredths of a cent."""
    available = max(0, available)
    if unit is Unit.NANO_DOLLARS and not available:
        return "$0.00"
    if unit is not Unit.NANO_DOLLARS:
        return bare(available, unit)
    step = _CENT if granted >= NANO_PER_USD else _HUNDREDTH_CENT
    return _dollars(available if available < step else available // step * step, step)


def part(count: int, granted: int, unit: Unit) -> str:
    """What of an account is held or settled, in as many digits as what is left of it: parts add up to what is seen."""
    if unit is not Unit.NANO_DOLLARS or granted >= NANO_PER_USD:
        return bare(count, unit)
    return money(count)


def cost(nano: int) -> str:
    """Nano-dollars for a column of costs, whose points must stand below each other: `$0.0210`, `$1.2400`."""
    return _dollars(nano, _HUNDREDTH_CENT if abs(nano) < 100 * NANO_PER_USD else _CENT)


def _dollars(nano: int, step: int) -> str:
    """Rounded to the nearest `step`, which is a power of ten; what would round to nothing is said to be less."""
    if 0 < nano < step:
        return f"<{_dollars(step, step)}"
    rounded = (abs(nano) + step // 2) // step * step
    whole, rest = divmod(rounded, NANO_PER_USD)
    decimals = f"{rest:09d}"[: 10 - len(str(step))]
    return f"{'-' if nano < 0 else ''}${whole:,}.{decimals}"


def tokens(count: int) -> str:
    """A number of tokens in at most six columns: `812`, `9,999`, `18.0k`, `1.24M`."""
    if abs(count) < 10_000:
        return f"{count:,}"
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if abs(count) >= size:
            whole, rest = divmod(abs(count), size)
            digits = f"{whole}.{rest * 100 // size:02d}"[:4].rstrip(".") if whole < 1_000 else f"{whole:,}"
            return f"{'-' if count < 0 else ''}{digits}{letter}"
    return f"{count:,}"


def amount(count: int, unit: Unit) -> str:
    """An amount of an account, with its unit: `$0.73`, `1.24M tokens`, `312 requests`."""
    match unit:
        case Unit.NANO_DOLLARS:
            return balance(count)
        case Unit.TOKENS:
            return f"{tokens(count)} tokens"
        case Unit.WEIGHTED_TOKENS:
            return f"{tokens(count)} weighted tokens"
        case Unit.REQUESTS:
            return counted(count, "request")
        case Unit.MICRO_REQUESTS:
            return f"{plain_millionths(count)} requests"
        case _:
            assert_never(unit)


def bare(count: int, unit: Unit) -> str:
    """An amount without the name of its unit: `$0.73`, `1.24M`, `312`."""
    if unit is Unit.MICRO_REQUESTS:
        return plain_millionths(count)
    return balance(count) if unit is Unit.NANO_DOLLARS else tokens(count)


def duration(ms: int) -> str:
    """A stretch of time in its two largest units: `0.4 s`, `12 s`, `3 min 4 s`, `6 h 12 min`, `4 d 3 h`."""
    ms = max(0, ms)
    if ms < 10 * SECOND_MS:
        return f"{ms // SECOND_MS}.{ms % SECOND_MS // 100} s"
    for larger, name, smaller, part in (
        (DAY_MS, "d", HOUR_MS, "h"),
        (HOUR_MS, "h", MINUTE_MS, "min"),
        (MINUTE_MS, "min", SECOND_MS, "s"),
    ):
        if ms >= larger:
            rest = ms % larger // smaller
            return f"{ms // larger} {name} {rest} {part}" if rest else f"{ms // larger} {name}"
    return f"{ms // SECOND_MS} s"


def age(ms: int) -> str:
    """A duration that moves while it is watched, in whole seconds below a minute: `0 s`, `12 s`, `3 min 4 s`."""
    return f"{max(0, ms) // SECOND_MS} s" if ms < 10 * SECOND_MS else duration(ms)


def stopwatch(ms: int) -> str:
    """A duration for a narrow column: `12 s`, `3:04`, `1:02:05`."""
    seconds = max(0, ms) // SECOND_MS
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds // 3_600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def took(ms: int) -> str:
    """How long something took, for the same column: `412 ms`, `12.3 s`, `3:04`."""
    if ms < SECOND_MS:
        return f"{ms} ms"
    return f"{ms // SECOND_MS}.{ms % SECOND_MS // 100} s" if ms < MINUTE_MS else stopwatch(ms)


def span(ms: int) -> str:
    """A stretch of time that need not be exact: `<1 min`, `42 min`, `2 h 31 min`, `9 h`, `4 d`."""
    if ms < MINUTE_MS:
        return "<1 min"
    if ms < 3 * HOUR_MS:
        return duration(ms // MINUTE_MS * MINUTE_MS)
    return f"{ms // HOUR_MS} h" if ms < 2 * DAY_MS else f"{ms // DAY_MS} d"


def milliseconds(ms: int | None) -> str:
    """A latency: `312 ms`, `1.8 s`, or nothing where it is not known."""
    if ms is None:
        return ""
    return f"{ms} ms" if ms < SECOND_MS else duration(ms)


def instant(ms: int, now_ms: int, zone: tzinfo) -> str:
    """An instant as near as it needs to be named: `14:03:12` today, else `Tue 14:03` or `21 Nov 14:03`."""
    then, now = (datetime.fromtimestamp(each / SECOND_MS, zone) for each in (ms, now_ms))
    if then.date() == now.date():
        return f"{then:%H:%M:%S}"
    if abs(ms - now_ms) < 6 * DAY_MS:
        return f"{then:%a %H:%M}"
    return f"{then.day} {then:%b %H:%M}"


def about(ms: int, now_ms: int, zone: tzinfo) -> str:
    """An instant to come, to the minute: `15:42` within a day, else `Tue 15:42` or `3 Dec`."""
    then = datetime.fromtimestamp(ms / SECOND_MS, zone)
    if ms - now_ms < DAY_MS:
        return f"{then:%H:%M}"
    return f"{then:%a %H:%M}" if ms - now_ms < 6 * DAY_MS else f"{then.day} {then:%b}"


def counted(count: int, noun: str) -> str:
    """A number and its noun: `1 call`, `3 calls`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def percent(part: int, whole: int) -> int:
    """How many hundredths of `whole` a `part` is, rounded down; all of it where there is nothing to have."""
    return part * 100 // whole if whole > 0 else 100
