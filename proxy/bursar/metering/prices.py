"""PriceBook: what a model costs at an upstream at an instant, and what a usage costs: the user's prices, then ours."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from bursar.domain.exchange import Price
from bursar.domain.money import FACTOR_ONE, TOKENS_PER_PRICE, charge
from bursar.domain.usage import Usage
from bursar.metering.listings import Listing, find
from bursar.metering.price_table import Model, ShippedPrices
from bursar.tokens.memo import Memo

CONFIGURATION = "configuration"
"""The source of a price that the user states without naming another."""
FREE_UPSTREAM = "free upstream"
"""The source of the price 0 at an upstream that the user says is free."""

LISTED = "list of"
"""The source of a price that the upstream itself lists; the upstream's name follows."""


@dataclass(frozen=True, slots=True)
class UpstreamPricing:
    """What of an upstream decides on its prices. Factors are in millionths.

    `provider` names it in the price table; where it is empty, `base_url` may tell. `factors` are for
    models by glob, the first that fits in place of `factor`. `free`: nothing there costs anything.
    """

    provider: str = ""
    base_url: str = ""
    free: bool = False
    factor: int = FACTOR_ONE
    factors: tuple[tuple[str, int], ...] = ()

    def factor_for(self, model: str) -> int:
        """The factor on the prices of a model there."""
        return next((factor for glob, factor in self.factors if fnmatchcase(model, glob)), self.factor)


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What a model costs in another case: for prompts above so many tokens, or by a service tier."""

    price: Price
    prompt_above: int = 0
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """One price of a model: at a configured `upstream`, or, where that is empty, on a `provider`'s list."""

    upstream: str
    provider: str
    model: str
    price: Price
    otherwise: tuple[Otherwise, ...] = ()


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where prices come from: a name, a date (empty for the user's own), and how many models have one there."""

    name: str
    date: str
    models: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What the book knows of a model at an upstream: a `price` that stays, or a listed `model` whose price depends."""

    price: Price | None = None
    model: Model | None = None
    source: str = ""
    factor: int = FACTOR_ONE


@dataclass(frozen=True)
class PriceBook:
    """The prices of one configuration. May be shared between threads.

    `own` are the user's, by `upstream/model` or `model`; `*` and `?` may stand for other characters,
    an exact name wins. `upstreams` are all that are configured, by name. `shipped` outlives the book.
    `listed` says what an upstream's own list of models says of one, as it is now.
    """

    own: Mapping[str, Price] = field(default_factory=dict)
    upstreams: Mapping[str, UpstreamPricing] = field(default_factory=dict)
    shipped: ShippedPrices = field(default_factory=ShippedPrices)
    listed: Callable[[str, str], Price | None] = lambda upstream, model: None
    _memo: Memo[_Known] = field(default_factory=lambda: Memo(2_000), repr=False, compare=False)

    def price(
        self, upstream: str, model: str, at_ms: int, prompt_tokens: int = 0, service_tier: str = ""
    ) -> Price | None:
        """What a model costs there at an instant, for a prompt of that length; None where nobody knows.

        The user's own price counts first, then the table's: by the upstream's provider, by the vendor
        in the model's name, by what the name looks like, as OpenRouter lists it, and last what the
        upstream's own list says. The upstream's factor is on all of them. Nothing is free unless the
        user, the list of the very upstream's provider or that of the upstream says so.
        """
        known = self._known(upstream, model)
        if known.price is None and known.model is None:
            return self._listed_price(upstream, model)
        if known.model is None or (known.price is not None and not service_tier):
            return known.price
        rates = known.model.rates(at_ms, prompt_tokens, service_tier)
        if rates is None:
            return None
        source = f"{known.source}, {service_tier}" if known.model.has_tier(service_tier, at_ms) else known.source
        return _price(rates, known.factor, source)

    def fixed(self, upstream: str, model: str) -> Price | None:
        """The price of a model there that neither instant nor length of a prompt changes; None where one may."""
        return self._known(upstream, model).price

    def cost(self, price: Price, usage: Usage) -> int:
        """What a usage costs at a price, in nano-dollars, rounded up once."""
        prompt, completion, requests = usage.prompt_tokens, usage.completion_tokens, usage.requests
        if not usage.is_whole or prompt < 0 or completion < 0 or requests < 0:
            return charge(_lines(price, usage), price.factor)
        request = price.request * TOKENS_PER_PRICE
        return charge(((prompt, price.input), (completion, price.output), (requests, request)), price.factor)

    def window(self, upstream: str, model: str) -> int | None:
        """The context window of a model in tokens, where the table knows it."""
        found = self._known(upstream, model).model
        if found is None and not self.upstreams.get(upstream, UpstreamPricing()).free:
            # The user may state a price; what the table says of the window counts all the same.
            listing = self._listing(upstream, model)
            found = listing.model if listing is not None else None
        return found.window if found is not None else None

    def describe(self, model: str, at_ms: int) -> tuple[Quote, ...]:
        """The prices of a model: at every configured upstream that has one, then on every list it is on."""
        quotes = [quote for upstream in self.upstreams if (quote := self.quote(upstream, model, at_ms)) is not None]
        table = self.shipped.table
        for provider, listed in table.listings(model.lower()):
            rates = listed.rates(at_ms, 0)
            if rates is not None:
                known = _Known(None, listed, f"{table.version} {provider.id}/{listed.id}")
                price = _price(rates, FACTOR_ONE, known.source)
                quotes.append(Quote("", provider.id, listed.id, price, tuple(_otherwise(known, at_ms))))
        return tuple(quotes)

    def quote(self, upstream: str, model: str, at_ms: int) -> Quote | None:
        """What a model costs at a configured upstream, in all cases; None where nobody knows."""
        price = self.price(upstream, model, at_ms)
        if price is None:
            return None
        provider = self.upstreams.get(upstream, UpstreamPricing()).provider
        return Quote(upstream, provider, model, price, tuple(_otherwise(self._known(upstream, model), at_ms)))

    def sources(self) -> tuple[PriceSource, ...]:
        """Where prices come from, the one that counts first first."""
        table = self.shipped.table
        listed = sum(len(provider.models) for provider in table.providers)
        return PriceSource(CONFIGURATION, "", len(self.own)), PriceSource(table.source, table.date, listed)

    def _known(self, upstream: str, model: str) -> _Known:
        known = self._memo.get((upstream, model))
        if known is None:
            known = self._look_up(upstream, model)
            self._memo.put((upstream, model), known)
        return known

    def _look_up(self, upstream: str, model: str) -> _Known:
        pricing = self.upstreams.get(upstream, UpstreamPricing())
        factor, own = pricing.factor_for(model), self._own(upstream, model)
        if own is not None:
            name, price = own
            # What the user states of a model at this very upstream is what it costs there.
            ours = FACTOR_ONE if name.startswith(f"{upstream}/") else factor
            return _Known(replace(price, factor=ours, source=price.source or CONFIGURATION))
        if pricing.free:
            return _Known(Price(0, 0, source=FREE_UPSTREAM))
        listing = self._listing(upstream, model)
        if listing is None:
            return _Known()
        source = f"{self.shipped.table.version} {listing.provider.id}/{listing.model.id}"
        lasting = listing.model.lasting
        return _Known(_price(lasting, factor, source) if lasting else None, listing.model, source, factor)

    def _listed_price(self, upstream: str, model: str) -> Price | None:
        """What the upstream lists; asked each time, since lists change while a book stays."""
        price = self.listed(upstream, model)
        if price is None:
            return None
        factor = self.upstreams.get(upstream, UpstreamPricing()).factor_for(model)
        return replace(price, factor=factor, source=f"{LISTED} {upstream}")

    def _listing(self, upstream: str, model: str) -> Listing | None:
        pricing, table = self.upstreams.get(upstream, UpstreamPricing()), self.shipped.table
        return find(table, model, table.provider_of(pricing.provider, pricing.base_url))

    def _own(self, upstream: str, model: str) -> tuple[str, Price] | None:
        """The user's own price, with the name or glob under which it is stated."""
        names = f"{upstream}/{model}", model
        globs = [name for name in self.own if "*" in name or "?" in name]
        fitting = [name for name in names if name in self.own]
        fitting += [glob for name in names for glob in globs if fnmatchcase(name, glob)]
        return (fitting[0], self.own[fitting[0]]) if fitting else None


def _otherwise(known: _Known, at_ms: int) -> Iterator[Otherwise]:
    """What a model costs beside its usual price, where the table says so."""
    if known.model is None:
        return
    cases = [(above, "") for above in known.model.steps(at_ms)] + [(0, tier) for tier in known.model.tiers(at_ms)]
    for above, tier in cases:
        rates = known.model.rates(at_ms, above + 1 if above else 0, tier)
        if rates is not None:
            yield Otherwise(_price(rates, known.factor, known.source), above, tier)


def _price(rates: Mapping[str, int], factor: int, source: str) -> Price:
    return Price(**{"input": 0, "output": 0, **rates}, factor=factor, source=source)


def _lines(price: Price, usage: Usage) -> Iterator[tuple[int, int]]:
    """(tokens, nano-dollars per million of them) for a usage; every token is in one line.

    Parts are charged before their wholes. Sound and images come before the cache: which of the cached
    tokens were sound is not known, and sound from the cache is taken for new rather than for text.
    """
    written = max(0, min(usage.cache_write_tokens, usage.prompt_tokens))
    kept_long = min(usage.cache_write_1h_tokens, written)
    yield from _shared_out(
        usage.prompt_tokens,
        price.input,
        (usage.audio_prompt_tokens, price.audio_input),
        (usage.image_prompt_tokens, price.image_input),
        (kept_long, price.cache_write if price.cache_write_1h is None else price.cache_write_1h),
        (written - kept_long, price.cache_write),
        (usage.cached_tokens, price.cached_input),
    )
    yield from _shared_out(
        usage.completion_tokens,
        price.output,
        (usage.audio_completion_tokens, price.audio_output),
        (usage.image_completion_tokens, price.image_output),
        (usage.reasoning_tokens, price.reasoning),
    )
    yield max(0, usage.requests), price.request * TOKENS_PER_PRICE


def _shared_out(whole: int, price: int, *parts: tuple[int, int | None]) -> Iterator[tuple[int, int]]:
    """Each part that has a price of its own at that price, the rest of the whole at the whole's."""
    left = max(0, whole)
    for tokens, own in parts:
        if own is not None:
            share = max(0, min(tokens, left))
            left -= share
            yield share, own
    yield left, price
