"""`config.example.toml` shows every setting there is, with the default that it has and the meaning that it has."""

import tomllib
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from bursar.config.load import load, parse
from bursar.config.schema import NAMED_TABLES, TABLES
from bursar.config.setting import Setting, written_name
from bursar.config.template import example, starter

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"


def sections() -> dict[str, list[str]]:
    """The lines of each table, by the table's first name."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if line.startswith("["):
            lines = found.setdefault(line.strip("[]").partition(".")[0], [])
        lines.append(line)
    return found


def every_setting() -> list[Any]:
    tables = {**TABLES, **NAMED_TABLES}
    return [
        pytest.param(table, each, id=f"{table}.{each.name}")
        for table, kind in tables.items()
        for each in fields(kind)
        if "setting" in each.metadata
    ]


def test_the_example_is_what_the_program_prints() -> None:
    assert EXAMPLE.read_text("utf-8") == example()


def test_the_example_loads() -> None:
    config = load(EXAMPLE, environ={})
    assert (list(config.upstreams), list(config.aliases), list(config.caps)) == (["main"], ["fast"], ["laptop-day"])


@pytest.mark.parametrize(("table", "each"), every_setting())
def test_each_setting_stands_in_its_table_with_meaning_and_default(table: str, each: Field[Any]) -> None:
    known: Setting = each.metadata["setting"]
    lines, name = sections()[table], written_name(each.name)
    (place,) = [place for place, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{name} = ")]
    assert lines[place - 1].removesuffix(" For example:") == f"# {known.meaning}"
    value = known.read(tomllib.loads(lines[place].removeprefix("# "))[name])
    if lines[place].startswith("# ") and not lines[place - 1].endswith(" For example:"):
        assert each.default not in (None, MISSING)
        assert value == each.default


def test_a_first_configuration_loads_and_says_what_it_was_given() -> None:
    text = starter(
        {
            "upstreams": {"main": {"kind": "openai", "secret": "keyring:main"}, "here": {"kind": "ollama"}},
            "aliases": {"fast": {"routes": ["main/gpt-4.1-mini", "here/qwen3:8b"]}},
            "prices": {"here/qwen3:8b": {"free": True}},
            "caps": {"daily": {"usd": "5.00", "every": "day"}},
        }
    )
    config = parse(text.encode(), Path("config.toml"), environ={})
    assert list(config.upstreams) == ["main", "here"]
    assert [str(route) for route in config.aliases["fast"].routes] == ["main/gpt-4.1-mini", "here/qwen3:8b"]
    assert config.prices["here/qwen3:8b"].is_free
    assert config.caps["daily"].usd == 5_000_000_000
    assert text.startswith("# ")


def test_an_empty_first_configuration_loads() -> None:
    assert not parse(starter({}).encode(), Path("config.toml"), environ={}).upstreams
