"""`bursar config` and `bursar cap` change the file, keep its comments, and never break it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bursar.config.template import example

Bursar = Callable[..., Any]


@pytest.fixture
def file(config_file: Path) -> Path:
    config_file.parent.mkdir()
    config_file.write_text('# mine\n[server]\nport = 4141  # usual\n\n[caps.daily]\nusd = "5.00"\nevery = "day"\n')
    return config_file


def test_where_and_what_it_is(bursar: Bursar, file: Path) -> None:
    assert bursar("config", "path").out == f"{file}\n"
    assert bursar("config", "path", "--config", "/x/y.toml").out == "/x/y.toml\n"
    assert bursar("config", "show").out == file.read_text()
    assert bursar("config", "example").out == example()


def test_a_right_one_is_said_to_be_right(bursar: Bursar, file: Path) -> None:
    ran = bursar("config", "check")
    assert (ran.status, ran.out) == (0, f"{file} is right: 0 upstreams, 0 aliases, 0 prices, 1 caps.\n")
    assert bursar("config", "check", "--json").json["ok"] is True


def test_without_a_file_the_way_to_one_is_said(bursar: Bursar) -> None:
    ran = bursar("config", "check")
    assert ran.status == 0
    assert "bursar init" in ran.out
    assert bursar("config", "show").status == 1


def test_all_problems_are_said_with_their_lines(bursar: Bursar, file: Path) -> None:
    file.write_text("[server]\nport = true\nhots = 1\n")
    ran = bursar("config", "check")
    assert (ran.status, ran.out) == (1, "")
    assert [line.partition(": ")[0] for line in ran.err.splitlines()] == [f"{file}, line 2", f"{file}, line 3"]
    found = bursar("config", "check", "--json")
    assert (found.status, [problem["line"] for problem in found.json["problems"]]) == (1, [2, 3])
    assert found.json["problems"][1]["nearest"] == "host"


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("server.port", "4242", "port = 4242  # usual"),
        ("caps.daily.usd", "7.5", 'usd = "7.5"'),
        ("caps.daily.usd", '"8.00"', 'usd = "8.00"'),
        ("caps.daily.every", "week", 'every = "week"'),
        ("log.level", "debug", '[log]\nlevel = "debug"'),
        ('prices."m/x"', '{ input = "1", output = "2" }', '[prices."m/x"]\ninput = "1"'),
    ],
)
def test_a_setting_is_set_as_people_type_it(bursar: Bursar, file: Path, key: str, value: str, written: str) -> None:
    ran = bursar("config", "set", key, value)
    assert (ran.status, ran.out) == (0, "")
    assert written in file.read_text()
    assert file.read_text().startswith("# mine\n")


def test_nothing_is_changed_by_what_cannot_be(bursar: Bursar, file: Path) -> None:
    before = file.read_text()
    for words in (
        ["config", "set", "server.port", "99999"],
        ["config", "set", "server.prot", "1"],
        ["config", "set", "server..port", "1"],
        ["config", "remove", "caps.weekly"],
        ["config", "remove", "caps.daily.every"],
        ["cap", "set", "bad name", "5usd/day"],
        ["cap", "set", "up", "5usd/day", "--upstream", "nowhere"],
    ):
        ran = bursar(*words)
        assert ran.status == 1, words
        assert "Nothing was changed" in ran.err
        assert file.read_text() == before


def test_caps_are_made_listed_changed_and_removed(bursar: Bursar, file: Path) -> None:
    assert bursar("cap", "set", "laptop-day", "2usd/day", "--key", "laptop").status == 0
    assert bursar("cap", "set", "big", "100requests/month", "--model", "gpt-5*").status == 0
    assert bursar("cap", "set", "daily", "1ktokens/hour").status == 0
    listed = {cap["name"]: cap for cap in bursar("cap", "list", "--json").json}
    assert listed["daily"] == {"name": "daily", "unit": "tokens", "limit": 1000, "every": "hour", "scope": "everything"}
    assert (listed["laptop-day"]["limit"], listed["laptop-day"]["scope"]) == (2_000_000_000, "key laptop")
    assert "100 requests  month  model gpt-5*" in bursar("cap", "list").out
    assert bursar("cap", "remove", "big").status == 0
    assert "big" not in file.read_text()


def test_a_cap_has_one_scope(bursar: Bursar, file: Path) -> None:
    assert bursar("cap", "set", "x", "5usd/day", "--key", "a", "--model", "b").status == 2


def test_the_first_cap_makes_the_file(bursar: Bursar, config_file: Path) -> None:
    assert bursar("cap", "list").out.startswith("There is no cap.")
    assert bursar("cap", "set", "daily", "5usd/day").status == 0
    assert config_file.stat().st_mode & 0o777 == 0o600


def test_an_editor_of_ones_own_is_run_and_its_work_checked(
    bursar: Bursar, config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "my editor.py"
    program.write_text("import sys; open(sys.argv[1], 'a').write('[server]\\nport = 4242\\n')")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} '{program}'")
    assert bursar("config", "edit").status == 0
    assert config_file.read_text().endswith("[server]\nport = 4242\n")
    again = bursar("config", "edit")
    assert again.status == 1
    assert "declare" in again.err
    monkeypatch.setenv("EDITOR", "/no/such/editor")
    assert "cannot be run" in bursar("config", "edit").err
