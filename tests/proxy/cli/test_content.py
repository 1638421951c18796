"""`bursar content`, and a call's content in `bursar log`, with the proxy running and without one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bursar.cli.content_lines import content_lines
from bursar.content.segments import Segments, Sort
from bursar.contract.content import CallContent, MediaItem
from bursar.contract.shown import shown
from bursar.domain.exchange import new_exchange_id

Bursar = Callable[..., Any]
Call = Callable[[str, str], tuple[int, dict[str, Any]]]


def doctor(bursar: Bursar) -> tuple[str, str]:
    found = {each["check"]: each for each in bursar("doctor", "--offline", "--json").json}
    return found["content"]["state"], found["content"]["sentence"]


def first_logged(bursar: Bursar) -> str:
    """The id of the first call, once its record is on disk: the client has its answer a moment before."""
    for _ in range(200):
        lines = bursar("log", "--json").out.splitlines()
        if lines:
            return str(json.loads(lines[0])["exchange_id"])
    raise AssertionError("no call is ever recorded")


def test_it_is_turned_on_read_turned_off_and_forgotten(bursar: Bursar, proxy: str, call: Call) -> None:
    assert doctor(bursar) == ("well", "no prompt and no answer of a call is kept")
    issued = bursar("key", "issue", "agent", "--keep-content")
    assert "Prompts and answers of its calls are kept" in issued.err
    assert "keeps content" in bursar("key", "list").out
    assert bursar("key", "show", "agent", "--json").json["keep_content"] is True
    status, answered = call(proxy, issued.out.strip())
    assert status == 200
    each = first_logged(bursar)
    shown = bursar("log", "--id", each, "--content").out
    assert answered["choices"][0]["message"]["content"] in shown
    found = bursar("log", "--id", each, "--content", "--json").json
    assert (found["key"], found["ended"]) == ("agent", "whole")
    kept = bursar("content", "list", "--json").json
    assert [(key["key"], key["media_bytes"]) for key in kept["keys"]] == [("agent", 0)]
    assert "agent" in bursar("content", "list").out
    assert doctor(bursar)[0] == "note"
    off = bursar("key", "set", "agent", "--no-keep-content")
    assert "bursar content forget --key agent" in off.err
    assert "not kept" in off.out
    assert bursar("content", "forget", "--key", "other").out == "Nothing of it was kept.\n"
    assert bursar("content", "forget", "--id", each).out.startswith("Deleted: ")
    gone = bursar("log", "--id", each, "--content")
    assert (gone.status, "it was deleted" in gone.err) == (1, True)
    assert bursar("content", "forget", "--all").status == 0
    assert doctor(bursar)[0] == "well"


def test_without_a_proxy_it_is_listed_and_forgotten_all_the_same(bursar: Bursar, home: Path) -> None:
    (home / "data").mkdir(parents=True, mode=0o700)
    files, each = Segments(home / "data" / "content"), new_exchange_id(1_795_312_107_000)
    for key in ("agent", "ci"):
        files.append(Sort.TEXT, key, each, b"x" * 2_000, 1_000_000)
    assert [key["key"] for key in bursar("content", "list", "--json").json["keys"]] == ["agent", "ci"]
    assert doctor(bursar)[0] == "note"
    (home / "data" / "content").chmod(0o755)
    assert "chmod 700" in doctor(bursar)[1]
    assert bursar("content", "forget", "--key", "agent", "--json").json["bytes"] > 2_000
    assert bursar("content", "forget", "--id", each, "--json").json["bytes"] == 2_000
    assert bursar("content", "forget", "--id", "../../x").status == 1
    assert bursar("content", "forget").status == 2
    assert bursar("content", "forget", "--all").status == 0
    assert not (home / "data" / "content").exists()


def test_what_is_asked_wrongly_is_said(bursar: Bursar) -> None:
    ran = bursar("log", "--content")
    assert (ran.status, "--content is for one call" in ran.err) == (2, True)
    assert bursar("key", "issue", "x", "--keep-content", "--no-keep-content").status == 0
    assert bursar("key", "show", "x", "--json").json["keep_content"] is False


def test_what_was_said_acts_on_no_terminal() -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07\r\u202eturned\u200b\n\tnext\x9b"
    calls = [{"id": hostile, "function": {"name": hostile, "arguments": hostile}}]
    media = (MediaItem(hostile, 10, missing=hostile),)
    content = CallContent(
        "0" * 14,
        hostile,
        0,
        {"messages": [{"role": hostile, "content": [hostile, {"type": "image_url", "image_url": "kept-media:0"}]}]},
        {"choices": [{"message": {"content": hostile, "tool_calls": calls}}], "error": {"message": hostile}},
        missed=hostile,
        media=media,
    )
    lines = [shown(line) for line in content_lines(content)]
    assert not [line for line in lines if shown(line) != line or "\n" in line]
    assert sum("␛[2J" in line for line in lines) >= 8
    assert "    next\\x9b" in lines


def test_a_key_that_is_revoked_says_what_stays(bursar: Bursar) -> None:
    bursar("key", "issue", "agent", "--keep-content")
    assert "bursar content forget --key agent" in bursar("key", "revoke", "agent").err
