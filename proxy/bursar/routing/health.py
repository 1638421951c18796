"""HealthBook: which upstreams and routes are well, kept beside every configuration, announced when it changes.

Nothing is timed and nothing is asked for its own sake: time is looked at when a call comes, and the next
real call is the probe. Routes that are not well come last in a chain, and are tried there all the same.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from bursar.contract.events import Publish, RouteView, UpstreamHealthChanged, UpstreamView
from bursar.domain.clock import Clock
from bursar.domain.refusals import (
    CallerFault,
    Refusal,
    UpstreamBlocked,
    UpstreamExhausted,
    UpstreamKeyMissing,
    UpstreamKeyRefused,
    UpstreamRefusal,
    UpstreamSlowDown,
    UpstreamTimeout,
    UpstreamUnknownModel,
    UpstreamUnreachable,
)
from bursar.domain.route import FallbackChain, Route
from bursar.routing.circuit import Circuit, Health

View = TypeVar("View", UpstreamView, RouteView)

_IN_A_ROW = 2
"""So many failures in a row of the kind that may be chance open a circuit."""
_ROUTES_IN_A_ROW = 3
"""So many routes of one upstream failing, none answering in between, are the upstream's own failure."""
_MOST_ROUTES = 1_000
_SHOWN_ROUTES = 64
_ANNOUNCED_EVERY_MS = 5_000
_SMOOTHING = 0.2
_UNTIL_RELOAD = frozenset({UpstreamKeyMissing.code, UpstreamKeyRefused.code, UpstreamBlocked.code})
"""What a new configuration or key may well have cured."""


Describe = Callable[[Route], RouteView]
"""What is known of a route beside its health."""


def _nothing_more(route: Route) -> RouteView:
    return RouteView(route.model)


Resets = Callable[[str], int | None]
"""When the plan of an upstream starts afresh, in milliseconds since the epoch; None where it has none."""


def _never(upstream: str) -> int | None:
    return None


