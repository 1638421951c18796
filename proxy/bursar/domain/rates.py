"""Rates: how many requests or tokens may be used in each window of time, and how long until there is room."""

import re
from dataclasses import dataclass
from enum import StrEnum

SECOND_MS = 1_000
_WINDOWS = {"s": SECOND_MS, "min": 60_000, "hour": 3_600_000, "day": 86_400_000}
_SAME = {"sec": "s", "second": "s", "m": "min", "minute": "min", "h": "hour", "d": "day"}
_WORDS = {"s": "second", "min": "minute"}
_SCALES = {"": 1, "k": 1_000, "m": 1_000_000}
_LONGEST_MS = 31 * _WINDOWS["day"]
_MOST = 10**12
_RATE = re.compile(
    r"(?P<number>\d{1,13})(?P<scale>[km]?)(?P<unit>tok|tokens?|req|requests?)?/(?P<times>\d{0,4})(?P<window>[a-z]+)",
    re.ASCII,
)


class RateUnit(StrEnum):
    """What a rate counts."""

    REQUESTS = "requests"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests or tokens in each window of time."""

    limit: int
    window_ms: int
    unit: RateUnit = RateUnit.REQUESTS

    def __str__(self) -> str:
        """As people type it: `60/min`, `100000tok/min`, `10/5s`."""
        return f"{self.limit}{'tok' if self.unit is RateUnit.TOKENS else ''}/{''.join(self._window())}"

    @property
    def words(self) -> str:
        """As people read it: `60 requests per minute`, `1 request per 5 seconds`."""
        times, name = self._window()
        unit = self.unit.value[:-1] if self.limit == 1 else self.unit.value
        window = _WORDS.get(name, name)
        return f"{self.limit:,} {unit} per {f'{times} {window}s' if times else window}"

    def _window(self) -> tuple[str, str]:
        """How many of which: the largest that divides it; one is not said."""
        name, size = next((name, size) for name, size in reversed(_WINDOWS.items()) if self.window_ms % size == 0)
        times = self.window_ms // size
        return ("" if times == 1 else str(times)), name


def rate_of(text: str) -> Rate:
    """The rate that a person typed: `60/min`, `10/s`, `1000/hour`, `100ktok/min`. Raises ValueError with a sentence."""
    match = _RATE.fullmatch(text.replace("_", "").replace(" ", "").lower())
    if match is None:
        raise ValueError(f"{ascii(text)} is no rate; one is written like 60/min, 10/s, 1000/hour or 100000tok/min")
    name = match["window"].removesuffix("s") or "s"
    size = _WINDOWS.get(_SAME.get(name, name))
    if size is None:
        raise ValueError(f"{ascii(text)}: what follows / must be one of s, min, hour, day")
    limit, window_ms = int(match["number"]) * _SCALES[match["scale"]], int(match["times"] or 1) * size
    if not 1 <= limit <= _MOST or not 1 <= window_ms <= _LONGEST_MS:
        raise ValueError(f"{ascii(text)}: a rate is at least 1, and its window at most 31 days")
    tokens = (match["unit"] or "").startswith("tok")
    return Rate(limit, window_ms, RateUnit.TOKENS if tokens else RateUnit.REQUESTS)


class Window:
    """What was used of a rate since its window opened, which it does with the first use.

    Windows follow each other and never overlap. A clock set back makes the open one last longer, by
    less than a window, and gives nothing back.
    """

    __slots__ = ("_rate", "_start_ms", "_used")

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._start_ms = 0
        self._used = 0

    @property
    def rate(self) -> Rate:
        """What it is a window of."""
        return self._rate

    def wait_ms(self, amount: int, now_ms: int) -> int:
        """How long until so much more may be used; 0 where it may at once.

        More than the whole limit may never be used: that is for the caller to know.
        """
        self._turn(now_ms)
        return 0 if self._used + amount <= self._rate.limit else self._start_ms + self._rate.window_ms - now_ms

    def use(self, amount: int, now_ms: int) -> None:
        """So much was used, whether there was room for it or not."""
        self._turn(now_ms)
        if not self._used:
            self._start_ms = now_ms
        self._used += amount

    def left(self, now_ms: int) -> int:
        """How much may still be used before it ends; never negative."""
        self._turn(now_ms)
        return max(0, self._rate.limit - self._used)

    def ends_ms(self, now_ms: int) -> int:
        """When it ends; where none is open, when one that opened now would."""
        self._turn(now_ms)
        return (self._start_ms if self._used else now_ms) + self._rate.window_ms

    def _turn(self, now_ms: int) -> None:
        if now_ms < self._start_ms:
            self._start_ms = now_ms
        elif now_ms >= self._start_ms + self._rate.window_ms:
            self._used = 0
