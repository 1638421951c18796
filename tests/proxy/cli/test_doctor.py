"""`bursar doctor` finds what is wrong, says what to do, and its exit status can be trusted."""

import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Bursar = Callable[..., Any]


def states(ran: Any) -> dict[str, str]:
    return {finding["check"]: finding["state"] for finding in ran.json}


def sentence(ran: Any, check: str) -> str:
    return next(str(each["sentence"]) for each in ran.json if each["check"] == check and each["state"] != "well")


def test_a_running_proxy_that_is_well(bursar: Bursar, proxy: str) -> None:
    bursar("key", "issue", "laptop")
    ran = bursar("doctor", "--json")
    assert ran.status == 0
    assert {state for check, state in states(ran).items() if check != "keyring"} == {"well"}
    assert {"configuration", "service", "port", "ledger", "vocabulary", "upstream practice"} <= set(states(ran))
    lines = bursar("doctor").out.splitlines()
    assert all(line[0] in "✓·✗" for line in lines)


def test_a_fresh_machine_has_notes_and_no_problems(bursar: Bursar, home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[server]\nport = 0\n")
    ran = bursar("doctor", "--json")
    assert ran.status == 0
    assert states(ran)["service"] == states(ran)["ledger"] == states(ran)["upstream"] == "note"
    assert "bursar serve" in sentence(ran, "service")
    assert "bursar init" in sentence(ran, "upstream")


def test_a_broken_configuration(bursar: Bursar, config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text("[server]\nport = 'x'\nhots = 1\n")
    ran = bursar("doctor", "--json", "--offline")
    assert ran.status == 1
    assert [each["sentence"].partition(": ")[0] for each in ran.json if each["state"] == "problem"][:2] == [
        f"{config_file}, line 2",
        f"{config_file}, line 3",
    ]


def test_a_port_that_somebody_holds(bursar: Bursar, config_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        config_file.parent.mkdir()
        config_file.write_text(f"[server]\nport = {port}\n")
        ran = bursar("doctor", "--json", "--offline")
    assert (ran.status, states(ran)["port"]) == (1, "problem")
    assert f"server.port {port + 1}" in sentence(ran, "port")


def test_an_upstream_that_is_not_there_and_a_key_that_is_not(
    bursar: Bursar, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("NOT_SET", raising=False)
    config_file.parent.mkdir()
    config_file.write_text(
        """
[server]
port = 0
[upstreams.gone]
kind = "ollama"
base_url = "http://127.0.0.1:9/v1"
[upstreams.keyless]
kind = "openai"
secret = "env:NOT_SET"
"""
    )
    ran = bursar("doctor", "--json")
    assert ran.status == 1
    assert (states(ran)["upstream gone"], states(ran)["upstream keyless"]) == ("problem", "problem")
    assert "NOT_SET is not set" in sentence(ran, "upstream keyless")
    assert bursar("doctor", "--json", "--offline").json != ran.json


def test_a_damaged_ledger(bursar: Bursar, home: Path, config_file: Path) -> None:
    bursar("key", "issue", "laptop")
    config_file.write_text("[server]\nport = 0\n")
    assert bursar("doctor", "--json", "--offline").status == 0
    database = home / "data" / "ledger.sqlite3"
    content = bytearray(database.read_bytes())
    content[4096:12288] = b"\xa5" * 8192
    database.write_bytes(content)
    ran = bursar("doctor", "--json", "--offline")
    assert (ran.status, states(ran)["ledger"]) == (1, "problem")
    assert "backup" in sentence(ran, "ledger")


def test_a_ledger_that_does_not_add_up(bursar: Bursar, proxy: str, home: Path, call: Callable[..., Any]) -> None:
    assert call(proxy, bursar("key", "issue", "laptop", "--json").json["key"])[0] == 200
    assert states(bursar("doctor", "--json"))["ledger"] == "well"
    bursar("stop")
    with closing(sqlite3.connect(home / "data" / "ledger.sqlite3")) as connection, connection:
        connection.execute("UPDATE standing SET settled = settled + 1")
        assert connection.total_changes == 1
    ran = bursar("doctor", "--json", "--offline")
    assert states(ran)["ledger"] == "problem"
    assert "does not add up" in sentence(ran, "ledger")


def test_files_that_are_open_to_others(bursar: Bursar, home: Path, config_file: Path) -> None:
    bursar("key", "issue", "laptop")
    config_file.write_text("[server]\nport = 0\n")
    (home / "data" / "ledger.sqlite3").chmod(0o644)
    config_file.chmod(0o666)
    ran = bursar("doctor", "--json", "--offline")
    assert ran.status == 1
    assert sum(each["check"] == "files" and "chmod 600" in each["sentence"] for each in ran.json) == 2
