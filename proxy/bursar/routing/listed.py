"""Listed: which models the upstreams list, as far as they were asked; kept beside every configuration."""

from collections.abc import Iterable

from bursar.domain.route import ListedModel, Route


class Listed:
    """The lists by upstream. `stamp` changes with them, so that what follows from them can be kept."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, ListedModel]] = {}
        self.stamp = 0

    def put(self, upstream: str, models: Iterable[ListedModel]) -> bool:
        """Take a list; whether it says anything new."""
        new = {model.id: model for model in models}
        if self._lists.get(upstream) == new:
            return False
        self._lists[upstream] = new
        self.stamp += 1
        return True

    def keep_only(self, upstreams: Iterable[str]) -> None:
        """Forget the lists of all other upstreams."""
        gone = self._lists.keys() - set(upstreams)
        for name in gone:
            del self._lists[name]
        self.stamp += bool(gone)

    def find(self, model: str, upstreams: Iterable[str]) -> Route | None:
        """The route to a model at the first of these upstreams that lists it."""
        return next((Route(name, model) for name in upstreams if model in self._lists.get(name, ())), None)

    def model(self, route: Route) -> ListedModel | None:
        """What its upstream says of a route's model."""
        return self._lists.get(route.upstream, {}).get(route.model)

    def of(self, upstream: str) -> tuple[ListedModel, ...]:
        """All that an upstream lists, in its order; none where it was not asked or did not answer."""
        return tuple(self._lists.get(upstream, {}).values())
