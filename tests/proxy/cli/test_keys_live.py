"""Client keys changed by commands while the proxy runs: at once, and still so after a restart."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bursar.contract.places import places
from bursar.contract.questions import Questions

Bursar = Callable[..., Any]
Call = Callable[[str, str], tuple[int, dict[str, Any]]]
Start = Callable[..., "subprocess.Popen[str]"]


def codes(call: Call, proxy: str, *keys: str) -> list[int | str]:
    """What becomes of a call with each key: 200, or the code of the refusal."""
    answers = [call(proxy, key) for key in keys]
    return [status if status == 200 else answer["error"]["code"] for status, answer in answers]


def without_last_use(keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A call is told of when it comes, and its record is kept when it has ended."""
    return [{**key, "last_used_ms": None} for key in keys]


def test_every_change_is_in_force_at_once(bursar: Bursar, proxy: str, call: Call) -> None:
    key = bursar("key", "issue", "laptop", "--rate", "1/hour", "--json").json["key"]
    assert codes(call, proxy, key, key) == [200, "rate_limit_exceeded"]
    assert bursar("key", "set", "laptop", "--rate", "2/hour", "--json").json["rates"] == ["2/hour"]
    assert codes(call, proxy, key) == [200]
    bursar("key", "set", "laptop", "--rate", "none", "--ip", "10.0.0.0/8")
    assert codes(call, proxy, key) == ["ip_not_allowed"]
    bursar("key", "set", "laptop", "--ip", "none", "--models", "slow")
    assert codes(call, proxy, key) == ["model_access_denied"]
    bursar("key", "set", "laptop", "--models", "all")
    assert bursar("key", "disable", "laptop").status == 0
    assert codes(call, proxy, key) == ["access_denied"]
    assert bursar("key", "enable", "laptop").status == 0
    new = bursar("key", "rotate", "laptop", "--json").json["key"]
    assert codes(call, proxy, key, new) == [200, 200]
    newest = bursar("key", "rotate", "laptop", "--grace", "0h", "--json").json["key"]
    # No grace means none for any text before it, too.
    assert codes(call, proxy, key, new, newest) == ["invalid_api_key", "invalid_api_key", 200]
    # To change a key forgets nothing of when it was used.
    assert bursar("key", "show", "laptop", "--json").json["last_client"] == "test/1"


def test_limits_rotations_and_last_uses_outlive_the_process(
    bursar: Bursar, proxy: str, call: Call, start: Start, home: Path
) -> None:
    old = bursar("key", "issue", "laptop", "--parallel", "3", "--rate", "100/hour", "--json").json["key"]
    unused = bursar("key", "issue", "desk", "--json").json["key"]
    assert codes(call, proxy, old) == [200]
    new = bursar("key", "rotate", "laptop", "--json").json["key"]
    bursar("key", "disable", "desk")
    before = without_last_use(bursar("key", "list", "--json").json)
    assert bursar("stop").status == 0
    assert without_last_use(bursar("key", "list", "--json").json) == before
    again = start("serve")
    assert again.stdout is not None
    url = again.stdout.readline().removeprefix("listening on ").strip()
    after = bursar("key", "list", "--json").json
    assert [each["last_used_ms"] is not None for each in after] == [False, True]
    assert without_last_use(after) == before
    assert codes(call, url, old, new, unused) == [200, 200, "access_denied"]
    again.send_signal(signal.SIGKILL)
    again.wait()
    assert [each["last_client"] for each in bursar("key", "list", "--json").json] == ["", "test/1"]


def test_scripts_reach_keys_without_the_commands(bursar: Bursar, proxy: str, home: Path) -> None:
    bursar("key", "issue", "laptop", "--rate", "5/min")
    (key,) = Questions(places()).keys()
    assert (key.rates, key.disabled) == (("5/min",), False)
    Questions(places()).disable_key("laptop")
    assert Questions(places()).keys()[0].disabled
    Questions(places()).enable_key("laptop")
    assert not Questions(places()).keys()[0].disabled
