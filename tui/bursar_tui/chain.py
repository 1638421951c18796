"""Chain: the routes of an alias in the order in which they are tried, how each is, and why calls went on lately."""

from dataclasses import dataclass

from bursar.contract.events import AliasView, RouteView, UpstreamView
from bursar.contract.snapshot import ExchangeView, Snapshot

_WORST = ("ok", "cooling", "off")
_OVER_BUDGET = 402


@dataclass(frozen=True, slots=True)
class Link:
    """One route of a chain: how it is, all things considered, and since its upstream's word counts for all its routes,
    whose word that is."""

    text: str
    upstream: UpstreamView | None
    route: RouteView | None
    window: int | None

    @property
    def _judge(self) -> "UpstreamView | RouteView | None":
        known: list[UpstreamView | RouteView] = [each for each in (self.upstream, self.route) if each is not None]
        return max(known, key=lambda each: _WORST.index(each.health) if each.health in _WORST else 1, default=None)

    @property
    def health(self) -> str:
        """`ok`, `cooling` or `off`; `no upstream` where there is none of that name."""
        judge = self._judge
        return "no upstream" if self.upstream is None or judge is None else judge.health

    @property
    def reason(self) -> str:
        """Why it is not well."""
        judge = self._judge
        if self.upstream is None or judge is None:
            return "no upstream of this name is configured"
        return "" if judge.health == "ok" else judge.reason or judge.code

    @property
    def until_ms(self) -> int | None:
        """Until when it is left alone."""
        judge = self._judge
        return judge.until_ms if judge is not None else None


def chain_of(snapshot: Snapshot, alias: AliasView) -> list[Link]:
    """Its routes, in order."""
    links = []
    for place, text in enumerate(alias.routes):
        name, _, model = text.partition("/")
        upstream = snapshot.upstreams.get(name)
        route = next((each for each in upstream.routes if each.model == model), None) if upstream is not None else None
        window = route.window if route is not None and route.window is not None else None
        if window is None and place < len(alias.windows):
            window = alias.windows[place]
        links.append(Link(text, upstream, route, window))
    return links


def calls_of(snapshot: Snapshot, alias: str) -> list[ExchangeView]:
    """The calls in view that asked for it, the newest first."""
    return [each for each in reversed(snapshot.exchanges.values()) if each.alias == alias]


def last_fallback_of(snapshot: Snapshot, alias: str) -> ExchangeView | None:
    """The newest call for it that did not stay at its first route."""
    return next((each for each in calls_of(snapshot, alias) if passed_on(each)), None)


def passed_on(exchange: ExchangeView) -> bool:
    """Whether it went on to another try. What a budget of ours refused was not taken by any route."""
    return len(exchange.attempts) > 1 and exchange.status != _OVER_BUDGET
