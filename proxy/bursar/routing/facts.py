"""RouteFacts: what is known of a route before it is asked: its window, its longest answer, what it does not take.

The user's word counts first, then what the route itself said when it refused, then what its upstream
lists, then the tables that we ship.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bursar.dialects.traits import Traits, traits_of
from bursar.domain.route import ListedModel, Route
from bursar.routing.learned import Learned
from bursar.routing.listed import Listed

Globs = tuple[tuple[str, int], ...]
_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Stated:
    """What the user states of an upstream's models, by glob, in tokens; the first that fits counts."""

    windows: Globs = ()
    output_limits: Globs = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one route. `window` is in tokens, None where nobody knows it."""

    window: int | None
    traits: Traits


class RouteFacts:
    """The facts of one configuration. `shipped` is the window that our table has for (upstream, model)."""

    def __init__(
        self,
        stated: Mapping[str, Stated],
        listed: Listed,
        learned: Learned,
        shipped: Callable[[str, str], int | None],
    ) -> None:
        self._stated = stated
        self._listed = listed
        self._learned = learned
        self._shipped = shipped
        self._kept: dict[Route, Facts] = {}
        self._stamp = (-1, -1)

    def of(self, route: Route) -> Facts:
        """What is known of a route: one look into a dictionary, unless something was learned since."""
        stamp = (self._listed.stamp, self._learned.stamp)
        if stamp != self._stamp or len(self._kept) > _KEPT:
            self._kept, self._stamp = {}, stamp
        facts = self._kept.get(route)
        if facts is None:
            facts = self._kept[route] = self._found(route)
        return facts

    def listed(self, route: Route) -> ListedModel | None:
        """What its upstream lists of it."""
        return self._listed.model(route)

    def _found(self, route: Route) -> Facts:
        stated = self._stated.get(route.upstream, Stated())
        listed = self._listed.model(route) or ListedModel(route.model)
        window = (
            _first(stated.windows, route.model)
            or self._learned.window(route)
            or listed.window
            or self._shipped(route.upstream, route.model)
        )
        most = _first(stated.output_limits, route.model) or listed.output_limit
        traits = traits_of(route.model).with_more(Traits(output_limit=most)).with_more(self._learned.traits(route))
        return Facts(window, traits)


def _first(globs: Globs, model: str) -> int | None:
    return next((number for glob, number in globs if fnmatchcase(model, glob)), None)
