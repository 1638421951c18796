"""Router: the name a client asks for, turned into the routes to try, in order."""

from collections.abc import Iterable, Mapping

from bursar.domain.refusals import UnknownModel
from bursar.domain.route import FallbackChain, ModelAlias, Route

_NAMES_SHOWN = 8
_LONGEST_NAME = 200


class Router:
    """The aliases and upstreams of one configuration."""

    def __init__(self, aliases: Mapping[str, ModelAlias], upstreams: Iterable[str]) -> None:
        self._aliases = dict(aliases)
        self._upstreams = frozenset(upstreams)

    @property
    def aliases(self) -> tuple[ModelAlias, ...]:
        """Every alias, in the order of the configuration."""
        return tuple(self._aliases.values())

    def candidates(self, name: str) -> FallbackChain:
        """The routes for an alias, or the one that `upstream/model` names. Raises UnknownModel."""
        alias = self._aliases.get(name)
        if alias is not None:
            return alias.chain
        upstream, slash, model = name.partition("/")
        if slash and model and upstream in self._upstreams:
            return (Route(upstream, model),)
        raise UnknownModel(self._unknown(name), param="model")

    def _unknown(self, name: str) -> str:
        shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
        if not self._aliases:
            return f"There is no model {shown!r}: no aliases are configured yet. Add one: [aliases.NAME] routes = […]."
        known = ", ".join(list(self._aliases)[:_NAMES_SHOWN])
        more = "" if len(self._aliases) <= _NAMES_SHOWN else f" and {len(self._aliases) - _NAMES_SHOWN} more"
        return f"There is no model {shown!r}. Ask for one of: {known}{more}; or for UPSTREAM/MODEL."
