"""Which listing of the price table a model's name means at an upstream: relays and vendors decorate names freely."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bursar.metering.price_table import Model, PriceTable, Provider

_LAST_RESORT = "openrouter"
_DECORATION = re.compile(r":(web|online|free|nitro|floor|exacto|beta|extended|thinking)$")
_DATED = re.compile(r"[-@](20\d{6}|20\d\d-\d\d-\d\d)$")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")


@dataclass(frozen=True, slots=True)
class Listing:
    """A model on a provider's list; `exact` where it is listed under that very name."""

    provider: Provider
    model: Model
    exact: bool


def find(table: PriceTable, model: str, there: Provider | None) -> Listing | None:
    """The listing that a name means at an upstream of the provider `there`, None where none can be told.

    What that provider lists counts first. Elsewhere, a name with a vendor, such as
    `deepseek/deepseek-chat-v3-0324`, may look like a model that its maker by now sells at another price:
    its exact name on the maker's list, then on OpenRouter's, says more than one that is like it. A name
    without a vendor is its maker's, if names tell; else that of several lists that agree. What another
    list has for nothing is not taken to be for nothing at this upstream.
    """
    name = model.lower().removeprefix("models/")
    vendor, _, bare = name.rpartition("/")
    if there is not None:
        found = _best(table, there, (*_forms(name), *_forms(bare)))
        if found is not None:
            return found
    last = _best(table, table.named(_LAST_RESORT), _forms(name))
    tried: list[Listing | None] = []
    if vendor:
        makers = _best(table, table.named(vendor.rpartition("/")[2]), _forms(bare))
        tried += [_exact(makers), _exact(last), makers]
    tried += [_best(table, table.maker_of(bare), _forms(bare)), _agreed(table, _forms(bare)), last]
    return next((found for found in tried if found is not None and not found.model.is_free), None)


def _best(table: PriceTable, provider: Provider | None, names: Iterable[str]) -> Listing | None:
    """The first exact listing of one of these names, else the first that is like one."""
    like: Listing | None = None
    if provider is None:
        return None
    for name in names:
        model = table.offered(provider, name)
        if model is not None:
            like = like or Listing(provider, model, model.is_named(name))
            if model.is_named(name):
                return Listing(provider, model, exact=True)
    return like


def _exact(found: Listing | None) -> Listing | None:
    return found if found is not None and found.exact else None


def _agreed(table: PriceTable, names: Iterable[str]) -> Listing | None:
    """The listing of exactly this name, where several have one and ask the same: one alone proves nothing."""
    for name in names:
        listings = list(table.listings(name))
        if len(listings) > 1 and all(model.prices == listings[0][1].prices for _, model in listings):
            return Listing(*listings[0], exact=True)
    return None


def _forms(name: str) -> tuple[str, ...]:
    """A name, and the same without what relays add: a way of serving, a date, in Claude's names a point."""
    plain = _DECORATION.sub("", name)
    forms = [name, plain, _DATED.sub("", plain)]
    if "claude" in name:
        forms += [_POINT.sub("-", form) for form in forms]
    return tuple(dict.fromkeys(forms))
