"""Faults in the framing of HTTP, byte by byte."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest

BOTH = pytest.mark.parametrize("stream", [True, False])
STREAM = b"data: "


def finished(data: bytes) -> bool:
    """Whether an answer, streamed or not, has its finish reason."""
    return b'"finish_reason":"stop"' in data


@BOTH
async def test_http_10_ends_with_the_connection(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-http10", stream=stream)
    assert answer.raw.startswith(b"HTTP/1.0 200 OK\r\n")
    assert not {"content-length", "transfer-encoding"} & set(answer.headers)
    assert finished(answer.body)
    assert answer.body.endswith(b"data: [DONE]\n\n" if stream else b"}")


@BOTH
async def test_hints_come_first(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-103", stream=stream)
    assert answer.raw.startswith(b"HTTP/1.1 103 Early Hints\r\n")
    assert answer.body.startswith(b"HTTP/1.1 200 OK\r\n")
    assert finished(answer.body)


@BOTH
async def test_a_coding_and_a_length_contradict_each_other(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-te-and-length", stream=stream)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["content-length"] == "17"
    assert finished(answer.content)


async def test_a_large_body_is_refused_before_it_is_read(practice: Any) -> None:
    body = b'{"model":"fault-early-answer","messages":[{"role":"user","content":"' + b"a" * 50_000_000
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (len(body) + 4))
    writer.write(body[:100_000])
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in head
    with suppress(ConnectionError):
        writer.write(body[100_000:])
        await writer.drain()
        pytest.fail("the whole body was taken")
    writer.close()
    await practice.tally.idle()
    for served in (practice.tally.total, practice.tally.models["fault-early-answer"]):
        assert (served.begun, served.refused, served.bodies) == (1, 1, 0)


async def test_a_small_body_is_refused_as_well(ask: Any) -> None:
    answer = await ask.chat("fault-early-answer")
    assert (answer.status, answer.json["error"]["code"]) == (413, "request_too_large")


@BOTH
async def test_twenty_thousand_trailers_follow(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-many-trailers", stream=stream)
    whole, rest = answer.chunks
    assert finished(b"".join(whole))
    assert rest.startswith(b"0\r\nX-Trailer-0: practice\r\n")
    assert rest.endswith(b"X-Trailer-19999: practice\r\n\r\n")
    assert rest.count(b"\r\n") == 20_002


@BOTH
async def test_a_chunk_size_is_no_number(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-bad-chunk-size", stream=stream)
    whole, rest = answer.chunks
    assert whole
    assert rest.startswith(b"practice\r\n")
    assert not finished(answer.body)
    assert answer.ended == "eof"


@BOTH
async def test_an_announced_chunk_does_not_end(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-cut-in-chunk", stream=stream)
    whole, rest = answer.chunks
    size, _, part = rest.partition(b"\r\n")
    assert whole
    assert int(size, 16) > len(part) > 0
    assert not (stream and finished(answer.body))
    assert answer.ended == "eof"


@BOTH
async def test_a_length_is_too_large(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-length-too-large", stream=stream)
    assert int(answer.headers["content-length"]) == len(answer.body) + 1000
    assert finished(answer.body)
    assert answer.ended == "eof"


@BOTH
async def test_what_follows_a_length_looks_like_an_answer(practice: Any, stream: bool) -> None:
    body = json.dumps(
        {"model": "fault-length-too-small", "messages": [{"role": "user", "content": "x"}], "stream": stream}
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    one = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    for _ in range(2):
        # The connection stays, and answers the next request after what it planted.
        writer.write(one)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert finished(await reader.readexactly(length))
        planted = await reader.readuntil(b"\r\n\r\n")
        assert planted.startswith(b"HTTP/1.1 200 OK\r\n")
        length = int(planted.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert b"PLANTED" in await reader.readexactly(length)
    writer.close()
