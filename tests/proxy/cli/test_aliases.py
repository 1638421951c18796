"""`bursar alias`, and new upstreams, plans and wallets: written to the file, with and without a running proxy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bursar.cli.aliases import moved
from bursar.cli.exits import Failed

Bursar = Callable[..., Any]

TEXT = """\
# mine
[upstreams.main]   # the one
kind = "ollama"

[aliases.fast]   # for typing
routes = ["main/a", "main/b", "main/c"]
"""


@pytest.fixture
def file(config_file: Path) -> Path:
    config_file.parent.mkdir()
    config_file.write_text(TEXT)
    return config_file


@pytest.mark.parametrize(
    ("place", "to", "chain"),
    [
        (0, "down", "bac"),
        (0, "up", "abc"),
        (2, "up", "acb"),
        (2, "down", "abc"),
        (2, "first", "cab"),
        (0, "last", "bca"),
        (0, "2", "bac"),
        (2, "1", "cab"),
    ],
)
def test_where_a_route_goes(place: int, to: str, chain: str) -> None:
    assert "".join(moved(list("abc"), place, to)) == chain


@pytest.mark.parametrize("to", ["0", "4", "-1", "", "sideways", "²"])
def test_what_is_no_place(to: str) -> None:
    with pytest.raises(Failed, match="is none of up, down, first, last and the places 1 to 3"):
        moved(list("abc"), 0, to)


def test_a_chain_is_set_moved_and_taken_apart(bursar: Bursar, file: Path) -> None:
    def chain() -> Any:
        return bursar("alias", "list", "--json").json[0]["routes"]

    assert bursar("alias", "move", "fast", "main/c", "first").status == 0
    assert chain() == ["main/c", "main/a", "main/b"]
    assert bursar("alias", "move", "fast", "1", "down").status == 0
    assert bursar("alias", "add", "fast", "main/d", "--first").status == 0
    assert bursar("alias", "add", "fast", "main/d").status == 0
    assert chain() == ["main/d", "main/a", "main/c", "main/b", "main/d"]
    assert bursar("alias", "remove", "fast", "5").status == 0
    assert bursar("alias", "remove", "fast", "main/a").status == 0
    assert chain() == ["main/d", "main/c", "main/b"]
    assert file.read_text().startswith(
        '# mine\n[upstreams.main]   # the one\nkind = "ollama"\n\n[aliases.fast]   # for'
    )
    assert bursar("alias", "set", "fast", "main/x", "--continue", "verify").status == 0
    assert bursar("alias", "set", "deep", "main/y", "main/y").status == 0
    assert bursar("alias", "list").out.splitlines()[1:] == [
        "fast   1  main/x  verify",
        "deep   1  main/y  off",
        "       2  main/y",
    ]
    assert bursar("alias", "remove", "deep").status == 0
    assert "deep" not in file.read_text()


def test_what_cannot_be_changes_nothing(bursar: Bursar, file: Path) -> None:
    for words, why in (
        (["alias", "set", "fast", "nowhere/a"], "nowhere"),
        (["alias", "set", "bad name", "main/a"], "bad name"),
        (["alias", "set", "fast", "\x1b[31mx"], "upstream/model"),
        (["alias", "move", "fast", "main/z", "up"], "main/z"),
        (["alias", "move", "slow", "main/a", "up"], "There is no alias 'slow' (fast)"),
        (["alias", "remove", "slow"], "not in the file"),
        (["upstream", "remove", "main"], "which does not exist"),
        (["upstream", "add", "main", "--kind", "ollama"], "already"),
        (["upstream", "add", "other", "--kind", "openai_compatible"], "base_url"),
        (["plan", "add", "p", "--upstream", "main", "--tokens", "many", "--every", "month"], "whole number"),
        (["plan", "add", "p", "--upstream", "none", "--tokens", "5", "--every", "month"], "none"),
        (["wallet", "add", "w", "--upstream", "main", "--low", "much"], "US dollars"),
        (["wallet", "remove", "w"], "not in the file"),
    ):
        ran = bursar(*words)
        assert ran.status in (1, 2), words
        assert why in ran.err, ran.err
        assert "\x1b" not in ran.err
        assert file.read_text() == TEXT
    file.write_text(TEXT.replace(', "main/b", "main/c"', ""))
    assert "bursar alias remove fast" in bursar("alias", "remove", "fast", "1").err


def test_upstreams_plans_and_wallets_come_and_go(bursar: Bursar, file: Path) -> None:
    factor = ("--price-factor", "0.7", "--secret", "env:KEY")
    assert bursar("upstream", "add", "far", "--kind", "aporto", *factor).status == 0
    assert bursar("wallet", "add", "far", "--upstream", "far", "--low", "15", "--link", "https://a.example").status == 0
    cycle = ("--every", "month from 12th", "--overflow", "wallets.far", "--overflow-limit", "50")
    assert (
        bursar("plan", "add", "far", "--upstream", "far", "--weighted-tokens", "5_000_000", *cycle, "--model", "x-*")
    ).status == 0
    assert bursar("config", "check").status == 0
    assert file.read_text() == TEXT + (
        '\n[upstreams.far]\nkind = "aporto"\nsecret = "env:KEY"\nprice_factor = "0.7"\n'
        '\n[wallets.far]\nupstream = "far"\nlow = "15"\nlink = "https://a.example"\n'
        '\n[plans.far]\nupstream = "far"\nmodels = [\n    "x-*",\n]\nweighted_tokens = 5000000\n'
        'every = "month from 12th"\noverflow = "wallets.far"\noverflow_limit = "50"\n'
    )
    for what in ("plan", "wallet", "upstream"):
        assert bursar(what, "remove", "far").status == 0
    assert "far" not in file.read_text()


def test_a_running_proxy_takes_each_of_them_up(bursar: Bursar, proxy: str) -> None:
    assert proxy
    for words in (
        ["alias", "add", "fast", "practice/practice-small"],
        ["alias", "move", "fast", "2", "first"],
        ["upstream", "add", "far", "--kind", "openai_compatible", "--base-url", "http://127.0.0.1:9/v1"],
        ["wallet", "add", "far", "--upstream", "far"],
        ["plan", "add", "far", "--upstream", "far", "--requests", "5", "--every", "day", "--overflow", "wallets.far"],
    ):
        ran = bursar(*words)
        assert (ran.status, "and in force." in ran.err) == (0, True), ran.err
    assert [each["account"]["name"] for each in bursar("plan", "list", "--json").json] == ["far"]
    assert [each["account"]["name"] for each in bursar("wallet", "list", "--json").json] == ["far"]
    assert [each["name"] for each in bursar("upstream", "list", "--json").json] == ["practice", "far"]
