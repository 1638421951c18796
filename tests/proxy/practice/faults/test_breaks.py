"""Answers that break."""

import json
from typing import Any

import pytest


async def whole(ask: Any) -> str:
    return str((await ask.chat("fault-crlf")).text)


async def test_an_error_comes_first(ask: Any, practice: Any) -> None:
    answer = await ask.chat("fault-error-first", stream=True)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "error" in answer.events[0]
    await practice.tally.idle()
    assert practice.tally.total.cost_nano == 0


@pytest.mark.parametrize("name", ["error-mid", "error-event", "error-finish"])
async def test_an_error_comes_half_way(ask: Any, name: str) -> None:
    answer = await ask.chat(f"fault-{name}", stream=True)
    payloads = [payload for payload in answer.payloads if payload != b"[DONE]"]
    *spoken, error = payloads
    text = "".join(json.loads(payload)["choices"][0]["delta"].get("content") or "" for payload in spoken)
    assert text
    assert (await whole(ask)).startswith(text)
    assert text != await whole(ask)
    if name == "error-event":
        assert error.startswith(b"event: error\ndata: {")
    else:
        assert "error" in json.loads(error)
    assert (b'"finish_reason":"error"' in error) == (name == "error-finish")
    assert answer.body.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("name", "ended", "last"),
    [
        ("reset-midstream", "reset", b""),
        ("close-midstream", "eof", b""),
        ("stall-midstream", "silence", b""),
        ("no-finish", "eof", b"0\r\n\r\n"),
        ("no-finish-done", "eof", b"0\r\n\r\n"),
    ],
)
async def test_the_rest_is_missing(ask: Any, practice: Any, count: Any, name: str, ended: str, last: bytes) -> None:
    answer = await ask.chat(f"fault-{name}", stream=True, patience_s=0.5)
    assert answer.ended == ended
    assert answer.chunks[1] == last
    assert answer.text
    assert (await whole(ask)).startswith(answer.text)
    assert all(event["choices"][0]["finish_reason"] is None for event in answer.events)
    assert (b"[DONE]" in answer.raw) == (name == "no-finish-done")
    await practice.tally.idle()
    served = practice.tally.models[f"fault-{name}"]
    assert served.completion_tokens == count(answer.text)
    assert served.prompt_tokens > 0


@pytest.mark.parametrize(
    ("name", "ended"), [("reset-midstream", "reset"), ("close-midstream", "eof"), ("stall-midstream", "silence")]
)
async def test_a_plain_answer_breaks_as_well(ask: Any, name: str, ended: str) -> None:
    answer = await ask.chat(f"fault-{name}", patience_s=0.5)
    assert answer.ended == ended
    assert 0 < len(answer.body) < int(answer.headers["content-length"])
