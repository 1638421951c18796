"""The shipped price table: which provider lists which model, at what rates, since when.

Made by `.ci/make_prices.py`, which also describes the form. Providers, models and rules of matching are those of
genai-prices; that its own calculator comes to the same costs is a test.
"""

import gzip
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from threading import Lock
from typing import Any

import msgspec

_DAY_S = 86_400
_COMPACT_DATE = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")

Rate = int | tuple[int, tuple[tuple[int, int], ...]]
Rates = dict[str, Rate]
Condition = int | tuple[int, int] | None


class Model(msgspec.Struct, array_like=True, frozen=True):
    """One model as one provider lists it. `window` is its context window in tokens."""

    id: str
    match: Any
    window: int | None
    prices: tuple[tuple[Condition, Rates | None], ...]
    variants: tuple[tuple[str, Condition, Rates], ...]

    def fits(self, name: str) -> bool:
        """Whether this is the model of that name, in small letters."""
        return name == self.id if self.match is None else _fits(self.match, name)

    def is_named(self, name: str) -> bool:
        """Whether the name is one of this model's own, and not one that merely looks like them."""
        return name == self.id or f"={name}" in (self.match if isinstance(self.match, list) else (self.match,))

    @property
    def is_free(self) -> bool:
        """Whether it is listed for nothing."""
        return any(rates is not None and not any(rates.values()) for _, rates in self.prices)

    @property
    def lasting(self) -> Mapping[str, int] | None:
        """The rates, where they depend on neither the instant nor the prompt; else None."""
        rates = self.prices[0][1] or {}
        plain = {field: rate for field, rate in rates.items() if isinstance(rate, int)}
        return plain if len(self.prices) == 1 and len(plain) == len(rates) else None

    def has_tier(self, tier: str, at_ms: int) -> bool:
        """Whether a service tier has a price of its own at an instant."""
        return any(name == tier and _holds(condition, at_ms) for name, condition, _ in self.variants)

    def tiers(self, at_ms: int) -> tuple[str, ...]:
        """The service tiers that have prices of their own at an instant."""
        return tuple(dict.fromkeys(name for name, condition, _ in self.variants if _holds(condition, at_ms)))

    def steps(self, at_ms: int) -> tuple[int, ...]:
        """The lengths of a prompt in tokens above which it costs something else, at an instant; ascending."""
        rates = self._in_force(at_ms) or {}
        return tuple(sorted({above for rate in rates.values() if not isinstance(rate, int) for above, _ in rate[1]}))

    def rates(self, at_ms: int, prompt_tokens: int, tier: str = "") -> Mapping[str, int] | None:
        """Nano-dollars per million tokens by field of Price, for a prompt of that length; None where not known.

        The last price whose condition holds counts, else the first. `tier` is the service tier asked for.
        """
        rates = self._in_force(at_ms)
        if rates is None:
            return None
        if tier:
            changed: Rates = {}
            for name, condition, instead in self.variants:
                if name == tier and _holds(condition, at_ms):
                    changed = {**instead, **changed}
            rates = {**rates, **changed}
        return {field: _rate(rate, prompt_tokens) for field, rate in rates.items()}

    def _in_force(self, at_ms: int) -> Rates | None:
        held = (rates for condition, rates in reversed(self.prices) if _holds(condition, at_ms))
        return next(held, self.prices[0][1])


class Provider(msgspec.Struct, array_like=True, frozen=True):
    """One provider: how its address and name look, how its models' names do, and the models it lists."""

    id: str
    address: str
    match: Any
    models_match: Any
    also: tuple[str, ...]
    models: tuple[Model, ...]

    def find(self, name: str) -> Model | None:
        """The first of its own models that fits a name."""
        return next((model for model in self.models if model.fits(name)), None)


class PriceTable(msgspec.Struct, frozen=True):
    """All providers, in the order in which they are asked. `date` is that of the table's making."""

    source: str
    date: str
    providers: tuple[Provider, ...]

    @property
    def version(self) -> str:
        """What a price from here names as its source."""
        return f"{self.source} {self.date}"

    def named(self, name: str) -> Provider | None:
        """The provider of an id or of a name like it, such as `xai`."""
        name = name.lower().strip()
        exact = (provider for provider in self.providers if provider.id == name)
        alike = (each for each in self.providers if each.match is not None and _fits(each.match, name))
        return next(exact, None) or next(alike, None)

    def provider_of(self, name: str, url: str) -> Provider | None:
        """The provider of that name; without a name, the one whose service has this address."""
        if name:
            return self.named(name)
        return next((each for each in self.providers if re.match(each.address, url)), None) if url else None

    def maker_of(self, name: str) -> Provider | None:
        """The provider whose models have names like this."""
        return next((each for each in self.providers if each.models_match and _fits(each.models_match, name)), None)

    def offered(self, provider: Provider, name: str) -> Model | None:
        """The model that a provider lists or offers under a name in small letters, its date with dashes or without."""
        others = (self.named(other) for other in provider.also)
        asked = [provider, *(other for other in others if other is not None)]
        names = dict.fromkeys((name, _COMPACT_DATE.sub(r"-\1-\2-\3", name)))
        found = (each.find(written) for written in names for each in asked)
        return next((model for model in found if model is not None), None)

    def listings(self, name: str) -> Iterator[tuple[Provider, Model]]:
        """Every provider that lists a model of exactly this name, in small letters."""
        for provider in self.providers:
            found = next((model for model in provider.models if model.is_named(name)), None)
            if found is not None:
                yield provider, found


class ShippedPrices:
    """The table that comes with the package, read when it is first asked for. May be shared between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._table: PriceTable | None = None

    @property
    def table(self) -> PriceTable:
        """The table; the first time takes about 10 ms."""
        with self._lock:
            if self._table is None:
                content = gzip.decompress((files("bursar.metering") / "data" / "prices.json.gz").read_bytes())
                self._table = msgspec.json.decode(content, type=PriceTable)
            return self._table


def _holds(condition: Condition, at_ms: int) -> bool:
    if condition is None:
        return True
    seconds = at_ms // 1000
    if isinstance(condition, int):
        return seconds // _DAY_S >= condition
    start, end = condition
    of_day = seconds % _DAY_S
    return start <= of_day < end if start <= end else of_day >= start or of_day < end


def _rate(rate: Rate, prompt_tokens: int) -> int:
    """The rate that applies to all tokens of a request with so long a prompt."""
    if isinstance(rate, int):
        return rate
    base, tiers = rate
    return next((price for above, price in reversed(tiers) if prompt_tokens > above), base)


def _fits(match: Any, name: str) -> bool:
    if isinstance(match, list):
        return (any if match[0] == "|" else all)(_fits(each, name) for each in match[1:])
    sign, text = match[0], match[1:]
    if sign == "=":
        return bool(name == text)
    if sign == "^":
        return name.startswith(text)
    if sign == "$":
        return name.endswith(text)
    return bool(text in name if sign == "~" else re.search(text, name))
