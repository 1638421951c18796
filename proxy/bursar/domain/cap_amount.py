"""Amounts as people type them for caps: `5usd/day`, `$2.50/month`, `100000tokens/hour`, `500requests/week`."""

import re
from dataclasses import dataclass

from bursar.domain.cycle import Every
from bursar.domain.money import nano_of_usd, usd

_AMOUNT = re.compile(
    r"(?P<dollar>\$)?(?P<number>\d[\d_.,]*)(?P<scale>[kKmM])?\s*(?P<unit>usd|dollars?|tokens?|requests?)?(/(?P<every>\w+))?",
    re.IGNORECASE,
)
_SCALES = {"k": 1_000, "m": 1_000_000}
_ALLOWED = "an amount is written like 5usd/day, 100ktokens/hour or 500requests/month"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of what, and how often it starts afresh; `usd` is the text that the configuration takes."""

    every: Every
    usd: str | None = None
    tokens: int | None = None
    requests: int | None = None

    def __str__(self) -> str:
        """As it is typed."""
        number = f"{self.usd}usd" if self.usd is not None else None
        number = number or (f"{self.tokens}tokens" if self.tokens is not None else f"{self.requests}requests")
        return f"{number}/{self.every}"


def cap_amount(text: str) -> Amount:
    """The amount that a person typed. Raises ValueError with a sentence."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or "," in match["number"]:
        raise ValueError(f"{ascii(text)}: {_ALLOWED}")
    unit = "usd" if match["dollar"] else (match["unit"] or "").lower()
    try:
        every = Every((match["every"] or "total").lower())
    except ValueError:
        words = ", ".join(each.value for each in Every)
        raise ValueError(f"{ascii(text)}: what follows / must be one of {words}") from None
    if not unit:
        raise ValueError(f"{ascii(text)}: {_ALLOWED}; the unit is missing")
    if unit.startswith(("usd", "dollar")):
        return Amount(every, usd=_dollars(match["number"], match["scale"], text))
    count = _count(match["number"], match["scale"], text)
    return Amount(every, tokens=count) if unit.startswith("token") else Amount(every, requests=count)


def _dollars(number: str, scale: str | None, text: str) -> str:
    if scale:
        raise ValueError(f"{ascii(text)}: write dollars out")
    try:
        return usd(nano_of_usd(number)).replace("$", "").replace(",", "")
    except ValueError as error:
        raise ValueError(f"{ascii(text)}: {error}") from None


def _count(number: str, scale: str | None, text: str) -> int:
    if "." in number:
        raise ValueError(f"{ascii(text)}: tokens and requests are whole numbers")
    return int(number) * _SCALES[scale.lower()] if scale else int(number)
