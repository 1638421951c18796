"""`bursar prices` says what a model costs and from where, or how to state a price."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Bursar = Callable[..., Any]


def test_a_known_model_has_its_list_price(bursar: Bursar) -> None:
    quotes = bursar("prices", "gpt-4.1-mini", "--json").json
    assert any(each["provider"] == "openai" and each["price"]["input"] == 400_000_000 for each in quotes)
    assert "$0.40" in bursar("prices", "gpt-4.1-mini").out


def test_an_unknown_one_has_the_line_to_add(bursar: Bursar) -> None:
    ran = bursar("prices", "nobody-knows-this")
    assert ran.status == 1
    assert """bursar config set 'prices."nobody-knows-this"'""" in ran.err


def test_the_routes_of_the_aliases(bursar: Bursar, config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text(
        """
[upstreams.main]
kind = "openai"
price_factor = "0.7"
[aliases.fast]
routes = ["main/gpt-4.1-mini", "main/own-model", "main/unknown-model", "main/own-model"]
[prices."main/own-*"]
input = "1"
output = "2"
"""
    )
    ran = bursar("prices")
    assert ran.status == 0
    assert [line.split()[:2] for line in ran.out.splitlines()[1:3]] == [["main", "gpt-4.1-mini"], ["main", "own-model"]]
    assert "No price is known for main/unknown-model" in ran.out
    assert {each["model"]: each["price"]["factor"] for each in bursar("prices", "--json").json} == {
        "gpt-4.1-mini": 700_000,
        "own-model": 1_000_000,
    }
