"""Routes: where a call may go, and the names under which clients ask."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """An upstream and the name that the model has there."""

    upstream: str
    model: str

    def __str__(self) -> str:
        return f"{self.upstream}/{self.model}"


FallbackChain = tuple[Route, ...]
"""Routes in the order to try them. A retry is a route listed twice."""


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """The name that clients ask for, and the chain behind it."""

    name: str
    chain: FallbackChain


def route_of(text: str) -> Route:
    """The route that `upstream/model` names; a model name may contain further slashes.

    Raises ValueError where a part is missing.
    """
    upstream, slash, model = text.partition("/")
    if not (upstream and slash and model):
        raise ValueError(f"{text!r} is no route; a route is written upstream/model")
    return Route(upstream, model)
