"""`bursar log --process`: the proxy's own log, read from its files, followed, and free of keys and prompts."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

Bursar = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]


def test_what_a_proxy_said_of_itself(
    bursar: Bursar, start: Start, proxy: str, home: Path, config_file: Path, call: Callable[[str, str], Any]
) -> None:
    follower = start("log", "--process", "--follow", "--json", env={"PYTHONUNBUFFERED": "1"})
    assert follower.stdout is not None
    while json.loads(follower.stdout.readline())["message"] != "the proxy answers":
        pass
    key = bursar("key", "issue", "laptop", "--json").json["key"]
    issued = json.loads(follower.stdout.readline())
    assert (issued["level"], issued["subject"], issued["fields"]) == ("info", "events", {"key": "laptop"})
    assert call(proxy, key)[0] == 200
    config_file.write_text(config_file.read_text() + "\n[nonsense]\n")
    assert bursar("reload").status == 1
    assert bursar("stop").status == 0

    said = bursar("log", "--process", "--level", "warning").out
    assert "the configuration has problems" in said
    assert "the proxy answers" not in said
    assert bursar("log", "--process", "--having", "ANSWERS proxy", "--limit", "1").out.count("\n") == 1
    assert bursar("log", "--process", "--having", "no such words").out.startswith("There are no such lines in ")
    for file in (home / "log").iterdir():
        text = file.read_text()
        assert key not in text
        assert "Hello" not in text


def test_its_options_are_its_own(bursar: Bursar) -> None:
    assert bursar("log", "--level", "info").status == 2
    assert bursar("log", "--process", "--id", "x").status == 2
    assert "never has" in bursar("log", "--help").out
