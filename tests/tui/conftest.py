"""What all tests with a screen share: style sheets that are read once, and screens that are drawn to be looked at."""

from collections.abc import Iterator

import pytest
from rich.console import RenderableType
from textual._compositor import Compositor
from textual.cache import LRUCache
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.screen import Screen


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """Each style sheet keeps the rules that it has read; here all that have the same variables keep them together."""
    kept: dict[tuple[tuple[str, str], ...], LRUCache[tuple[object, ...], list[RuleSet]]] = {}
    make, set_variables = Stylesheet.__init__, Stylesheet.set_variables

    def share(sheet: Stylesheet) -> None:
        sheet._parse_cache = kept.setdefault(tuple(sheet._variables.items()), LRUCache(1_000))

    def made(self: Stylesheet, *, variables: dict[str, str] | None = None) -> None:
        make(self, variables=variables)
        share(self)

    def with_variables(self: Stylesheet, variables: dict[str, str]) -> None:
        self._parse_cache = LRUCache(1)  # Textual empties it
        set_variables(self, variables)
        share(self)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Stylesheet, "__init__", made)
        patched.setattr(Stylesheet, "set_variables", with_variables)
        yield


@pytest.fixture(scope="session", autouse=True)
def _drawn_to_be_looked_at() -> Iterator[None]:
    """What no terminal shows is drawn when a test reads it; Textual draws every change of it too, and throws that away.

    A driver that records, or a terminal, gets every change as ever.
    """
    render = Compositor.render_update

    def looked_at(
        self: Compositor, full: bool = False, screen_stack: list[Screen[object]] | None = None, simplify: bool = False
    ) -> RenderableType | None:
        if full or self.root is None or not self.root.app.is_headless:
            return render(self, full, screen_stack, simplify)
        self._dirty_regions.clear()
        return None

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Compositor, "render_update", looked_at)
        yield
