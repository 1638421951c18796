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


LIMITS = ["--rate", "60/min", "10/s", "--rate", "100ktok/min", "--parallel", "4", "--ip", "10.0.0.0/8", "fd00::/8"]


def test_what_it_is_held_to_is_kept_and_shown(bursar: Bursar) -> None:
    more = ["--fallback", "small", "local", "--max-tokens", "4000", "--cap", "5usd/day"]
    assert bursar("key", "issue", "ci", *LIMITS, *more).status == 0
    key = bursar("key", "show", "ci", "--json").json
    assert key["rates"] == ["10/s", "60/min", "100000tok/min"]
    assert (key["parallel"], key["max_tokens"]) == (4, 4000)
    assert (key["networks"], key["fallback"]) == (["10.0.0.0/8", "fd00::/8"], ["small", "local"])
    assert key["caps"] == [{"name": "ci-day", "unit": "nano_dollars", "limit": 5_000_000_000, "every": "day"}]
    shown = bursar("key", "show", "ci").out
    for part in (
        "10 requests per second, 60 requests per minute",
        "100,000 tokens per minute",
        "4 calls",
        "4,000 tokens",
    ):
        assert part in shown
    assert "$5.00 each day, 10/s, 60/min, 100000tok/min, 4 at once" in bursar("key", "list").out


def test_what_is_named_changes_and_the_rest_stays(bursar: Bursar) -> None:
    bursar("key", "issue", "ci", *LIMITS, "--models", "small-*", "--expires", "30d")
    before = bursar("key", "show", "ci", "--json").json
    after = bursar("key", "set", "ci", "--rate", "5/min", "--parallel", "none", "--models", "all", "--json").json
    assert (after["rates"], after["parallel"], after["models"]) == (["5/min"], None, [])
    same = ("networks", "expires_ms", "hint", "created_ms", "project")
    assert [after[name] for name in same] == [before[name] for name in same]
    lifted = bursar("key", "set", "ci", "--rate", "none", "--ip", "none", "--expires", "none", "--json").json
    assert (lifted["rates"], lifted["networks"], lifted["expires_ms"]) == ([], [], None)
    assert bursar("key", "set", "ci", "--cap", "1usd/day", "--json").json["caps"][0]["limit"] == 1_000_000_000


def test_a_key_is_disabled_enabled_and_rotated(bursar: Bursar) -> None:
    bursar("key", "issue", "ci", "--rate", "5/min")
    assert bursar("key", "disable", "ci", "--json").json["disabled"] is True
    assert "disabled" in bursar("key", "list").out
    assert bursar("key", "enable", "ci", "--json").json["disabled"] is False
    before = bursar("key", "show", "ci", "--json").json
    new = bursar("key", "rotate", "ci", "--json").json
    after = bursar("key", "show", "ci", "--json").json
    assert (new["name"], new["key"][-4:]) == ("ci", after["hint"])
    assert (after["rates"], after["created_ms"]) == (before["rates"], before["created_ms"])
    day_ms = 24 * 3_600_000
    assert 0 < after["former_until_ms"] - before["created_ms"] - day_ms < 600_000
    assert "key before" in bursar("key", "show", "ci").out
    ran = bursar("key", "rotate", "ci", "--grace", "2h")
    assert "the old one is good for 2 h more" in ran.err
    assert len(bursar("key", "list", "--json").json) == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("issue", "x", "--rate", "often"), 2, "written like 60/min"),
        (("issue", "x", "--parallel", "0"), 2, "a whole number above 0"),
        (("issue", "x", "--ip", "10.0.0.0/64"), 2, "is no network"),
        (("issue", "x", "--max-tokens", "-4"), 2, ""),
        (("issue", "x", "--parallel", "999999999"), 1, "from 1 to 100,000"),
        (("issue", "x", "--fallback", "a", "b", "c", "d", "e", "f"), 1, "at most 5 fallback models"),
        (("set", "nobody", "--parallel", "2"), 1, 'There is no key "nobody"'),
        (("set", "laptop"), 1, "Say what to change"),
        (("show", "nobody"), 1, 'There is no key "nobody"'),
        (("disable", "nobody"), 1, 'There is no key "nobody"'),
        (("rotate", "nobody"), 1, 'There is no key "nobody"'),
        (("rotate", "laptop", "--grace", "99w"), 1, "from 0 to 90 days"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_changes(
    bursar: Bursar, words: tuple[str, ...], status: int, said: str
) -> None:
    bursar("key", "issue", "laptop")
    before = bursar("key", "list", "--json").json
    ran = bursar("key", *words)
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err
    assert bursar("key", "list", "--json").json == before


def test_a_cap_of_a_key_is_changed_whatever_its_name_and_no_other_is_touched(bursar: Bursar, config_file: Path) -> None:
    config_file.parent.mkdir(parents=True)
    config_file.write_text(
        '[caps.mine]\nkey = "laptop"\nusd = "5"\nevery = "day"\n'
        '[caps.laptop-week]\nproject = "site"\nusd = "7"\nevery = "week"\n'
    )
    assert bursar("key", "issue", "laptop", "--cap", "9usd/day", "--cap", "20usd/week").status == 0
    caps = {cap["name"]: (cap["limit"], cap["scope"]) for cap in bursar("cap", "list", "--json").json}
    assert caps == {
        "mine": (9_000_000_000, "key laptop"),
        "laptop-week": (7_000_000_000, "project site"),
        "laptop-week-2": (20_000_000_000, "key laptop"),
    }
