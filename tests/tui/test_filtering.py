"""Filtering: every word must occur in something that is said about the call."""

import pytest
from tui.snapshots import attempt, ended, exchange

from bursar.domain.exchange import Outcome
from bursar_tui.filtering import matches


@pytest.mark.parametrize(
    ("filter_text", "found"),
    [
        ("", True),
        ("   ", True),
        ("fast", True),
        ("FAST Laptop", True),
        ("fast desktop", False),
        ("openai/gpt", True),
        ("fallback", True),
        ("refused", True),
        ("402", True),
        ("cursor", True),
        ("shop", True),
        ("[red]", False),
        ("laptopshop", False),
    ],
)
def test_words(filter_text: str, found: bool) -> None:
    view = exchange(1, "fast", ago=1_000, project="shop")
    view.attempts = [
        attempt("main", "small", started=900, code="upstream_timeout"),
        attempt("openai", "gpt-5.1", started=100),
    ]
    ended(view, Outcome.REFUSED, 900, status=402, code="budget_exceeded", message="Used up.")
    assert matches(view, filter_text) is found


def test_running_calls_are_found_by_that_word() -> None:
    assert matches(exchange(1, "fast", ago=1_000), "running")
    assert not matches(ended(exchange(2, "fast", ago=1_000), Outcome.COMPLETE, 5), "running")
