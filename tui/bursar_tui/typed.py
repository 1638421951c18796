"""Typed: amounts, times and lists as people type them into a dialog, read into what a command takes."""

import re

from bursar.domain.account import Unit
from bursar.domain.key_limits import network_of
from bursar.domain.money import FACTOR_ONE, factor_of, nano_of_usd, plain_millionths, plain_usd
from bursar.domain.rates import rate_of
from bursar_tui.words import DAY_MS, HOUR_MS, MINUTE_MS

_SPANS = {"min": MINUTE_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
_SPAN = re.compile(r"(\d{1,6})\s*(min|m|h|d|w)", re.ASCII)
_COUNT = re.compile(r"(\d[\d_,]*)\s*([kKmM]?)\s*(?:tokens?|requests?)?", re.ASCII)
_CENT = 10_000_000
_SCALES = {"": 1, "k": 1_000, "m": 1_000_000}


def span_ms(text: str) -> int:
    """A stretch of time in milliseconds: `90min`, `1h`, `2d`. Raises ValueError with a sentence."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None or not int(match[1]):
        raise ValueError("a time is written like 90min, 1h or 2d")
    return int(match[1]) * _SPANS[match[2]]


def dollars(text: str) -> int:
    """Dollars as nano-dollars: `20`, `$12.50`, `2usd`. Raises ValueError with a sentence."""
    return nano_of_usd(text.strip().lower().removesuffix("usd").strip())


def amount(text: str, unit: Unit) -> int:
    """An amount in the unit of an account: `2.50` of dollars, `50k` of tokens. Raises ValueError with a sentence."""
    if unit is Unit.NANO_DOLLARS:
        return dollars(text)
    if unit is Unit.MICRO_REQUESTS:
        return factor_of(text.strip().lower().removesuffix("s").removesuffix("request").strip())
    return count(text)


def count(text: str) -> int:
    """A whole number above 0: `500`, `50k`, `1M`. Raises ValueError with a sentence."""
    match = _COUNT.fullmatch(text.strip())
    number = int(re.sub("[_,]", "", match[1])) * _SCALES[match[2].lower()] if match is not None else 0
    if not number:
        raise ValueError("a whole number above 0, such as 500 or 50k")
    return number


def words_of(text: str) -> tuple[str, ...]:
    """Words between commas or blanks."""
    return tuple(text.replace(",", " ").split())


def rates(text: str) -> tuple[str, ...]:
    """Rates: `60/min, 100000tok/min`. Raises ValueError with a sentence."""
    return tuple(str(rate_of(each)) for each in words_of(text))


def networks(text: str) -> tuple[str, ...]:
    """Addresses and networks: `10.0.0.0/8`. Raises ValueError with a sentence."""
    return tuple(network_of(each) for each in words_of(text))


def as_option(number: int, unit: Unit) -> str:
    """An amount as the commands take it: `2usd`, `50000tokens`, `100requests`."""
    match unit:
        case Unit.NANO_DOLLARS:
            return f"{plain_usd(number).removesuffix('.0')}usd"
        case Unit.MICRO_REQUESTS:
            return f"{plain_millionths(number)}requests"
        case Unit.REQUESTS:
            return f"{number}requests"
        case _:
            return f"{number}tokens"


def span_option(ms: int) -> str:
    """A stretch of time as the commands take it: `1h`, `90min`, `2d`."""
    for size, name in ((DAY_MS, "d"), (HOUR_MS, "h")):
        if ms and ms % size == 0:
            return f"{ms // size}{name}"
    return f"{ms // MINUTE_MS}min"


def presets(limit: int, unit: Unit) -> tuple[int, ...]:
    """Up to three raises that suit a cap: a fifth, a half and the whole of it, as people would say them."""
    step = {Unit.NANO_DOLLARS: _CENT, Unit.MICRO_REQUESTS: FACTOR_ONE}.get(unit, 1)
    if limit < step:
        # What refuses everything is raised by what people try things with.
        return (100 * step, 500 * step, 1_000 * step)
    return tuple(sorted({_rounded(part, step) for part in (limit // 5, limit // 2, limit)}))


def _rounded(number: int, step: int) -> int:
    """Down to its first two digits, in whole steps, and at least one step."""
    size = max(step, int("1" + "0" * max(0, len(str(number)) - 2)))
    return max(step, number // size * size)
