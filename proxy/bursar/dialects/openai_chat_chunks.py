"""OpenAI chat completions, what we write ourselves in an answer: the polite end, the usage, an error.

Source: OpenAI API reference, "The chat completion chunk object" and "Error codes".
"""

import msgspec

from bursar.dialects.canonical import NOT_JSON
from bursar.domain.usage import Usage

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()


class StreamHead(msgspec.Struct):
    """What the chunks of one stream share, so that a chunk of ours fits among them."""

    id: str = ""
    created: int = 0
    model: str = ""


_head = msgspec.json.Decoder(StreamHead)


def head_of(payload: bytes) -> StreamHead:
    """The shared fields of a chunk, empty where it has none."""
    try:
        return _head.decode(payload)
    except NOT_JSON:
        return StreamHead()


def last_chunk(head: StreamHead, indexes: tuple[int, ...], why: dict[str, object]) -> bytes:
    """The chunk that ends an answer politely at a budget's limit, with the reason in its `bursar` object."""
    choices = [{"index": index, "delta": {}, "finish_reason": "length"} for index in indexes]
    return _chunk(head, choices=choices, bursar=why)


def usage_chunk(head: StreamHead, used: Usage) -> bytes:
    """The chunk that states the usage where the upstream sent none."""
    usage = {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.total_tokens,
    }
    return _chunk(head, choices=[], usage=usage)


def without_usage(payload: bytes) -> bytes:
    """A chunk without its usage: clients add up what they get, so they get it once."""
    chunk = _fields.decode(payload)
    chunk.pop("usage", None)
    return _encoder.encode(chunk)


def _chunk(head: StreamHead, **rest: object) -> bytes:
    shared = {"id": head.id, "object": "chat.completion.chunk", "created": head.created, "model": head.model}
    return _encoder.encode({**shared, **rest})


def error_body(message: str, type_: str, code: str, param: str | None, detail: dict[str, object]) -> bytes:
    """OpenAI's error object; `detail` is our own addition, under `bursar`."""
    error: dict[str, object] = {"message": message, "type": type_, "code": code, "param": param}
    if detail:
        error["bursar"] = detail
    return _encoder.encode({"error": error})
