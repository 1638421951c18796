"""Router: the name a client asks for, turned into the routes to try, in order."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from bursar.domain.refusals import UnknownModel
from bursar.domain.route import Continue, FallbackChain, ModelAlias, Route
from bursar.routing.listed import Listed

_NAMES_SHOWN = 8
LONGEST_MODEL = 512
"""Characters. A name is in every event and record of its calls, and no vendor's has so many."""
_LONGEST_NAME = 200


class Router:
    """The aliases and upstreams of one configuration, and what the upstreams list.

    An alias of exactly that name comes first; then those that are globs with a slash, `upstream/model`,
    the other globs, and last what an upstream lists under that very name.
    """

    def __init__(
        self, aliases: Mapping[str, ModelAlias], upstreams: Iterable[str], listed: Listed | None = None
    ) -> None:
        self._aliases = dict(aliases)
        self._upstreams = tuple(upstreams)
        self._known = frozenset(self._upstreams)
        self._listed = listed or Listed()
        globs = [alias for alias in self._aliases.values() if alias.is_glob]
        self._narrow = tuple(alias for alias in globs if "/" in alias.name)
        self._wide = tuple(alias for alias in globs if "/" not in alias.name)

    @property
    def aliases(self) -> tuple[ModelAlias, ...]:
        """Every alias, in the order of the configuration."""
        return tuple(self._aliases.values())

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The names of all upstreams, in the order of the configuration."""
        return self._upstreams

    def candidates(self, name: str) -> FallbackChain:
        """The routes for a name. Raises UnknownModel."""
        alias = self._aliases.get(name)
        if alias is not None and not alias.is_glob:
            return alias.chain
        chain = self._found(name)
        if chain is None:
            raise UnknownModel(self._unknown(name), param="model")
        return chain

    def continued(self, name: str) -> Continue:
        """Whether a cut answer under a name goes on at the next route: as its alias says, if it has one."""
        alias = self._aliases.get(name)
        if alias is None or alias.is_glob:
            alias = self._alias_fitting(name)
        return alias.continued if alias is not None else Continue.OFF

    def with_fallbacks(self, name: str, fallbacks: Sequence[str]) -> FallbackChain:
        """The routes for a name whose fallbacks are a list of the request's or the key's own.

        The list takes the place of the alias's chain: each name, the one asked for first, stands for its
        first route. A name that nobody knows is taken for a model where the first one is. Raises
        UnknownModel for the name asked for.
        """
        first = self.candidates(name)[0]
        routes = [first]
        for each in fallbacks:
            try:
                routes.append(self.candidates(each)[0])
            except UnknownModel:
                if len(each) <= LONGEST_MODEL:
                    routes.append(Route(first.upstream, each))
        return tuple(dict.fromkeys(routes))

    def _found(self, name: str) -> FallbackChain | None:
        if len(name) > LONGEST_MODEL:
            return None
        alias = self._alias_fitting(name)
        if alias is not None:
            return alias.chain_for(name)
        if self._is_upstream_and_model(name):
            return (Route(*name.split("/", 1)),)
        route = self._listed.find(name, self._upstreams)
        return (route,) if route is not None else None

    def _alias_fitting(self, name: str) -> ModelAlias | None:
        """The alias that is a glob which a name fits; the wide ones yield to an upstream's own name."""
        if self._narrow and (alias := _fitting(self._narrow, name)) is not None:
            return alias
        if not self._wide or self._is_upstream_and_model(name):
            return None
        return _fitting(self._wide, name)

    def _is_upstream_and_model(self, name: str) -> bool:
        upstream, slash, model = name.partition("/")
        return bool(slash and model and upstream in self._known)

    def _unknown(self, name: str) -> str:
        shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
        if not self._aliases:
            return f"There is no model {shown!r}: no aliases are configured yet. Add one: [aliases.NAME] routes = […]."
        known = ", ".join(list(self._aliases)[:_NAMES_SHOWN])
        more = "" if len(self._aliases) <= _NAMES_SHOWN else f" and {len(self._aliases) - _NAMES_SHOWN} more"
        return f"There is no model {shown!r}. Ask for one of: {known}{more}; or for UPSTREAM/MODEL."


def _fitting(aliases: Iterable[ModelAlias], name: str) -> ModelAlias | None:
    """The first alias whose glob a name fits; a name too long to be a model's fits none."""
    if len(name) > _LONGEST_NAME:
        return None
    return next((alias for alias in aliases if fnmatchcase(name, alias.name)), None)
