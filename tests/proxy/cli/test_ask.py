"""`bursar ask` against a running proxy: what goes where, what it costs, and every way in which it ends."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Bursar = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]

MORE = """
[aliases.slow]
routes = ["practice/practice-tokens-2000-rate-50"]
[aliases.falls]
routes = ["practice/fault-500", "practice/practice-tokens-20"]
[aliases.breaks]
routes = ["practice/fault-close-midstream"]
[aliases.thinks]
routes = ["practice/practice-reasoning-tokens-50-rate-1000"]
[caps.own]
key = "playground"
usd = "0.50"
every = "day"
"""


@pytest.fixture
def asked(bursar: Bursar, proxy: str, config_file: Path) -> Bursar:
    """`bursar ask` before a proxy with some more aliases."""
    config_file.write_text(config_file.read_text() + MORE)
    assert bursar("reload").status == 0
    return lambda *words: bursar("ask", *words)


def given(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Standard input, as a pipe would bring it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_an_answer_and_what_it_cost(asked: Bursar, bursar: Bursar, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = asked("fast", "Hello")
    assert ran.status == 0
    assert len(ran.out.split()) > 10
    assert ran.out.endswith("\n")
    assert "practice/practice-tokens-20: " in ran.err
    assert "20 out, $" in ran.err
    assert "(cap:daily, cap:own)" in ran.err

    given(monkeypatch, "Wie spät ist es?".encode())
    ran = asked(
        "fast", "--system", "Be brief.", "--max-tokens", "7", "-", "--temperature", "0", "--project", "x", "--json"
    )
    assert ran.status == 0
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [lines[0]["line"], lines[-1]["line"]] == ["opened", "ended"]
    assert (lines[-1]["usage"]["completion_tokens"], lines[-1]["finish_reason"]) == (7, "length")
    by_key = bursar("usage", "--by", "key", "--json").json["rows"]
    assert [(row["label"], row["requests"]) for row in by_key] == [("playground", 2)]
    assert "x" in [row["label"] for row in bursar("usage", "--by", "project", "--json").json["rows"]]

    ran = asked("practice/\x1b]52;c;aGk=\x07", "\x9b2J [bold]x[/]\ta\r\nb")
    assert ran.status == 1
    assert not set("\x1b\x07\x9b") & set(ran.out + ran.err)


def test_what_goes_wrong_is_a_sentence_and_a_status(
    asked: Bursar, bursar: Bursar, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = asked("falls", "Hello")
    assert ran.status == 0
    assert "practice/fault-500 gave way: " in ran.err
    assert "Answered by practice/practice-tokens-20 in place of practice/fault-500." in ran.err
    ran = asked("breaks", "Hello")
    assert ran.status == 1
    assert ran.out
    assert "ended its answer in the middle" in ran.err
    ran = asked("no-such", "Hello")
    assert (ran.status, ran.out) == (1, "")
    assert "There is no model 'no-such'" in ran.err
    ran = asked("thinks", "Hello", "--reasoning")
    assert ran.status == 0
    assert ran.out.strip()
    assert len(ran.err.splitlines()) == 2
    assert bursar("cap", "set", "own", "0usd/day", "--key", "playground").status == 0
    ran = asked("fast", "Hello")
    assert (ran.status, ran.out) == (1, "")
    assert 'cap "own"' in ran.err

    for content in (b"", b" \n", b"\xff"):
        given(monkeypatch, content)
        ran = asked("fast", "-")
        assert ran.status in (1, 2)
        assert ran.err.count("\n") == 1
    for wrong in (("--max-tokens", "0"), ("--max-tokens", "-1"), ("--temperature", "3"), ("--temperature", "nan")):
        assert asked("fast", "Hello", *wrong).status == 2


def test_whoever_goes_away_ends_it(asked: Bursar, bursar: Bursar, start: Start) -> None:
    def slow() -> "subprocess.Popen[str]":
        process = start("ask", "slow", "Hello")
        assert process.stdout is not None
        assert process.stdout.read(20)
        return process

    process = slow()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.endswith("\n")
    assert "Cancelled. " in err
    assert " was paid." in err
    assert "Traceback" not in err
    (row,) = bursar("usage", "--by", "model", "--json").json["rows"]
    assert 0 < row["completion_tokens"] < 1_000

    process = slow()
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""

    process = slow()
    os.kill(bursar("status", "--json").json["pid"], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "went away before the answer was whole" in err
    assert asked("fast", "Hello").status == 3
