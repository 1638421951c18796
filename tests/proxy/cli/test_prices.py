"""`bursar prices` says what a model costs and from where, or how to state a price."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Bursar = Callable[..., Any]


def test_a_known_model_has_its_list_price(bursar: Bursar) -> None:
    quotes = bursar("prices", "gpt-4.1-mini", "--json").json
    assert any(each["provider"] == "openai" and each["price"]["input"] == 400_000_000 for each in quotes)
    assert "$0.40" in bursar("prices", "gpt-4.1-mini").out


def test_long_prompts_tiers_and_parts_of_a_usage_are_shown_of_one_model(bursar: Bursar, config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text(
        """
[upstreams.main]
kind = "openai"
price_factor = "0.7"
[upstreams.own]
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
[prices."own/*"]
input = "1"
output = "2"
reasoning = "3"
audio_input = "4"
"""
    )

    def rows(model: str) -> list[list[str]]:
        return [re.split(" {2,}", line.strip()) for line in bursar("prices", model).out.splitlines()]

    table = rows("gpt-5")
    place = next(place for place, row in enumerate(table) if row[:2] == ["main", "gpt-5"])
    assert table[place + 1] == ["flex", "$0.625", "$0.0625", "$5.00", "-", "0.7"]
    assert table[place + 2] == ["priority, fast", "$2.50", "$0.25", "$20.00", "-", "0.7"]
    assert ["above 200,000 tokens", "$2.50", "$0.25", "$15.00", "-", "1.0"] in rows("gemini-2.5-pro")
    assert "Beside these, at own: reasoning $3.00, sound read $4.00." in bursar("prices", "gpt-5").out
    [main] = [each for each in bursar("prices", "gpt-5", "--json").json if each["upstream"] == "main"]
    assert {each["tier"]: each["price"]["output"] for each in main["otherwise"]}["priority"] == 20_000_000_000
    assert "priority" not in bursar("prices").out


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
