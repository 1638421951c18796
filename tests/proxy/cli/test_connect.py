"""`bursar connect` against a running proxy: entered, written, verified by a call that the proxy has seen, undone."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.commands import Home, serving

from bursar.cli.connecting.table import CLIENTS

Bursar = Callable[..., Any]

WRITERS = ("aider", "cline", "continue", "opencode", "zed")


ALIASES = """
[aliases.fast]
routes = ["practice/practice-chunks-2"]
[aliases.broken]
routes = ["practice/fault-close-midstream"]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One proxy for all of these tests, each of which uses keys of its own names."""
    with serving(tmp_path_factory.mktemp("connected"), ALIASES) as place:
        yield place


@pytest.fixture
def home(place: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of that proxy, for the commands of one test."""
    monkeypatch.setenv("BURSAR_HOME", str(place.folder))
    return place.folder


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of a user of those clients."""
    for name in ("XDG_CONFIG_HOME", "CODEX_HOME", "CLINE_DIR", "CONTINUE_GLOBAL_DIR", "OPENCODE_CONFIG", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "user"))
    return tmp_path / "user"


def files(user: Path) -> list[Path]:
    return sorted(each for each in user.rglob("*") if each.is_file())


@pytest.mark.parametrize("client", WRITERS)
def test_a_client_is_written_verified_and_put_back(client: str, user: Path, bursar: Bursar) -> None:
    ran = bursar("connect", client, "--write", "--cap", "1usd/day", "--project", "site")
    assert ran.status == 0, ran.err
    [file] = files(user)
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    [key] = [each for each in bursar("key", "list", "--json").json if each["name"] == client]
    if client != "zed":
        assert f"…{key['hint']}" not in ran.out
        assert key["hint"] in file.read_text()
        assert not [word for word in ran.out.split() if word.strip('",').startswith("bk-") and len(word) > 12]
    assert f"Arrived, in the manner of {CLIENTS[client].title}: exchange " in ran.out
    assert "$0.0" in ran.out
    [row] = [each for each in map(json.loads, bursar("log", "--json").out.splitlines()) if each["key"] == client]
    assert (row["alias"], row["project"], row["status"]) == ("fast", "site", 200)
    assert row["stream"] is True
    assert any(cap["name"] == f"{client}-day" for cap in bursar("cap", "list", "--json").json)
    ran = bursar("connect", client, "--undo")
    assert ran.status == 0
    assert files(user) == []
    assert f"bursar key revoke {client}" in ran.out
    assert bursar("connect", client, "--undo").status == 1


def test_written_again_the_key_in_the_file_is_used_again(user: Path, bursar: Bursar) -> None:
    words = ("connect", "cline", "--write", "--no-verify", "--name", "again")
    assert bursar(*words).status == 0
    [file] = files(user)
    first = json.loads(file.read_text())["providers"]["openai-compatible"]["settings"]["apiKey"]
    assert bursar(*words, "--model", "practice/practice-small").status == 0
    settings = json.loads(file.read_text())["providers"]["openai-compatible"]["settings"]
    assert (settings["apiKey"], settings["model"]) == (first, "practice/practice-small")
    file.unlink()
    ran = bursar(*words)
    assert (ran.status, "--new-key" in ran.err) == (1, True)
    assert files(user) == []
    assert bursar(*words, "--new-key").status == 0
    assert json.loads(file.read_text())["providers"]["openai-compatible"]["settings"]["apiKey"] != first


def test_a_file_changed_since_is_put_back_only_where_that_is_said(user: Path, bursar: Bursar) -> None:
    file = user / ".aider.conf.yml"
    user.mkdir()
    file.write_text("# mine\ndark-mode: true\n")
    assert bursar("connect", "aider", "--write", "--no-verify", "--name", "changed").status == 0
    file.write_text(f"{file.read_text()}vim: true\n")
    ran = bursar("connect", "aider", "--undo")
    assert (ran.status, "-vim: true" in ran.out) == (1, True)
    assert bursar("connect", "aider", "--undo", "--yes").status == 0
    assert file.read_text() == "# mine\ndark-mode: true\n"


def test_a_file_that_cannot_be_changed_safely_costs_no_key(user: Path, bursar: Bursar) -> None:
    file = user / ".config" / "opencode" / "opencode.json"
    file.parent.mkdir(parents=True)
    file.write_text("not json at all")
    ran = bursar("connect", "opencode", "--write", "--name", "unsafe")
    assert (ran.status, "Nothing was changed" in ran.err) == (1, True)
    assert file.read_text() == "not json at all"
    assert "unsafe" not in bursar("key", "list").out


def test_what_to_enter_with_a_new_key_and_with_one_that_is_there(
    bursar: Bursar, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = bursar("connect", "openai", "--name", "scripts")
    assert (ran.status, "not shown again" in ran.out, "Arrived" in ran.out) == (0, True, True)
    key = next(word.partition("=")[2] for word in ran.out.split() if word.startswith("OPENAI_API_KEY="))
    ran = bursar("connect", "openai", "--name", "scripts")
    assert (ran.status, key in ran.out, "as it was shown" in ran.out) == (0, False, True)
    assert "Not verified" in ran.out
    monkeypatch.setenv("MY_KEY", key)
    ran = bursar("connect", "openai", "--key", "env:MY_KEY", "--project", "site")
    assert ran.status == 0
    assert "/p/site/v1" in ran.out
    assert 'key "scripts"' in ran.out
    ran = bursar("connect", "openai", "--key", "env:NOTHING")
    assert ran.status == 1


def test_what_does_not_arrive_is_said(bursar: Bursar) -> None:
    ran = bursar("connect", "cline", "--name", "lost", "--model", "no-such-model")
    assert (ran.status, "It did not arrive: 404" in ran.err) == (1, True)
    ran = bursar("connect", "cline", "--name", "cut", "--model", "broken")
    assert (ran.status, "It did not arrive" in ran.err) == (1, True)


def test_codex_is_told_what_is_missing_or_is_connected(user: Path, bursar: Bursar) -> None:
    ran = bursar("connect", "codex", "--write")
    if ran.status == 0:
        assert "Arrived" in ran.out
        return
    assert "/v1/responses" in ran.err
    assert files(user) == []
    assert "codex" not in bursar("key", "list").out
    # Continue asks for models of some names in that way too.
    ran = bursar("connect", "continue", "--write", "--model", "gpt-5-mini", "--name", "o-names")
    assert (ran.status, "Choose an alias of another name" in ran.err) == (1, True)
    assert "o-names" not in bursar("key", "list").out


def test_no_file_of_ones_own_and_a_file_that_is_named(user: Path, bursar: Bursar) -> None:
    ran = bursar("connect", "openai", "--write")
    assert (ran.status, "--path .env" in ran.err) == (1, True)
    file = user / ".env"
    ran = bursar("connect", "openai", "--write", "--path", str(file), "--name", "dotenv", "--no-verify")
    assert ran.status == 0
    assert file.read_text().startswith("OPENAI_BASE_URL=http://127.0.0.1:")


def test_without_a_proxy_it_is_written_and_said(
    user: Path, bursar: Bursar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "alone"
    folder.mkdir()
    monkeypatch.setenv("BURSAR_HOME", str(folder))
    ran = bursar("connect", "cline", "--write")
    assert (ran.status, "bursar init" in ran.err) == (1, True)
    (folder / "config.toml").write_text(
        '[upstreams.u]\nkind = "ollama"\n[aliases.coder]\nroutes = ["u/m"]\n[server]\nport = 4999\n'
    )
    ran = bursar("connect", "cline", "--write")
    assert (ran.status, "bursar serve" in ran.err) == (3, True)
    settings = json.loads(files(user)[0].read_text())["providers"]["openai-compatible"]["settings"]
    assert (settings["model"], settings["baseUrl"]) == ("coder", "http://127.0.0.1:4999/v1")
    assert bursar("connect", "codex").status == 3


def test_what_would_be_written_is_shown_and_nothing_is_done(user: Path, bursar: Bursar) -> None:
    ran = bursar("connect", "cline", "--write", "--dry-run", "--name", "dry")
    assert ran.status == 0
    assert any(line.startswith("+") and '"baseUrl"' in line for line in ran.out.splitlines())
    assert 'Its key: "dry", which is issued for it.' in ran.out
    assert files(user) == []
    assert "dry" not in {each["name"] for each in bursar("key", "list", "--json").json}
    bursar("key", "issue", "dry")
    ran = bursar("connect", "cline", "--write", "--dry-run", "--name", "dry")
    assert (ran.status, "--new-key" in ran.err) == (1, True)
    assert "in place of" in bursar("connect", "cline", "--write", "--dry-run", "--name", "dry", "--new-key").out
    entered = bursar("connect", "cline", "--dry-run", "--name", "dry").out
    assert "API Key       bk-…" in entered
    assert "https://NAME-OF-THE-TUNNEL/v1" in bursar("connect", "cursor", "--dry-run").out


def test_the_programs_are_listed_and_which_of_them_are_connected(user: Path, bursar: Bursar) -> None:
    (user / ".config" / "zed").mkdir(parents=True)
    assert bursar("connect", "cline", "--write", "--name", "listed", "--no-verify").status == 0
    found = {each["name"]: each for each in bursar("connect", "--json").json["clients"]}
    assert set(found) == set(CLIENTS)
    assert (found["cline"]["connected"], found["cline"]["there"]) == (True, True)
    assert (found["zed"]["connected"], found["zed"]["there"], found["zed"]["writes"]) == (False, True, True)
    assert (found["cursor"]["writes"], found["cursor"]["file"]) == (False, None)
    rows = bursar("connect").out.splitlines()
    assert any(row.startswith("cline") and "connected" in row for row in rows)
    before = (user / ".cline" / "data" / "settings" / "providers.json").read_text()
    ran = bursar("connect", "cline", "--undo", "--dry-run")
    assert any(line.startswith("-") for line in ran.out.splitlines())
    assert (user / ".cline" / "data" / "settings" / "providers.json").read_text() == before
    assert bursar("connect", "cline", "--undo").status == 0
