"""Encodings: unasked for, untrue, explosive."""

import gzip
import zlib
from typing import Any

import pytest


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_is_compressed_unasked(ask: Any, stream: bool) -> None:
    answer = await ask.chat("fault-gzip", stream=stream)
    assert answer.headers["content-encoding"] == "gzip"
    plain = gzip.decompress(answer.content)
    assert b'"finish_reason":"stop"' in plain
    assert plain.endswith(b"data: [DONE]\n\n" if stream else b"}")
    if stream:
        # Each event can be read when it has come.
        reader = zlib.decompressobj(wbits=31)
        assert all(reader.decompress(chunk).endswith(b"\n\n") for chunk in answer.chunks[0][:-1])


@pytest.mark.parametrize("stream", [True, False])
async def test_an_encoding_is_a_lie(ask: Any, practice: Any, stream: bool) -> None:
    answer = await ask.chat("fault-gzip-lie", stream=stream)
    assert answer.headers["content-encoding"] == "gzip"
    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(answer.content)
    await practice.tally.idle()
    assert practice.tally.total.completion_tokens == 0


async def test_a_bomb_is_small_until_it_is_opened(ask: Any) -> None:
    answer = await ask.chat("fault-gzip-bomb", stream=True, patience_s=20)
    assert len(answer.content) < 1_000_000
    reader, opened, data = zlib.decompressobj(wbits=31), 0, answer.content
    while data:
        part = reader.decompress(data, 1 << 20)
        opened += len(part)
        data = reader.unconsumed_tail
    assert opened > 200_000_000
