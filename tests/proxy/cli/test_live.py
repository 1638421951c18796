"""The commands against a proxy that runs: what they ask, what they change at once, and how it ends."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Bursar = Callable[..., Any]
Call = Callable[[str, str], tuple[int, dict[str, Any]]]
Start = Callable[..., "subprocess.Popen[str]"]


def test_a_day_with_the_proxy(bursar: Bursar, proxy: str, config_file: Path, call: Call) -> None:
    key = bursar("key", "issue", "laptop", "--cap", "100usd/day", "--json")
    assert key.status == 0
    assert "and in force" in key.err
    status, answer = call(proxy, key.json["key"])
    assert (status, answer["usage"]["completion_tokens"]) == (200, 20)
    cost_nano = answer["usage"]["prompt_tokens"] * 3_000 + 20 * 15_000

    seen = bursar("status", "--json").json
    assert (seen["running"], seen["public_url"], seen["config_file"]) == (True, proxy, str(config_file))
    standings = {each["name"]: each for each in seen["standings"]}
    assert set(standings) == {"daily", "laptop-day"}
    for standing in standings.values():
        assert (standing["settled"], standing["held"], standing["unit"]) == (cost_nano, 0, "nano_dollars")
        assert standing["available"] == standing["granted"] - cost_nano
    assert proxy in bursar("status").out

    by_key = bursar("usage", "--by", "key", "--json").json
    assert [(row["label"], row["requests"], row["cost_nano"]) for row in by_key["rows"]] == [("laptop", 1, cost_nano)]
    rows = bursar("usage", "--by", "model", "--since", "today", "--csv").out.splitlines()
    assert rows[1].startswith("practice-tokens-20,1,")
    assert "laptop" in bursar("usage", "--by", "key").out
    only = bursar("usage", "--by", "day", "--only", "key=laptop", "--json").json
    assert [row["requests"] for row in only["rows"]] == [1]
    assert bursar("usage", "--only", "key=other", "--json").json["rows"] == []
    assert "headings are" in bursar("usage", "--only", "color=red").err
    (listed,) = bursar("key", "list", "--json").json
    assert listed["last_client"] == "test/1"

    assert bursar("cap", "set", "stop", "0usd/day").status == 0
    status, answer = call(proxy, key.json["key"])
    assert (status, answer["error"]["code"]) == (402, "budget_exceeded")
    assert bursar("cap", "remove", "stop").status == 0
    assert call(proxy, key.json["key"])[0] == 200

    assert bursar("key", "revoke", "laptop").status == 0
    assert call(proxy, key.json["key"])[0] == 401

    assert bursar("stop").out.endswith("Stopped.\n")
    assert bursar("status").status == 3


def test_a_broken_file_leaves_the_old_one_in_force(bursar: Bursar, proxy: str, config_file: Path) -> None:
    text = config_file.read_text()
    config_file.write_text(text + "[nonsense]\n")
    ran = bursar("reload")
    assert ran.status == 1
    assert "nonsense is not a setting" in ran.err
    status = bursar("status", "--json").json
    assert [each["name"] for each in status["standings"]] == ["daily"]
    assert status["broken"].startswith(f"The new configuration is not in force: {config_file}, line ")
    assert status["broken"] in bursar("status").out
    assert status["broken"] in bursar("doctor", "--offline").out
    config_file.write_text(text)
    assert bursar("reload").status == 0


def test_the_file_that_is_changed_is_the_one_in_force(
    bursar: Bursar, start: Start, practice: str, home: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[server]\nport = 0\n")
    process = start("serve", "--config", str(other))
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening on")
    assert bursar("cap", "set", "daily", "5usd/day").status == 0
    assert "caps.daily" in other.read_text()
    assert not (home / "config.toml").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serving_ends_in_good_order(start: Start, home: Path, number: signal.Signals) -> None:
    process = start("serve", "--port", "0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening on")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_what_keeps_a_proxy_from_starting_is_a_sentence(
    bursar: Bursar, start: Start, proxy: str, config_file: Path, tmp_path: Path
) -> None:
    port = proxy.rpartition(":")[2].partition("/")[0]
    again = start("serve", "--port", port)
    _, err = again.communicate(timeout=60)
    assert again.returncode == 4
    assert "in use" in err
    assert "Traceback" not in err

    config_file.write_text("[server]\nport = 'x'\n")
    assert "server.port must be" in bursar("serve").err

    held = start("key", "issue", "x", env={"BURSAR_HOME": str(tmp_path / "other")})
    assert held.communicate(timeout=60)[0].startswith("bk-")


def test_a_proxy_that_was_killed_is_not_running(bursar: Bursar, start: Start, home: Path) -> None:
    process = start("serve", "--port", "0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening on")
    process.kill()
    process.wait(60)
    assert bursar("status").status == 3
    assert bursar("key", "issue", "laptop", "--json").status == 0


def test_stop_waits_until_the_process_has_ended(bursar: Bursar, start: Start, home: Path) -> None:
    process = start("serve", "--port", "0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening on")
    assert bursar("stop").status == 0
    assert process.wait(60) == 0
