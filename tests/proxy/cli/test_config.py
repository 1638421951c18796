"""`bursar config` and `bursar cap` change the file, keep its comments, and never break it."""

import io
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
    answer(monkeypatch)
    again = bursar("config", "edit")
    assert again.status == 1
    assert "declare" in again.err
    monkeypatch.setenv("EDITOR", "/no/such/editor")
    assert "cannot be run" in bursar("config", "edit").err


def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str) -> None:
    """An editor that does this to the text; `turn` counts how often it was opened."""
    program = tmp_path / "editor.py"
    program.write_text(
        f"""
import pathlib, sys
file, count = pathlib.Path(sys.argv[1]), pathlib.Path({str(tmp_path / "count")!r})
turn = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(turn))
text = file.read_text()
{work}
file.write_text(text)
"""
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} '{program}'")


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """What the person types at the questions; then nobody is there."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{each}\n" for each in lines)))


def test_problems_are_shown_and_it_is_edited_again(
    bursar: Bursar, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, "text = text.replace('4141', 'true') if turn == 1 else text.replace('true', '4242')")
    answer(monkeypatch, "")
    ran = bursar("config", "edit")
    assert (ran.status, "line 3: server.port must be a whole number" in ran.err) == (0, True)
    assert "port = 4242  # usual" in file.read_text()


def test_who_gives_up_loses_nothing(
    bursar: Bursar, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_text()
    editor(tmp_path, monkeypatch, "text += '[serve]\\n# an hour of work\\n'")
    answer(monkeypatch, "n")
    ran = bursar("config", "edit")
    kept = file.with_name("config.toml.kept-1")
    assert (ran.status, file.read_text()) == (1, before)
    assert f"What you wrote is in {kept}." in ran.err
    assert kept.read_text() == before + "[serve]\n# an hour of work\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    answer(monkeypatch)
    assert "config.toml.kept-2" in bursar("config", "edit").err


def test_nobody_is_overwritten_by_who_edits_for_long(
    bursar: Bursar, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = f"pathlib.Path({str(file)!r}).write_text(text + '# theirs\\n')"
    editor(tmp_path, monkeypatch, f"{theirs}\ntext = text.replace('5.00', '9.00')")
    answer(monkeypatch, "n")
    ran = bursar("config", "edit")
    assert (ran.status, "changed by someone else meanwhile" in ran.err, "+# theirs" in ran.err) == (1, True, True)
    assert ("# theirs" in file.read_text(), "9.00" in file.read_text()) == (True, False)
    assert "9.00" in file.with_name("config.toml.kept-1").read_text()
    answer(monkeypatch, "y")
    assert bursar("config", "edit").status == 0
    assert "9.00" in file.read_text()


def test_an_editor_that_changes_nothing_or_fails(
    bursar: Bursar, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.stat().st_mtime_ns
    editor(tmp_path, monkeypatch, "")
    assert bursar("config", "edit").out == "Nothing was changed.\n"
    editor(tmp_path, monkeypatch, "sys.exit(3)")
    ran = bursar("config", "edit")
    assert (ran.status, "ended with status 3" in ran.err) == (1, True)
    editor(tmp_path, monkeypatch, "file.unlink(); sys.exit()")
    assert "left no file" in bursar("config", "edit").err
    assert file.stat().st_mtime_ns == before


def test_one_setting_or_table_is_shown(bursar: Bursar, file: Path) -> None:
    assert bursar("config", "show", "server.port").out == "4141\n"
    assert bursar("config", "show", "caps.daily").out == 'usd = "5.00"\nevery = "day"\n'
    assert bursar("config", "show", "caps.daily.usd").out == "5.00\n"
    for key in ("caps.weekly", "server.port.x", "a..b"):
        assert bursar("config", "show", key).status == 1


def test_a_setting_is_unset(bursar: Bursar, file: Path) -> None:
    assert bursar("config", "unset", "caps.daily").status == 0
    assert "daily" not in file.read_text()
    assert bursar("config", "unset", "caps.daily").status == 1
