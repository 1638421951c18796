"""The source: an upstream that is fast enough not to be what is measured; a raw protocol in a process of its own.

It speaks OpenAI's chat completions. What it plays stands in the request's `user`: "plain" a small whole answer,
"burst:N" N chunks at once, "paced:N:MS" N chunks, one every MS milliseconds. Each chunk carries the instant at
which it was sent in `obfuscation`, a field of OpenAI's own whose text means nothing: nanoseconds of the monotonic
clock, which all processes of one machine share.
"""

import asyncio
import gc
import json
import re
import socket
import time
from collections.abc import Iterator

from bench.children import announce, stop_with_parent

ANSWER = "the proxy counts every token before it leaves and settles what was used when the answer has come"
WORDS = ANSWER.split()
PROMPT_TOKENS = 24
STAMP_DIGITS = 16

_ENDS = 500
"""The bytes at either end of a body in which its parameters stand; what lies between is conversation."""
_ID = "chatcmpl-DbenchQx4TmZp7KcVw2LrYs9H"
_CREATED = 1_790_000_000
_USER = re.compile(rb'"user":\s*"([a-z]+)(?::(\d+))?(?::(\d+))?"')
_MODEL = re.compile(rb'"model":\s*"([^"]+)"')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_STAMP = b"0" * STAMP_DIGITS


def plain_body(model: str) -> bytes:
    """The whole answer of "plain"."""
    message: dict[str, object] = {"role": "assistant", "content": ANSWER, "refusal": None, "annotations": []}
    return json.dumps(
        {
            "id": _ID,
            "object": "chat.completion",
            "created": _CREATED,
            "model": model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
            "usage": _usage(len(WORDS)),
            "service_tier": "default",
            "system_fingerprint": "fp_0123456789",
        },
        separators=(",", ":"),
    ).encode()


def chunk_bodies(model: str, count: int, usage: bool) -> Iterator[bytes]:
    """The chunks of a stream, `count` of them with a choice (role, words, finish), then the usage if asked for."""
    for number in range(count):
        if number == 0:
            delta, reason = {"role": "assistant", "content": "", "refusal": None}, None
        elif number < count - 1:
            delta, reason = {"content": " " + WORDS[number % len(WORDS)]}, None
        else:
            delta, reason = {}, "stop"
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        yield _chunk(model, [choice], {"usage": None} if usage else {})
    if usage:
        yield _chunk(model, [], {"usage": _usage(max(0, count - 2))})


def _chunk(model: str, choices: list[dict[str, object]], usage: dict[str, object]) -> bytes:
    return json.dumps(
        {
            "id": _ID,
            "object": "chat.completion.chunk",
            "created": _CREATED,
            "model": model,
            "service_tier": "default",
            "system_fingerprint": "fp_0123456789",
            "choices": choices,
            **usage,
            "obfuscation": _STAMP.decode(),
        },
        separators=(",", ":"),
    ).encode()


def _usage(completion: int) -> dict[str, object]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": completion,
        "total_tokens": PROMPT_TOKENS + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


class Frames:
    """What is sent, made once for each model and length: an HTTP chunk for each event, open where the stamp goes."""

    def __init__(self) -> None:
        self._plain: dict[str, bytes] = {}
        self._streams: dict[tuple[str, int, bool], list[tuple[bytes, bytes]]] = {}

    def plain(self, model: str) -> bytes:
        """The whole answer with its head."""
        found = self._plain.get(model)
        if found is None:
            body = plain_body(model)
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nx-request-id: req_bench\r\n"
            found = self._plain[model] = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
        return found

    def stream(self, model: str, count: int, usage: bool) -> list[tuple[bytes, bytes]]:
        """Each event as what comes before its stamp and what comes after."""
        found = self._streams.get((model, count, usage))
        if found is None:
            events = (b"data: " + body + b"\n\n" for body in chunk_bodies(model, count, usage))
            framed = (b"%x\r\n%s\r\n" % (len(event), event) for event in events)
            found = [(before, after) for before, _, after in (frame.partition(_STAMP) for frame in framed)]
            self._streams[model, count, usage] = found
        return found


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"x-request-id: req_bench\r\nTransfer-Encoding: chunked\r\n\r\n"
)
STREAM_END = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


class Source(asyncio.Protocol):
    """One connection: reads a request to the length it states, then plays what it asks for."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self._missing = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._pieces.append(data)
            self._missing -= len(data)
        else:
            if self._pieces:
                data = b"".join(self._pieces) + data
            self._pieces = [data]
            head_ends = data.find(b"\r\n\r\n")
            if head_ends < 0:
                return
            length = _LENGTH.search(data, 0, head_ends)
            if length is None:
                self._transport.write(b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n")
                self._transport.close()
                return
            self._missing = head_ends + 4 + int(length[1]) - len(data)
        if self._missing <= 0:
            body, self._pieces, self._missing = self._pieces, [], 0
            self._play(body)

    def _play(self, pieces: list[bytes]) -> None:
        parameters = pieces[0][:1500] if len(pieces) == 1 else b"".join(pieces[:2])[:1500]
        parameters += pieces[-1][-_ENDS:]
        wanted, model = _USER.search(parameters), _MODEL.search(parameters)
        assert wanted is not None
        assert model is not None
        name = model[1].decode()
        if wanted[1] == b"plain":
            self._transport.write(self._frames.plain(name))
            return
        usage = b'"include_usage":true' in parameters
        events = self._frames.stream(name, int(wanted[2]), usage)
        self._transport.write(STREAM_HEAD)
        if wanted[1] == b"burst":
            for before, after in events:
                self._transport.write(b"%s%016d%s" % (before, time.monotonic_ns(), after))
            self._transport.write(STREAM_END)
        else:
            self._pace(iter(events), int(wanted[3]) / 1000, self._loop.time())

    def _pace(self, events: Iterator[tuple[bytes, bytes]], every_s: float, due: float) -> None:
        event = next(events, None)
        if event is None:
            self._transport.write(STREAM_END)
            return
        self._transport.write(b"%s%016d%s" % (event[0], time.monotonic_ns(), event[1]))
        self._timer = self._loop.call_at(due + every_s, self._pace, events, every_s, due + every_s)


async def main() -> None:
    """Serves until the process that started it ends."""
    stop_with_parent()
    frames = Frames()
    server = await asyncio.get_running_loop().create_server(
        lambda: Source(frames), "127.0.0.1", 0, family=socket.AF_INET, backlog=1024
    )
    gc.freeze()
    announce(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
