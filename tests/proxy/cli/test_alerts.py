"""`bursar alerts`: what stands, a test that says what came of it, and taking alerts down."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Bursar = Callable[..., Any]
Call = Callable[[str, str], tuple[int, dict[str, Any]]]


@pytest.fixture
def keeping(tmp_path: Path) -> tuple[Path, Path]:
    """A program that keeps each alert in a file, a line each; and the file."""
    file, out = tmp_path / "keep", tmp_path / "kept"
    file.write_text(f"#!{sys.executable} -IS\nimport sys\nopen({str(out)!r}, 'a').write(sys.stdin.read() + '\\n')\n")
    file.chmod(0o755)
    return file, out


def test_what_stands_a_test_and_taking_it_down(
    bursar: Bursar, proxy: str, call: Call, keeping: tuple[Path, Path]
) -> None:
    program, kept = keeping
    assert bursar("config", "set", "alerts.desktop", "false").status == 0
    assert bursar("config", "set", "alerts.command", f'["{program}"]').status == 0
    assert bursar("alerts").out.startswith("Nothing stands.")

    tried = bursar("alerts", "test")
    assert (tried.status, tried.out) == (0, f"✓ command ({program}): sent\n")
    assert json.loads(kept.read_text())["kind"] == "test"

    assert bursar("cap", "set", "few", "1requests/day").status == 0
    key = bursar("key", "issue", "laptop", "--json").json["key"]
    assert call(proxy, key)[0] == 200
    standing = _until(lambda: bursar("alerts", "--json").json["standing"])
    assert [(each["cause"], each["urgency"]) for each in standing] == [("account:cap:few", "urgent")]
    listed = bursar("alerts").out
    assert 'Cap "few" is used up: 1 of 1 request.' in listed
    assert str(program) in listed

    assert bursar("alerts", "dismiss", "account:cap:other").status == 1
    assert bursar("alerts", "dismiss", "account:cap:few").out == "Taken down.\n"
    assert bursar("alerts", "dismiss", "--all").out == "Nothing stands.\n"
    assert bursar("alerts").out.startswith("Nothing stands.")


def test_a_way_that_fails_is_said_and_so_is_the_status(bursar: Bursar, proxy: str) -> None:
    assert bursar("config", "set", "alerts.desktop", "false").status == 0
    assert bursar("alerts", "test").out.startswith("There is no way to try")
    assert bursar("config", "set", "alerts.webhook", '"http://127.0.0.1:9/T0P-S3CRET"').status == 0
    ran = bursar("alerts", "test")
    assert ran.status == 1
    assert ran.out.startswith("✗ webhook (http://127.0.0.1:9): The webhook cannot be reached")
    doctor = bursar("doctor", "--offline", "--json")
    assert any(each["check"] == "alerts" and each["state"] == "problem" for each in doctor.json)
    assert "S3CRET" not in ran.out + doctor.out


@pytest.mark.parametrize(
    "words", [("dismiss",), ("dismiss", "x", "--all"), ("list", "x"), ("test", "--all"), ("shout",)]
)
def test_what_cannot_be_meant(bursar: Bursar, home: Path, words: tuple[str, ...]) -> None:
    assert bursar("alerts", *words).status == 2


def test_no_proxy_runs(bursar: Bursar, home: Path) -> None:
    assert bursar("alerts").status == 3


def _until(look: Callable[[], Any]) -> Any:
    """What comes of a look, once it is something: the proxy says it a moment after the answer."""
    for _ in range(200):
        found = look()
        if found:
            return found
    raise AssertionError("nothing comes")
