"""The fallback list of a request: Apertis's fields and OpenRouter's, their limits, and what they mean together."""

import json

import pytest

from bursar.dialects.fallback_fields import Fallback, read_fallback
from bursar.dialects.openai_chat_request import read_request, write_request
from bursar.domain.refusals import InvalidParameter

MESSAGES = [{"role": "user", "content": "hi"}]


def fallback(**fields: object) -> Fallback | None:
    request = read_request(json.dumps({"model": "a", "messages": MESSAGES, **fields}).encode())
    return read_fallback(request.fields, request.model)


def test_none_is_none() -> None:
    assert fallback() is None


def test_a_list_enables_itself_with_apertis_usual_time() -> None:
    assert fallback(fallback_models=["b", "c", "b", "a"]) == Fallback(("b", "c"), 30.0)
    assert fallback(fallback_models=["b"], fallback_timeout=5000) == Fallback(("b",), 5.0)
    assert fallback(fallback_models=["b"], fallback_enabled=True, fallback_timeout=300_000) == Fallback(("b",), 300.0)


def test_it_can_be_switched_off() -> None:
    assert fallback(fallback_models=["b"], fallback_enabled=False) == Fallback(enabled=False)


def test_openrouters_list_comes_after_apertis() -> None:
    assert fallback(models=["a", "b", "c"]) == Fallback(("b", "c"), 30.0)
    assert fallback(models=["b"], fallback_models=["c"]) == Fallback(("c",), 30.0)


def test_the_first_of_openrouters_list_is_asked_for_where_no_model_is_named() -> None:
    request = read_request(json.dumps({"models": ["x", "y"], "messages": MESSAGES}).encode())
    assert request.model == "x"
    assert read_fallback(request.fields, request.model) == Fallback(("y",), 30.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fallback_models", ["b", "c", "d", "e", "f", "g"]),
        ("fallback_models", "b"),
        ("fallback_models", [1]),
        ("fallback_models", [""]),
        ("models", {"b": 1}),
        ("fallback_timeout", 4999),
        ("fallback_timeout", 300_001),
        ("fallback_timeout", True),
        ("fallback_timeout", "30"),
        ("fallback_enabled", 1),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(field: str, value: object) -> None:
    with pytest.raises(InvalidParameter) as caught:
        fallback(**{"fallback_models": ["b"], field: value})
    assert caught.value.param == field
    assert (caught.value.status, field in caught.value.message) == (400, True)


def test_none_of_it_is_sent_on() -> None:
    fields = {"fallback_models": ["b"], "fallback_timeout": 5000, "fallback_enabled": True, "models": ["c"]}
    request = read_request(json.dumps({"model": "a", "messages": MESSAGES, **fields}).encode())
    assert set(json.loads(write_request(request, "m"))) == {"model", "messages"}
