"""What all tests with a screen share: the rules of style sheets, which Textual would read anew for each app."""

from collections.abc import Iterator

import pytest
from textual.cache import LRUCache
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet


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
