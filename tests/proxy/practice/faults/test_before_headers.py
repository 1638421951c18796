"""Faults before the headers, byte by byte."""

import asyncio
import json
from typing import Any

import pytest

BOTH = pytest.mark.parametrize("stream", [True, False])


@BOTH
async def test_a_reset_comes_instead_of_a_head(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-reset-before-headers", stream=stream)
    assert (answer.raw, answer.ended) == (b"", "reset")


@BOTH
async def test_a_close_comes_instead_of_a_head(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-close-before-headers", stream=stream)
    assert (answer.raw, answer.ended) == (b"", "eof")


@BOTH
async def test_silence_is_kept(ask: Any, practice: Any, stream: bool) -> None:
    answer = await ask.chat("fault-silent", stream=stream, patience_s=0.3)
    assert (answer.raw, answer.ended) == (b"", "silence")
    await practice.tally.idle()
    assert practice.tally.total.aborted == 1
    assert practice.tally.total.prompt_tokens == 0


@BOTH
async def test_a_slow_head_comes_byte_by_byte(practice: Any, stream: bool) -> None:
    body = json.dumps({"model": "fault-slow-headers", "messages": [{"role": "user", "content": "x"}], "stream": stream})
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    reads = [await reader.read(1000) for _ in range(10)]
    rest = await reader.read()
    writer.close()
    # A pause of a second lasts 10 ms here: bytes may meet in one read, but not many.
    assert max(map(len, reads)) < 10
    assert (b"".join(reads) + rest).startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"finish_reason":"stop"' in rest


@BOTH
async def test_another_protocol_is_spoken(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-not-http", stream=stream)
    assert answer.raw.startswith(b"SSH-2.0-")
    assert answer.ended == "eof"


@BOTH
async def test_a_header_is_a_mebibyte(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-huge-header", stream=stream)
    assert len(answer.headers["x-practice-huge"]) == 1 << 20


async def test_a_used_connection_closes_and_a_fresh_one_answers(ask: Any, practice: Any) -> None:
    body = {"model": "fault-keepalive-race", "messages": [{"role": "user", "content": "x"}]}
    data = json.dumps(body).encode()
    one = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(data), data)
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(one)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"close" not in head
    await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
    writer.write(one)
    assert await reader.read() == b""
    writer.close()
    assert (await ask.post("/v1/chat/completions", **body)).status == 200
