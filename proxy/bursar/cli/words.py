"""Amounts, times and durations as the commands print them."""

from datetime import datetime

from bursar.domain.account import Unit
from bursar.domain.money import plain_millionths, usd

_STEPS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def amount_of(number: int, unit: Unit) -> str:
    """An amount of an account, with its unit."""
    if unit is Unit.NANO_DOLLARS:
        return usd(number)
    if unit is Unit.MICRO_REQUESTS:
        text = plain_millionths(number)
        return f"{text} request" if text == "1" else f"{text} requests"
    words = unit.value.replace("_", " ")
    return f"{number:,} {words.removesuffix('s') if number == 1 else words}"


def duration(milliseconds: int) -> str:
    """How long something took or will take, in its two largest units: `6 h 12 min`, `340 ms`."""
    if abs(milliseconds) < 1_000:
        return f"{milliseconds} ms"
    parts: list[tuple[int, str]] = []
    rest = abs(milliseconds)
    for size, name in _STEPS:
        whole, rest = divmod(rest, size)
        if parts or whole:
            parts.append((whole, name))
    text = " ".join(f"{whole} {name}" for whole, name in parts[:2] if whole)
    return f"-{text}" if milliseconds < 0 else text


def instant(milliseconds: int) -> str:
    """A moment in this machine's own time: `2026-11-21 14:03`."""
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
