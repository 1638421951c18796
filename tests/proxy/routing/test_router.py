"""A name becomes the routes to try, or a refusal that says which names there are."""

import pytest

from bursar.domain.refusals import UnknownModel
from bursar.domain.route import ModelAlias, Route, route_of
from bursar.routing.router import Router

FAST = ModelAlias("fast", (Route("main", "small"), Route("local", "small")))
ODD = ModelAlias("main/odd name😀", (Route("main", "odd"),))
ROUTER = Router({alias.name: alias for alias in (FAST, ODD)}, ["main", "local"])


def test_an_alias_is_its_chain() -> None:
    assert ROUTER.candidates("fast") == FAST.chain


def test_an_alias_comes_before_a_route_of_the_same_name() -> None:
    assert ROUTER.candidates(ODD.name) == ODD.chain


@pytest.mark.parametrize("model", ["gpt", "org/gpt", "org/gpt:free", "a/b/c"])
def test_a_route_may_be_asked_for_directly(model: str) -> None:
    assert ROUTER.candidates(f"local/{model}") == (Route("local", model),)


@pytest.mark.parametrize("name", ["nope", "other/gpt", "main/", "/gpt", "fast ", "FAST", "x" * 10_000, "\x1b]52;c\x07"])
def test_an_unknown_name_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        ROUTER.candidates(name)
    assert "fast" in caught.value.message
    assert len(caught.value.message) < 500
    assert caught.value.status == 404
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize("text", ["main", "main/", "/model", ""])
def test_a_route_has_two_parts(text: str) -> None:
    with pytest.raises(ValueError, match="upstream/model"):
        route_of(text)
