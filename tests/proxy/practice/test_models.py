"""The naming scheme of practice models."""

import pytest

from bursar.practice.faults.table import FAULTS
from bursar.practice.models import LARGE_PRICE, LISTED, SMALL_PRICE, Model, chat_model, embedding_model, states_rate


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("practice", Model("practice")),
        ("practice-small", Model("practice-small", rate=80)),
        ("practice-large", Model("practice-large", tokens=240, rate=40, price=LARGE_PRICE)),
        ("practice-slow", Model("practice-slow", rate=5, wait_ms=500)),
        ("practice-tokens-200", Model("practice-tokens-200", tokens=200, exact=True)),
        ("practice-chunks-200", Model("practice-chunks-200", tokens=200, exact=True, chunks=200)),
        ("practice-chunks-9-tokens-5", Model("practice-chunks-9-tokens-5", tokens=9, exact=True, chunks=9)),
        ("practice-rate-50", Model("practice-rate-50", rate=50)),
        ("practice-small-tokens-5", Model("practice-small-tokens-5", tokens=5, exact=True)),
        ("practice-small-rate-7-wait-250", Model("practice-small-rate-7-wait-250", rate=7, wait_ms=250)),
        ("practice-cached-window-99", Model("practice-cached-window-99", caches=True, window=99)),
    ],
)
def test_a_name_says_what_it_asks_for(name: str, expected: Model) -> None:
    assert chat_model(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "practice-",
        "practices",
        "practice-tiny",
        "practice-smalltokens-3",
        "practice-tokens",
        "practice-tokens-",
        "practice-tokens-0",
        "practice-tokens-05",
        "practice-tokens--5",
        "practice-tokens-9999999",
        "practice-tokens-5-tokens-6",
        "practice-tokens-5-small",
        "practice-embedding",
        "Practice-small",
        "practice-small ",
        "practice-small\n",
    ],
)
def test_any_other_name_is_no_model(name: str) -> None:
    assert chat_model(name) is None


def test_embedding_models_state_their_dimensions() -> None:
    found = embedding_model("practice-embedding-1536")
    assert found is not None
    assert found.dimensions == 1536
    assert embedding_model("practice-embedding-0") is None
    assert embedding_model("practice") is None


def test_every_listed_model_is_one() -> None:
    assert all(chat_model(name) or embedding_model(name) for name in LISTED)
    assert not any(chat_model(name) for name in FAULTS)


def test_prices_are_exact_integers() -> None:
    assert (SMALL_PRICE.prompt, SMALL_PRICE.cached, SMALL_PRICE.completion) == (150_000_000, 75_000_000, 600_000_000)


def test_only_an_option_states_a_rate() -> None:
    assert states_rate("practice-small-rate-5")
    assert not states_rate("practice-small")
