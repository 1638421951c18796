"""`bursar wallet`, `plan`, `doubt` and `cap raise|undo|audit`: against a running proxy, and without one."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

Bursar = Callable[..., Any]
Call = Callable[[str, str], tuple[int, dict[str, Any]]]

DOLLAR = 1_000_000_000
QUOTA_UNIT = DOLLAR // 500_000
MORE = """
[plans.main]
upstream = "practice"
weighted_tokens = 100_000
every = "month from 31st"  # the day of purchase
overflow = "wallets.main"

[wallets.main]
upstream = "practice"
link = "https://vendor.example/top-up"
"""


@pytest.fixture
def richer(bursar: Bursar, proxy: str, config_file: Path) -> str:
    """The running proxy with a plan and a wallet."""
    config_file.write_text(config_file.read_text() + MORE)
    assert bursar("reload").status == 0
    return proxy


def test_a_wallet_is_topped_up_corrected_and_compared(bursar: Bursar, richer: str, practice: str) -> None:
    assert 'Wallet "main": $20.00 left' in bursar("wallet", "top-up", "20", "--note", "invoice 4711").out
    (row,) = bursar("wallet", "list", "--json").json
    assert (row["state"], row["standing"]["granted"], row["account"]["link"]) == (
        "low",
        20 * DOLLAR,
        "https://vendor.example/top-up",
    )
    assert "https://vendor.example/top-up" in bursar("wallet", "list").out
    small = bursar("wallet", "top-up", "4.99")
    assert (small.status, small.out) == (1, "")
    assert "at least $5.00" in small.err
    assert bursar("wallet", "correct", "12.34").out == 'Wallet "main": $12.34 left (-$7.66 now).\n'
    compared = bursar("wallet", "compare", "--json").json
    # The practice upstream is the same for all tests: what it has left, it says.
    with urlopen(practice.removesuffix("/v1") + "/api/usage/token/") as answer:  # noqa: S310 - its own URL
        left = json.load(answer)["data"]["total_available"] * QUOTA_UNIT
    assert 999 * DOLLAR < left <= 1_000 * DOLLAR
    assert (compared["remaining_nano"], compared["alarm"]) == (left, False)
    assert bursar("wallet", "top-up", "20", "--wallet", "other").status == 1
    assert bursar("wallet", "top-up", "a lot").status == 2
    what = [(each["kind"], each["note"]) for each in bursar("cap", "audit", "--json").json]
    assert what == [("correction", ""), ("top_up", "invoice 4711")]


def test_a_cap_is_raised_undone_and_all_of_it_listed(bursar: Bursar, richer: str) -> None:
    raised = bursar("cap", "raise", "daily", "2usd", "--for", "1h", "--note", "a long night", "--json").json
    assert raised["standing"]["granted"] == 3 * DOLLAR
    assert raised["grant"]["until_ms"] - raised["grant"]["at_ms"] == 3_600_000
    number = str(raised["grant"]["id"])
    assert bursar("cap", "undo", number).out == f"Raise {number} has ended.\n"
    assert bursar("cap", "undo", number).status == 1
    listed = bursar("cap", "audit", "daily").out
    assert "a long night" in listed
    assert "undone" in listed
    assert bursar("cap", "raise", "daily", "2usd/day", "--for", "1h").status == 2
    assert "in US dollars, not in tokens" in bursar("cap", "raise", "daily", "5tokens", "--for", "1h").err
    assert 'no cap "dayly"; there is "daily"' in bursar("cap", "raise", "dayly", "2usd", "--for", "1h").err


def test_a_plan_is_changed_cancelled_and_begun_again(
    bursar: Bursar, richer: str, config_file: Path, call: Call
) -> None:
    key = bursar("key", "issue", "laptop", "--json").json["key"]
    assert call(richer, key)[0] == 200
    (before,) = bursar("plan", "list", "--json").json
    assert (before["state"], before["standing"]["granted"]) == ("active", 100_000)
    assert before["standing"]["settled"] > 0
    assert bursar("plan", "set", "main", "--quota", "200_000").status == 0
    (upgraded,) = bursar("plan", "list", "--json").json
    assert 100_000 < upgraded["standing"]["granted"] <= 200_000
    assert bursar("plan", "cancel", "main", "--now").status == 0
    status, answer = call(richer, key)
    assert (status, answer["error"]["code"]) == (402, "subscription_expired")
    assert bursar("plan", "set", "main", "--state", "active").status == 0
    assert call(richer, key)[0] == 200
    assert bursar("plan", "cancel", "main").status == 0
    (cancelled,) = bursar("plan", "list", "--json").json
    assert cancelled["state"] == "cancelled"
    assert cancelled["account"]["term"]["until_ms"] == cancelled["standing"]["cycle"]["end_ms"]
    assert call(richer, key)[0] == 200
    reset = bursar("plan", "reset", "main", "--note", "the vendor did", "--json").json
    assert reset["standing"]["granted"] - reset["standing"]["settled"] == 200_000
    assert "# the day of purchase" in config_file.read_text()
    assert bursar("plan", "set", "main", "--state", "grace", "--until", "soon").status == 1
    assert bursar("plan", "set", "mian", "--state", "active").status == 1
    assert "month from 31st" in bursar("plan", "list").out


def test_overflow_is_limited_and_switched_off(bursar: Bursar, richer: str, config_file: Path) -> None:
    assert bursar("plan", "set", "main", "--overflow-limit", "50").status == 0
    (plan,) = bursar("plan", "list", "--json").json
    assert plan["overflow"]["granted"] == 50 * DOLLAR
    assert bursar("plan", "set", "main", "--overflow-limit", "none").status == 0
    assert bursar("plan", "list", "--json").json[0]["overflow"] is None
    assert bursar("plan", "list").out.splitlines()[1].endswith("  wallet main")
    assert bursar("plan", "set", "main", "--overflow", "off").status == 0
    assert 'overflow = "off"' in config_file.read_text()


def test_after_a_crash_what_is_in_doubt_is_listed_and_ended(
    bursar: Bursar, start: "Callable[..., subprocess.Popen[str]]", practice: str, config_file: Path, call: Call
) -> None:
    config_file.parent.mkdir(parents=True, exist_ok=True)
    config_file.write_text(
        f"""
