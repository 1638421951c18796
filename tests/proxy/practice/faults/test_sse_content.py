"""What streams say that they should not, or should."""

import asyncio
import json
from typing import Any

import pytest

from bursar.practice.faults.sse_content import ABSURD, HOSTILE, HOSTILE_MODEL

ASKED = {"stream": True, "stream_options": {"include_usage": True}}


async def test_the_end_is_missing_doubled_or_followed(ask: Any) -> None:
    none = await ask.chat("fault-no-done", stream=True)
    assert b"[DONE]" not in none.content
    assert none.events[-1]["choices"][0]["finish_reason"] == "stop"
    assert none.body.endswith(b"\r\n0\r\n\r\n")
    double = await ask.chat("fault-double-done", stream=True)
    assert double.payloads[-2:] == [b"[DONE]"] * 2
    after = await ask.chat("fault-after-done", stream=True)
    at = after.payloads.index(b"[DONE]")
    assert json.loads(after.payloads[at + 1])["choices"][0]["delta"]["content"] == "this comes after the end"
    assert after.payloads[-1] == b"not even an event"


async def test_usage_is_where_it_should_not_be(ask: Any) -> None:
    healthy = (await ask.chat("fault-usage-in-last")).json["usage"]
    late = await ask.chat("fault-usage-after-done", stream=True)
    assert late.payloads[-2] == b"[DONE]"
    assert json.loads(late.payloads[-1])["usage"] == healthy
    last = await ask.chat("fault-usage-in-last", **ASKED)
    assert last.events[-1]["choices"][0]["finish_reason"] == "stop"
    assert last.events[-1]["usage"] == healthy
    every = await ask.chat("fault-usage-every", stream=True)
    counts = [event["usage"]["completion_tokens"] for event in every.events]
    assert counts == sorted(counts)
    assert (counts[0], every.events[-1]["usage"]) == (0, healthy)
    null = await ask.chat("fault-usage-null", stream=True)
    assert all(event["usage"] is None for event in null.events[:-1])
    assert (null.events[-1]["choices"], null.events[-1]["usage"]) == ([], healthy)


async def test_usage_is_missing_or_absurd(ask: Any) -> None:
    for more in ({}, ASKED):
        missing = await ask.chat("fault-no-usage", **more)
        absurd = await ask.chat("fault-usage-absurd", **more)
        if more:
            assert not any(event.get("usage") for event in missing.events)
            assert absurd.events[-1]["usage"] == ABSURD
        else:
            assert "usage" not in missing.json
            assert absurd.json["usage"] == ABSURD


async def test_a_filter_ends_the_answer(ask: Any, count: Any) -> None:
    stream = await ask.chat("fault-content-filter", **ASKED)
    assert stream.events[-2]["choices"][0]["finish_reason"] == "content_filter"
    assert stream.events[-1]["usage"]["completion_tokens"] == count(stream.text)
    plain = await ask.chat("fault-content-filter")
    assert plain.json["choices"][0]["finish_reason"] == "content_filter"


async def test_hostile_text_comes_as_it_is(ask: Any) -> None:
    stream = await ask.chat("fault-control-chars", stream=True)
    assert {event["model"] for event in stream.events} == {HOSTILE_MODEL}
    assert HOSTILE in stream.text
    plain = await ask.chat("fault-control-chars")
    assert (plain.json["model"], plain.text) == (HOSTILE_MODEL, HOSTILE)


async def test_a_line_is_ten_megabytes(ask: Any) -> None:
    stream = await ask.chat("fault-big-line", stream=True)
    assert max(map(len, stream.payloads)) > 10_000_000
    assert stream.payloads[-1] == b"[DONE]"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_line_does_not_end_and_waits_for_its_reader(practice: Any, stream: bool) -> None:
    body = json.dumps({"model": "fault-endless-line", "messages": [{"role": "user", "content": "x"}], "stream": stream})
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    seen = await reader.readexactly(5_000_000)
    # Chunk sizes aside there is not one end of line after the healthy half.
    assert b"\n\n" not in seen[100_000:]
    writer.close()
    async with asyncio.timeout(60):
        await practice.tally.idle()
    assert practice.tally.total.aborted == 1


async def test_one_line_is_unreadable_and_the_rest_is_there(ask: Any) -> None:
    whole = (await ask.chat("fault-crlf")).text
    for name in ("invalid-json", "invalid-utf8", "deep-json"):
        answer = await ask.chat(f"fault-{name}", stream=True)
        readable, unreadable = [], []
        for payload in answer.payloads[:-1]:
            try:
                readable.append(json.loads(payload))
            except (ValueError, RecursionError):
                unreadable.append(payload)
        assert len(unreadable) == 1
        assert "".join(event["choices"][0]["delta"].get("content") or "" for event in readable) == whole
        assert answer.payloads[-1] == b"[DONE]"
        plain = await ask.chat(f"fault-{name}")
        assert plain.body == unreadable[0]
    deep = await ask.chat("fault-deep-json")
    assert deep.body.count(b"{") == 100_000