class HealthBook:
    """The circuits of all upstreams and routes. `cool_down_s` bounds every time for which one is left alone."""

    def __init__(self, clock: Clock, publish: Publish) -> None:
        self._clock = clock
        self._publish = publish
        self._most_ms = 300_000
        self._describe: Describe = _nothing_more
        self._resets: Resets = _never
        self._upstreams: dict[str, Circuit] = {}
        self._routes: dict[Route, Circuit] = {}
        self._failing: dict[str, set[str]] = {}
        self._views: dict[str, UpstreamView] = {}
        self._told_ms: dict[str, int] = {}
        self._ill: set[str | Route] = set()

    def take(
        self,
        views: Iterable[UpstreamView],
        cool_down_s: float,
        describe: Describe = _nothing_more,
        resets: Resets = _never,
    ) -> None:
        """Take the upstreams of a new configuration, each with its known routes.

        `describe` tells of other routes, `resets` when what an upstream may use starts afresh.
        """
        self._most_ms, self._describe, self._resets = round(cool_down_s * 1000), describe, resets
        self._views = {view.name: view for view in views}
        for name in self._upstreams.keys() - self._views.keys():
            self._forget(name)
        for name, view in self._views.items():
            circuit = self._upstreams.setdefault(name, Circuit())
            if circuit.code in _UNTIL_RELOAD and circuit.health is Health.OFF:
                self._mended(name, circuit)
            if view.health == Health.OFF:
                circuit.note(UpstreamKeyMissing.code, view.reason, self._clock.now_ms())
                circuit.turn_off()
                self._ill.add(name)

    def retell(self, views: Iterable[UpstreamView]) -> None:
        """Take what else has become known of the same upstreams, and announce what is new in it."""
        for view in views:
            if self._views.get(view.name) != view:
                self._views[view.name] = view
                self._tell(view.name)

    # --- asked for each call --------------------------------------------------------------------

    def order(self, chain: FallbackChain) -> FallbackChain:
        """The routes of a chain, those that are well first; none is left out."""
        if not self._ill:
            return chain
        now_ms = self._clock.now_ms()
        ranks = {route: self._rank(route, now_ms) for route in chain}
        return tuple(sorted(chain, key=ranks.__getitem__)) if any(ranks.values()) else chain

    def why_last(self, route: Route) -> str:
        """The code of what keeps a route from being tried first; empty where nothing does."""
        for circuit in (self._upstreams.get(route.upstream), self._routes.get(route)):
            if circuit is not None and circuit.rank(self._clock.now_ms()):
                return circuit.code
        return ""

    def begin(self, route: Route) -> bool:
        """An attempt begins; whether it is the probe of something that was left alone."""
        probe = False
        if self._ill:
            now_ms = self._clock.now_ms()
            for circuit in (self._upstreams.get(route.upstream), self._routes.get(route)):
                if circuit is not None and circuit.health is not Health.OK:
                    circuit.probing_ms, probe = now_ms, True
        return probe

    # --- told by each attempt -------------------------------------------------------------------

    def answered(self, route: Route, first_ms: int) -> None:
        """The first event of an answer is there, after so long: whatever was left alone is well again."""
        upstream, circuit = self._circuits(route)
        for each in (upstream, circuit):
            known = each.latency_ms
            each.latency_ms = first_ms if known is None else known + _SMOOTHING * (first_ms - known)
        self._well(route, upstream, circuit)

    def completed(self, route: Route) -> None:
        """An answer came to its end."""
        circuit = self._routes.get(route)
        if circuit is not None:
            circuit.failures = 0

    def failed(self, route: Route, refusal: Refusal) -> None:
        """An attempt ended in a refusal; what says nothing of the upstream changes nothing."""
        if not isinstance(refusal, UpstreamRefusal):
            self.left(route)
            return
        upstream, circuit = self._circuits(route)
        if isinstance(refusal, CallerFault):
            circuit.failures = 0
            self._well(route, upstream, circuit)
            return
        now_ms = self._clock.now_ms()
        asked_ms = refusal.asked_s * 1000 if refusal.asked_s is not None else None
        match refusal:
            case UpstreamExhausted() | UpstreamKeyRefused() | UpstreamBlocked():
                upstream.note(refusal.code, refusal.message, now_ms)
                until_ms = self._resets(route.upstream) if isinstance(refusal, UpstreamExhausted) else None
                upstream.turn_off(until_ms)
                self._ill.add(route.upstream)
            case UpstreamUnreachable():
                upstream.note(refusal.code, refusal.message, now_ms)
                if upstream.failures >= _IN_A_ROW:
                    self._cool(upstream, route.upstream, now_ms, None)
            case UpstreamSlowDown() | UpstreamTimeout():
                circuit.note(refusal.code, refusal.message, now_ms)
                self._cool(circuit, route, now_ms, asked_ms)
            case UpstreamUnknownModel():
                circuit.note(refusal.code, refusal.message, now_ms)
                self._cool(circuit, route, now_ms, self._most_ms)
            case _:
                circuit.note(refusal.code, refusal.message, now_ms)
                if circuit.failures >= _IN_A_ROW or asked_ms is not None:
                    self._cool(circuit, route, now_ms, asked_ms)
                self._failing_too(route, upstream, refusal, now_ms)
        self._release(upstream, circuit)
        self._tell(route.upstream)

    def left(self, route: Route) -> None:
        """An attempt ended without a word on the upstream: another may probe."""
        self._release(self._upstreams.get(route.upstream), self._routes.get(route))

    # --- asked and told by people ---------------------------------------------------------------

    def clear(self, upstream: str) -> bool:
        """Take an upstream and all its routes for well, unless it has no key; whether there is such an upstream."""
        if upstream not in self._views:
            return False
        if self._views[upstream].health == Health.OFF:
            return True
        self._mended(upstream, self._upstreams[upstream])
        for route in [route for route in self._routes if route.upstream == upstream]:
            self._ill.discard(route)
            latency_ms = self._routes[route].latency_ms
            self._routes[route] = Circuit(latency_ms=latency_ms)
        self._tell(upstream)
        return True

    def refilled(self, upstream: str) -> None:
        """There is money again: one that was left alone for the want of it is well."""
        circuit = self._upstreams.get(upstream)
        if circuit is not None and circuit.health is Health.OFF and circuit.code == UpstreamExhausted.code:
            self._mended(upstream, circuit)
            self._tell(upstream)

    def view(self, upstream: str) -> UpstreamView:
        """How an upstream is, with its routes: those of the configuration first, then others that were asked."""
        base, circuit = self._views[upstream], self._upstreams[upstream]
        known = {view.model: view for view in base.routes}
        for route in self._routes:
            if route.upstream == upstream and len(known) < _SHOWN_ROUTES:
                known.setdefault(route.model, self._describe(route))
        routes = tuple(self._route_view(Route(upstream, model), view) for model, view in known.items())
        shown = _overlaid(base, circuit)
        ill = [view for view in routes if view.health != Health.OK]
        if ill and len(ill) == len(routes) and circuit.health is Health.OK:
            # An upstream with no route that is well is no well upstream.
            first = min(ill, key=lambda view: view.until_ms or 0)
            shown = msgspec.structs.replace(
                shown, health=first.health, code=first.code, reason=first.reason, until_ms=first.until_ms
            )
        return msgspec.structs.replace(shown, routes=routes)

    def views(self) -> tuple[UpstreamView, ...]:
        """All upstreams."""
        return tuple(self.view(name) for name in self._views)

    # --- within ---------------------------------------------------------------------------------

    def _rank(self, route: Route, now_ms: int) -> int:
        upstream, circuit = self._upstreams.get(route.upstream), self._routes.get(route)
        return max(
            upstream.rank(now_ms) if upstream is not None else 0, circuit.rank(now_ms) if circuit is not None else 0
        )

    def _circuits(self, route: Route) -> tuple[Circuit, Circuit]:
        circuit = self._routes.get(route)
        if circuit is None:
            if len(self._routes) >= _MOST_ROUTES:
                well = next((each for each in self._routes if each not in self._ill), None)
                gone = well if well is not None else next(iter(self._routes))
                self._ill.discard(gone)
                del self._routes[gone]
            circuit = self._routes[route] = Circuit()
        upstream = self._upstreams.get(route.upstream)
        if upstream is None:
            upstream = self._upstreams[route.upstream] = Circuit()
        return upstream, circuit

    def _well(self, route: Route, upstream: Circuit, circuit: Circuit) -> None:
        changed = circuit.mend() | upstream.mend()
        upstream.failures = 0
        self._failing.pop(route.upstream, None)
        if self._ill:
            self._ill -= {route, route.upstream}
        told_ms = self._told_ms.get(route.upstream, 0)
        if changed or self._clock.now_ms() - told_ms >= _ANNOUNCED_EVERY_MS:
            self._tell(route.upstream)

    def _cool(self, circuit: Circuit, which: str | Route, now_ms: int, asked_ms: int | None) -> None:
        circuit.cool(now_ms, asked_ms, self._most_ms)
        self._ill.add(which)

    def _failing_too(self, route: Route, upstream: Circuit, refusal: Refusal, now_ms: int) -> None:
        """One more route of an upstream fails; where many do, it is the upstream."""
        failing = self._failing.setdefault(route.upstream, set())
        failing.add(route.model)
        if len(failing) >= _ROUTES_IN_A_ROW:
            failing.clear()
            upstream.note(refusal.code, refusal.message, now_ms)
            self._cool(upstream, route.upstream, now_ms, None)

    def _release(self, *circuits: Circuit | None) -> None:
        for circuit in circuits:
            if circuit is not None:
                circuit.probing_ms = None

    def _mended(self, name: str, circuit: Circuit) -> None:
        circuit.mend()
        circuit.failures = 0
        self._failing.pop(name, None)
        self._ill.discard(name)

    def _forget(self, name: str) -> None:
        del self._upstreams[name]
        self._failing.pop(name, None)
        self._told_ms.pop(name, None)
        self._routes = {route: circuit for route, circuit in self._routes.items() if route.upstream != name}
        self._ill = {each for each in self._ill if (each.upstream if isinstance(each, Route) else each) != name}

    def _route_view(self, route: Route, base: RouteView) -> RouteView:
        circuit = self._routes.get(route)
        return _overlaid(base, circuit) if circuit is not None else base

    def _tell(self, upstream: str) -> None:
        if upstream in self._views:
            now_ms = self._told_ms[upstream] = self._clock.now_ms()
            self._publish(UpstreamHealthChanged(now_ms, self.view(upstream)))


def _overlaid(base: View, circuit: Circuit) -> View:
    """A view with how its circuit is. What was wrong last is told of one that is well, too."""
    return msgspec.structs.replace(
        base,
        health=circuit.health.value,
        code=circuit.code if circuit.health is not Health.OK else "",
        reason=circuit.reason if circuit.health is not Health.OK else "",
        until_ms=circuit.until_ms,
        latency_ms=round(circuit.latency_ms) if circuit.latency_ms is not None else None,
        last_failure=circuit.reason,
        last_failure_ms=circuit.failed_ms,
    )