[server]
port = 0
[upstreams.practice]
kind = "openai_compatible"
base_url = "{practice}"
[aliases.fast]
routes = ["practice/practice-wait-60000-tokens-5"]
[prices."practice/*"]
input = "3"
output = "15"
[caps.all]
usd = "1.00"
every = "total"
"""
    )
    first = start("serve")
    assert first.stdout is not None
    url = first.stdout.readline().removeprefix("listening on ").strip()
    key = bursar("key", "issue", "laptop", "--json").json["key"]
    for _ in range(2):
        client = start_call(url, key)
        wait_until(lambda: bursar("status", "--json").json["open_holds"] > 0)
        first.send_signal(signal.SIGKILL)
        first.wait()
        client.wait()
        first = start("serve")
        assert first.stdout is not None
        url = first.stdout.readline().removeprefix("listening on ").strip()
    settled, released = bursar("doubt", "list", "--json").json
    assert settled["model"] == released["model"] == "practice-wait-60000-tokens-5"
    amount = settled["shares"][0][2]
    assert settled["shares"] == [["cap:all", "nano_dollars", amount]]
    assert "never" in bursar("doubt", "list").out
    assert bursar("doubt", "settle", str(settled["hold_id"])).out.startswith("Settled: cap:all $0.")
    assert bursar("doubt", "release", str(released["hold_id"])).out == "Released: nothing was used.\n"
    assert bursar("doubt", "list").out == "Nothing is in doubt.\n"
    (standing,) = bursar("status", "--json").json["standings"]
    assert (standing["held"], standing["settled"]) == (0, amount)
    again = bursar("doubt", "settle", str(settled["hold_id"]))
    assert (again.status, "is not in doubt" in again.err) == (1, True)


def start_call(url: str, key: str) -> "subprocess.Popen[str]":
    """A call by a process of its own, which outlives no proxy."""
    code = (
        "import sys, urllib.request\n"
        'body = b\'{"model": "fast", "messages": [{"role": "user", "content": "Hi"}]}\'\n'
        "headers = {'Authorization': 'Bearer ' + sys.argv[2], 'Content-Type': 'application/json'}\n"
        "try: urllib.request.urlopen(urllib.request.Request(sys.argv[1] + '/chat/completions', body, headers))\n"
        "except Exception: pass\n"
    )
    return subprocess.Popen([sys.executable, "-c", code, url, key], text=True)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something is seen, by asking."""
    while not holds():
        pass


@pytest.mark.parametrize("words", [("wallet", "list"), ("plan", "list"), ("doubt", "list"), ("cap", "audit")])
def test_without_a_proxy_they_say_so(bursar: Bursar, words: tuple[str, ...]) -> None:
    ran = bursar(*words)
    assert (ran.status, ran.out) == (3, "")
    assert "bursar serve" in ran.err
