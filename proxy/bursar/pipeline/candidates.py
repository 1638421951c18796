"""Candidates: the routes of one call in the order to try them, as what happens on the way tells.

Never waits before another route can be tried; tries a route twice only where that is cheap and leaves every
other route its turn; waits once, and briefly, where there is nowhere else to go.
"""

from collections import deque

from bursar.assembly import Assembly
from bursar.domain.refusals import ContentRefused, ContextTooLong, OverBudget, Refusal, UnknownPrice, UpstreamRefusal
from bursar.domain.route import FallbackChain, Route
from bursar.pipeline.call import Call
from bursar.routing.facts import Facts

CHEAP_S = 2.0
"""A failure that took longer than this is not repeated on the same route."""


class Candidates:
    """What is left to try. `next` gives the routes one by one; `refused` says what became of the last."""

    def __init__(self, call: Call, assembly: Assembly) -> None:
        self._call = call
        self._assembly = assembly
        self._health = assembly.health
        chain, self._first_event_s = _chain_of(call, assembly)
        self._asked = chain[0]
        self._left = deque(self._health.order(chain))
        self._sent_left = assembly.config.limits.max_attempts
        self._codes: dict[Route, str] = {}
        self._repeated: set[Route] = set()
        self._may_return_s: dict[Route, float] = {}
        self._waited = False
        self.tries = 0
        self.wait_s = 0.0
        """How long to wait before the route that `next` gave is tried."""
        self.last: Refusal | None = None
        """Why the last route was refused."""

    @property
    def first(self) -> Route:
        """The route that is tried first."""
        return self._left[0]

    def next(self) -> Route | None:
        """The next route to try; None where nothing is left to be tried, or no further try is allowed."""
        if not self._left or not self._sent_left:
            return None
        self.tries += 1
        return self._left.popleft()

    def first_event_s(self) -> float | None:
        """How long the route in hand may take to begin, where the request says so and there is another one left."""
        return self._first_event_s if self._left and self._sent_left > 1 else None

    def instead_of(self, route: Route) -> tuple[Route, str] | None:
        """The route that was asked for and why it gave way; None where it is this one."""
        if route is self._asked or route == self._asked:
            return None
        return self._asked, self._codes.get(self._asked) or self._health.why_last(self._asked) or "unhealthy"

    def facts(self, route: Route) -> Facts:
        """What is known of a route."""
        return self._assembly.facts.of(route)

    def refused(self, route: Route, refusal: Refusal, now_s: float, *, took_s: float, probe: bool) -> None:
        """The route in hand was refused at an instant of the event loop's clock, after so long."""
        self.last, self.wait_s = refusal, 0.0
        self._codes.setdefault(route, refusal.code)
        if not isinstance(refusal, OverBudget | UnknownPrice):
            self._sent_left -= 1
        if isinstance(refusal, ContextTooLong):
            self._only_larger(route, refusal)
        elif not refusal.next_route:
            self._left.clear()
            return
        if isinstance(refusal, UpstreamRefusal):
            if refusal.transient and took_s <= CHEAP_S and not probe and self._spare(route):
                self._left.appendleft(route)
                return
            if refusal.asked_s is not None:
                self._may_return_s[route] = now_s + refusal.asked_s
        if not self._left:
            self._return(now_s)

    def broke(self, route: Route, refusal: Refusal) -> None:
        """The route in hand was asked and is not asked again for that; any other may be."""
        self.last, self.wait_s = refusal, 0.0
        self._codes.setdefault(route, refusal.code)
        self._sent_left -= 1
        if isinstance(refusal, ContentRefused):
            self._left.clear()

    def does_not_fit(self, route: Route, refusal: ContextTooLong) -> None:
        """The route in hand is not asked, because the request cannot fit its window."""
        self.last, self.wait_s = refusal, 0.0
        self._codes.setdefault(route, refusal.code)

    def again(self, route: Route) -> None:
        """Try the route in hand once more, now that it is known what it does not take."""
        self._left.appendleft(route)

    @property
    def may_send(self) -> bool:
        """Whether a further try is allowed."""
        return self._sent_left > 0

    def _spare(self, route: Route) -> bool:
        """Whether a second try here takes no other route's turn. What the chain repeats itself is not repeated."""
        if route in self._repeated or route in self._left or self._sent_left <= len(set(self._left)):
            return False
        self._repeated.add(route)
        return True

    def _only_larger(self, route: Route, refusal: ContextTooLong) -> None:
        """Only a larger window may take what was too long: what is known to be no larger is not tried."""
        if refusal.window is not None:
            self._assembly.learned.learn_window(route, refusal.window)
        window = self.facts(route).window
        self._left = deque(
            each
            for each in self._left
            if each != route and (window is None or (other := self.facts(each).window) is None or other > window)
        )

    def _return(self, now_s: float) -> None:
        """With nowhere else to go: the route that asked for the shortest time, if that is short enough."""
        if self._waited or not self._may_return_s or not self._sent_left:
            return
        route = min(self._may_return_s, key=self._may_return_s.__getitem__)
        wait_s = max(0.0, self._may_return_s[route] - now_s)
        if wait_s <= self._assembly.config.limits.retry_after_s:
            self._waited, self.wait_s = True, wait_s
            self._left.append(route)


def _chain_of(call: Call, assembly: Assembly) -> tuple[FallbackChain, float | None]:
    """The chain of a call: by the list in its body, else its key's own, else the alias's. Raises UnknownModel."""
    router, fallback = assembly.router, call.fallback
    limit_s = fallback.first_event_s if fallback is not None else None
    if fallback is not None and fallback.models:
        return router.with_fallbacks(call.alias, fallback.models), limit_s
    if call.key.fallback and (fallback is None or fallback.enabled):
        return router.with_fallbacks(call.alias, call.key.fallback), limit_s
    return router.candidates(call.alias), limit_s
