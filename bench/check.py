"""Whether an answer is what was played (status, body, number of chunks, end); asked of every answer measured."""

import re
from bisect import bisect_left
from collections.abc import Iterator

from bench.load import Answer, Check, Wrong
from bench.source import ANSWER, STAMP_DIGITS

_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]+)\r\n")
_STAMPED = re.compile(rb'"obfuscation":"(\d{%d})"' % STAMP_DIGITS)
_SAID = b'"content":"%s"' % ANSWER.encode()
_WORD = b'"delta":{"content":'


def is_plain(answer: Answer) -> None:
    """The small whole answer, whole."""
    body = b"".join(answer.pieces)
    if answer.status != 200 or _SAID not in body or not body.endswith(b"}"):
        raise Wrong(f"{answer.status} {answer.head!r} {body[:500]!r}")


def is_stream_of(chunks: int) -> Check:
    """A stream of so many chunks, each with its choice, all but the first and the last with a word, and its end."""

    def check(answer: Answer) -> None:
        raw = b"".join(answer.pieces)
        body = b"".join(_unchunked(raw)) if answer.chunked else raw
        choices, words = body.count(b'"choices":[{'), body.count(_WORD)
        whole = body.endswith(b"data: [DONE]\n\n") and b'"finish_reason":"stop"' in body
        if answer.status != 200 or choices != chunks or words != chunks - 2 or not whole:
            raise Wrong(f"{answer.status}, {choices} chunks in place of {chunks}, end {body[-300:]!r}")

    return check


def delays_ns(answer: Answer) -> Iterator[tuple[int, int]]:
    """When each chunk was sent, and how long after that it was here; all but the first, which opens the stream."""
    ends: list[int] = []
    size = 0
    for piece in answer.pieces:
        size += len(piece)
        ends.append(size)
    stamps = _STAMPED.finditer(b"".join(answer.pieces))
    next(stamps, None)
    for stamp in stamps:
        sent = int(stamp[1])
        yield sent, answer.arrivals[bisect_left(ends, stamp.end())] - sent


def _unchunked(raw: bytes) -> Iterator[bytes]:
    """The data of each HTTP chunk."""
    at = 0
    while True:
        size = _CHUNK_SIZE.match(raw, at)
        if size is None:
            raise Wrong(f"no HTTP chunk where one should be: {raw[at : at + 40]!r}")
        length = int(size[1], 16)
        if not length:
            return
        yield raw[size.end() : size.end() + length]
        at = size.end() + length + 2
