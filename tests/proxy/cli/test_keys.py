"""Client keys are issued, listed and revoked without a proxy; a key that was to have a cap never is without it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bursar.config.load import load

Bursar = Callable[..., Any]


def test_a_key_is_shown_once_and_kept_as_a_digest(bursar: Bursar, home: Path) -> None:
    issued = bursar("key", "issue", "laptop", "--json")
    assert (issued.status, issued.err) == (0, "")
    assert list(issued.json) == ["name", "key"]
    key = issued.json["key"]
    assert (len(key), key[:3]) == (43, "bk-")
    (listed,) = bursar("key", "list", "--json").json
    assert (listed["name"], listed["hint"]) == ("laptop", key[-4:])
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert key.encode() not in kept
    assert "…" + key[-4:] in bursar("key", "list").out


def test_without_json_the_key_alone_is_the_output(bursar: Bursar) -> None:
    ran = bursar("key", "issue", "laptop")
    assert (ran.out[:3], ran.out.count("\n")) == ("bk-", 1)
    assert "not shown again" in ran.err


def test_its_limits_are_kept(bursar: Bursar, config_file: Path) -> None:
    options = ["--project", "website", "--models", "small-*", "fast", "--expires", "30d"]
    caps = ["--cap", "5usd/day", "--cap", "100requests/hour"]
    assert bursar("key", "issue", "ci", *options, *caps, "--json").json["name"] == "ci"
    (key,) = bursar("key", "list", "--json").json
    assert (key["project"], key["models"]) == ("website", ["small-*", "fast"])
    assert key["expires_ms"] - key["created_ms"] == pytest.approx(30 * 86_400_000, abs=60_000)
    caps_there = {name: (cap.key, cap.usd, cap.requests) for name, cap in load(config_file, environ={}).caps.items()}
    assert caps_there == {"ci-day": ("ci", 5_000_000_000, None), "ci-requests-hour": ("ci", None, 100)}


def test_a_key_whose_cap_cannot_be_written_is_not_issued(bursar: Bursar, config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text("[server]\nport = 'x'\n")
    ran = bursar("key", "issue", "laptop", "--cap", "5usd/day")
    assert (ran.status, ran.out) == (1, "")
    config_file.unlink()
    assert bursar("key", "list", "--json").json == []


def test_names_are_taken_once_and_revoked_once(bursar: Bursar) -> None:
    bursar("key", "issue", "laptop")
    again = bursar("key", "issue", "laptop", "--cap", "1usd/day")
    assert (again.status, again.out) == (1, "")
    assert 'There is a key "laptop" already' in again.err
    assert bursar("cap", "list", "--json").json == []
    assert bursar("key", "revoke", "laptop").status == 0
    gone = bursar("key", "revoke", "laptop")
    assert gone.status == 1
    assert 'There is no key "laptop"' in gone.err
    assert bursar("key", "issue", "no spaces").status == 1
