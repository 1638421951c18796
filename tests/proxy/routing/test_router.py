"""A name becomes the routes to try, or a refusal that says which names there are."""

import pytest

from bursar.domain.refusals import UnknownModel
from bursar.domain.route import ListedModel, ModelAlias, Route, route_of, same_model
from bursar.routing.listed import Listed
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


def test_a_name_longer_than_any_vendors_leads_nowhere() -> None:
    assert ROUTER.candidates(f"main/{'x' * 507}") == (Route("main", "x" * 507),)
    with pytest.raises(UnknownModel):
        ROUTER.candidates(f"main/{'x' * 508}")
    assert ROUTER.with_fallbacks("fast", ["y" * 10_000, "y"]) == (Route("main", "small"), Route("main", "y"))


@pytest.mark.parametrize("text", ["main", "main/", "/model", ""])
def test_a_route_has_two_parts(text: str) -> None:
    with pytest.raises(ValueError, match="upstream/model"):
        route_of(text)


GPT = ModelAlias("gpt-*", (Route("main", "*"), Route("local", "openai/*")))
NARROW = ModelAlias("main/claude-*", (Route("local", "*"),))
GLOBS = Router({alias.name: alias for alias in (FAST, GPT, NARROW)}, ["main", "local"])


def test_a_glob_stands_for_every_name_that_fits_and_hands_it_on() -> None:
    assert GLOBS.candidates("gpt-4o") == (Route("main", "gpt-4o"), Route("local", "openai/gpt-4o"))
    assert GLOBS.candidates("fast") == FAST.chain
    with pytest.raises(UnknownModel):
        GLOBS.candidates("xgpt-4o")
    with pytest.raises(UnknownModel):
        GLOBS.candidates("gpt-" + "x" * 10_000)


def test_a_glob_with_a_slash_comes_before_a_route_and_others_after() -> None:
    assert GLOBS.candidates("main/claude-4") == (Route("local", "main/claude-4"),)
    assert GLOBS.candidates("main/gpt-4o") == (Route("main", "gpt-4o"),)


def test_a_name_that_an_upstream_lists_goes_to_the_first_that_does() -> None:
    listed = Listed()
    router = Router({FAST.name: FAST}, ["main", "local"], listed)
    with pytest.raises(UnknownModel):
        router.candidates("qwen3:8b")
    assert listed.put("local", [ListedModel("qwen3:8b"), ListedModel("fast")])
    assert router.candidates("qwen3:8b") == (Route("local", "qwen3:8b"),)
    assert router.candidates("fast") == FAST.chain
    listed.put("main", [ListedModel("qwen3:8b")])
    assert router.candidates("qwen3:8b") == (Route("main", "qwen3:8b"),)
    listed.keep_only(["local"])
    assert router.candidates("qwen3:8b") == (Route("local", "qwen3:8b"),)


def test_a_list_takes_the_place_of_the_chain_each_name_standing_for_its_first_route() -> None:
    routes = GLOBS.with_fallbacks("fast", ["gpt-4o", "local/x", "fast", "no-such"])
    expected = (Route("main", "small"), Route("main", "gpt-4o"), Route("local", "x"), Route("main", "no-such"))
    assert routes == expected
    with pytest.raises(UnknownModel):
        GLOBS.with_fallbacks("nope", ["fast"])


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("openai/gpt-4o:online", "gpt-4o", True),
        ("gpt-4", "gpt-4-0613", True),
        ("claude-3.5-sonnet", "claude-3-5-sonnet-20241022", True),
        ("llama3", "llama3:latest", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("qwen3:8b", "qwen3:4b", False),
        ("gpt-5.1", "gpt-5", False),
    ],
)
def test_an_answers_name_is_the_same_model_whatever_the_vendor_adds(asked: str, answered: str, same: bool) -> None:
    assert same_model(asked, answered) is same
