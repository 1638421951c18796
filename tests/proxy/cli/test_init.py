"""`bursar init` gets from nothing to a first call, asked or unattended, and gives no key away on the way."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.conversation import conversation

from bursar.config.load import load
from bursar.domain.cycle import Every
from bursar.domain.recurrence import Recurrence
from bursar.secrets.sealed_file import SealedFile

Bursar = Callable[..., Any]

CANARY = "sk-canary-0123456789"
PASSPHRASE = "a canary's long passphrase"


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_unattended_with_a_key_in_a_variable(
    bursar: Bursar, practice: str, home: Path, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_KEY", CANARY)
    address = practice.removesuffix("/v1")
    ran = bursar(
        *("init", "--yes", "--upstream", "other", "--name", "lab", "--base-url", address, "--key-env", "LAB_KEY"),
        *("--model", "practice-small", "--model", "practice-large", "--alias", "fast", "--cap", "2usd/week"),
    )
    assert ran.status == 0, ran.err
    config = load(config_file, environ={})
    assert (config.upstreams["lab"].base_url, str(config.upstreams["lab"].secret)) == (practice, "env:LAB_KEY")
    assert [str(route) for route in config.aliases["fast"].routes] == ["lab/practice-small", "lab/practice-large"]
    assert [(cap.name, cap.usd, cap.every) for cap in config.caps.values()] == [
        ("week", 2_000_000_000, Recurrence(Every.WEEK))
    ]
    assert "lists" in ran.err
    key = next(line.strip() for line in ran.out.splitlines() if line.startswith("  bk-"))
    for program in ("Cline", "Continue", "Cursor", "OPENAI_BASE_URL=http://127.0.0.1:4141/v1", f"apiKey: {key}"):
        assert program in ran.out
    assert CANARY not in ran.out + ran.err
    assert CANARY.encode() not in everything_in(home)
    assert key.encode() not in everything_in(home)


def test_what_a_cap_would_refuse_for_want_of_a_price_is_said_with_the_line_that_states_it(
    bursar: Bursar, practice: str
) -> None:
    words = ("init", "--yes", "--upstream", "other", "--name", "lab", "--base-url", practice, "--no-key")
    ran = bursar(*words, "--model", "practice-small")
    assert "No price is known for lab/practice-small. Unless" in ran.err
    set_it = next(line for line in ran.err.splitlines() if line.startswith("  bursar config set"))
    assert bursar(*shlex.split(set_it)[1:]).status == 0
    again = bursar(*words[:5], "lab2", *words[6:], "--model", "practice-small", "--alias", "more", "--json")
    assert "No price is known for lab2/practice-small" in again.err
    assert "lab/practice-small" not in again.err
    free = again.err.splitlines()[-1]
    assert bursar(*shlex.split(free)[1:]).status == 0
    assert again.json["model"] == "more"


def test_it_adds_to_what_is_there(bursar: Bursar, practice: str, config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text('# mine\n[caps.mine]\nusd = "1"\nevery = "day"\n')
    words = ["init", "--yes", "--upstream", "other", "--name", "lab", "--base-url", practice, "--no-key"]
    first = bursar(*words, "--json")
    assert (first.status, first.json["key"][:3], first.json["model"]) == (0, "bk-", None)
    config = load(config_file, environ={})
    assert (list(config.caps), list(config.upstreams), list(config.aliases)) == (["mine"], ["lab"], [])
    assert config_file.read_text().startswith("# mine\n")
    again = bursar(*words)
    assert again.status == 1
    assert 'There is an upstream "lab" already' in again.err
    second = bursar(*words[:5], "lab2", *words[6:], "--json")
    assert (second.status, second.json["key"]) == (0, None)
    assert list(load(config_file, environ={}).upstreams) == ["lab", "lab2"]


def test_a_key_from_standard_input_goes_where_it_is_safe(start: Any, practice: str, home: Path, tmp_path: Path) -> None:
    kept = tmp_path / "keys" / "lab"
    words = ["init", "--yes", "--upstream", "other", "--name", "lab", "--base-url", practice, "--key-stdin"]
    nowhere = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    process = start(*words, env=nowhere, stdin=subprocess.PIPE)
    out, err = process.communicate(f"Bearer {CANARY}\n", timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "no keyring" in err
    assert "--key-file" in err
    assert not (home / "config.toml").exists()

    process = start(*words, "--key-file", str(kept), "--json", env=nowhere, stdin=subprocess.PIPE)
    out, err = process.communicate(f"Bearer {CANARY}\n", timeout=60)
    assert process.returncode == 0, err
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == (f"{CANARY}\n", 0o600)
    assert CANARY not in out + err
    assert CANARY.encode() not in everything_in(home)


def test_an_upstream_that_says_no_stops_it_before_anything_is_written(bursar: Bursar, config_file: Path) -> None:
    words = ["init", "--yes", "--upstream", "other", "--base-url", "http://127.0.0.1:9", "--no-key"]
    ran = bursar(*words)
    assert (ran.status, ran.out) == (1, "")
    assert "cannot be reached" in ran.err
    assert not config_file.exists()
    assert bursar(*words, "--no-check").status == 0
    assert list(load(config_file, environ={}).upstreams) == ["other"]


@pytest.mark.parametrize(
    "words",
    [
        ["--yes"],
        ["--yes", "--upstream", "openai"],
        ["--yes", "--upstream", "other", "--no-key"],
        ["--yes", "--upstream", "other", "--no-key", "--base-url", "https://u:sk-canary@x"],
        ["--yes", "--upstream", "openai", "--key-env", "sk-canary 1"],
        ["--yes", "--upstream", "openai", "--key-env", "X", "--cap", "5"],
        ["--yes", "--upstream", "nonsense"],
    ],
)
def test_what_is_missing_or_wrong_is_wrong_use(bursar: Bursar, config_file: Path, words: list[str]) -> None:
    ran = bursar("init", *words)
    assert ran.status == 2
    assert "canary" not in ran.err
    assert not config_file.exists()


def test_a_broken_configuration_is_not_added_to(bursar: Bursar, config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text("[server]\nport = 'x'\n")
    ran = bursar("init", "--yes", "--upstream", "ollama", "--no-check")
    assert ran.status == 1
    assert "line 2" in ran.err


def test_asked_at_a_terminal_the_key_is_not_echoed(practice: str, home: Path, config_file: Path) -> None:
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "BURSAR_HOME": str(home),
    }
    offered = "  5  another one"
    screen = conversation(
        [sys.executable, "-m", "bursar", "init"],
        env,
        [
            ("Number [1]:", "x"),
            ("please", "other"),
            ("please", "5"),
            ("Its address", "nonsense://"),
            ("must be", practice),
            ("need a key?", ""),
            ("not shown):", CANARY),
            ('behind the alias "default"', "practice-small"),
            ("Spend at most", "5"),
            ("is missing", "3usd/day"),
            ("first client key", ""),
            ("Number [1]:", "2"),
            ("Which file", ""),
        ],
    )
    assert offered in screen
    assert "canary" not in screen
    config = load(config_file, environ={})
    assert config.upstreams["other"].base_url == practice
    key_file = home / "keys" / "other"
    assert str(config.upstreams["other"].secret) == f"file:{key_file}"
    assert (key_file.read_text(), key_file.stat().st_mode & 0o777) == (f"{CANARY}\n", 0o600)
    assert config.caps["daily"].usd == 3_000_000_000
    assert "  bk-" in screen


def test_without_a_keyring_the_key_is_sealed_by_a_passphrase(practice: str, home: Path, config_file: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "BURSAR_HOME": str(home)}
    env["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    words = ["--upstream", "other", "--base-url", practice, "--model", "practice-small", "--client", "laptop"]
    screen = conversation(
        [sys.executable, "-m", "bursar", "init", *words, "--cap", "none", "--name", "lab"],
        env,
        [
            ("need a key?", ""),
            ("not shown):", CANARY),
            ("Number [1]:", "1"),
            ("Choose a passphrase", PASSPHRASE),
            ("Once more", PASSPHRASE),
        ],
    )
    assert "  bk-" in screen
    assert "canary" not in screen
    assert str(load(config_file, environ={}).upstreams["lab"].secret) == "sealed:lab"
    assert SealedFile(home / "data" / "secrets.sealed", lambda _: PASSPHRASE).get("lab") == CANARY
    assert CANARY.encode() not in everything_in(home)
