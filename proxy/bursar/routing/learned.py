"""Learned: what refusals taught of routes: their true windows, and what their models do not take."""

from bursar.dialects.traits import PLAIN, Traits
from bursar.domain.route import Route

_MOST_ROUTES = 2_000
"""Names of models come from clients, so what is kept of them has a bound."""


class Learned:
    """Kept in memory, beside every configuration. `stamp` changes with it."""

    def __init__(self) -> None:
        self._traits: dict[Route, Traits] = {}
        self._windows: dict[Route, int] = {}
        self.stamp = 0

    def traits(self, route: Route) -> Traits:
        """What its noes to parameters taught."""
        return self._traits.get(route, PLAIN)

    def window(self, route: Route) -> int | None:
        """The window that it named when something did not fit, in tokens."""
        return self._windows.get(route)

    def learn_traits(self, route: Route, lesson: Traits) -> bool:
        """Take a lesson; whether it is a new one."""
        known = self.traits(route)
        more = known.with_more(lesson)
        if more == known:
            return False
        if len(self._traits) >= _MOST_ROUTES:
            self._traits.clear()
        self._traits[route] = more
        self.stamp += 1
        return True

    def learn_window(self, route: Route, window: int) -> None:
        """Take the window that a route named."""
        if self._windows.get(route) == window:
            return
        if len(self._windows) >= _MOST_ROUTES:
            self._windows.clear()
        self._windows[route] = window
        self.stamp += 1
