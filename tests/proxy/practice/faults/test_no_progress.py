"""No progress, and little."""

import asyncio
import json
from typing import Any

import pytest

BOTH = pytest.mark.parametrize("stream", [True, False])


@BOTH
async def test_nothing_follows_the_head(ask: Any, practice: Any, stream: bool) -> None:
    answer = await ask.chat("fault-stall-first", stream=stream, patience_s=0.3)
    assert (answer.status, answer.body, answer.ended) == (200, b"", "silence")
    await practice.tally.idle()
    assert practice.tally.total.prompt_tokens > 0
    assert practice.tally.total.completion_tokens == 0


@BOTH
async def test_something_goes_on_that_is_no_progress(practice: Any, stream: bool) -> None:
    body = json.dumps(
        {"model": "fault-comments-forever", "messages": [{"role": "user", "content": "x"}], "stream": stream}
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", practice.port)
    writer.write(f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    await reader.readuntil(b"\r\n\r\n")
    lines = [await reader.readline() for _ in range(40)]
    writer.close()
    assert all(line.startswith(b": still working, ") for line in lines[1::4]) == stream
    assert not any(b"data" in line or b"{" in line for line in lines)


@BOTH
async def test_a_drip_is_slow_but_whole(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-drip", stream=stream)
    assert answer.text == (await ask.chat("fault-crlf")).text
    assert answer.ended == "eof"
