"""Routes: where a call may go, and the names under which clients ask."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bursar.domain.exchange import Price

_DECORATION = re.compile(r":(latest|web|online|free|nitro|floor|exacto|beta|extended|thinking)$")
_DATE = re.compile(r"([-@](20\d{6}|20\d\d-\d\d-\d\d|\d{4}|latest|preview))+$")


class Route(NamedTuple):
    """An upstream and the name that the model has there."""

    upstream: str
    model: str

    def __str__(self) -> str:
        return f"{self.upstream}/{self.model}"


ASKED = "*"
"""Stands, in the model name of an alias's route, for the name that was asked for."""


class Continue(StrEnum):
    """How an answer that was cut while it streamed goes on at the next route."""

    OFF = "off"
    """Not at all: it ends with an error, and a connection that is broken off."""
    VERIFY = "verify"
    """The next route is asked the same; its answer goes on where the client's text ends, if it begins with that."""
    PREFILL = "prefill"
    """The next route is given what the client has, to write on from there."""


FallbackChain = tuple[Route, ...]
"""Routes in the order to try them. A retry is a route listed twice."""


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """The name that clients ask for, and the chain behind it."""

    name: str
    chain: FallbackChain
    continued: Continue = Continue.OFF
    """Whether an answer that was cut goes on at the next route."""

    @property
    def is_glob(self) -> bool:
        """Whether it stands for every name that fits it."""
        return "*" in self.name or "?" in self.name

    def chain_for(self, asked: str) -> FallbackChain:
        """The chain for one name that fits."""
        if not self.is_glob:
            return self.chain
        return tuple(Route(route.upstream, route.model.replace(ASKED, asked, 1)) for route in self.chain)


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One model as an upstream lists it. Windows and limits in tokens, each None where the list does not say.

    `price` is there where the list says all that a call may cost. `multiplier` is what a plan counts a request as,
    as text.
    """

    id: str
    window: int | None = None
    output_limit: int | None = None
    price: Price | None = None
    multiplier: str = ""
    tier: str = ""


def same_model(asked: str, answered: str) -> bool:
    """Whether the name in an answer is the model that was asked for: vendors add dates, ways of serving, themselves."""
    return asked == answered or _plain(asked) == _plain(answered)


def _plain(name: str) -> str:
    bare = name.lower().rpartition("/")[2]
    return _DATE.sub("", _DECORATION.sub("", bare)).replace(".", "-")


def route_of(text: str) -> Route:
    """The route that `upstream/model` names; a model name may contain further slashes.

    Raises ValueError where a part is missing.
    """
    upstream, slash, model = text.partition("/")
    if not (upstream and slash and model):
        raise ValueError(f"{text!r} is no route; a route is written upstream/model")
    return Route(upstream, model)
