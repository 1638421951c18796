"""A reply in the grammar of OpenAI's older completions."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import msgspec

from bursar.practice.chat_grammar import FINGERPRINT, Event, usage_object
from bursar.practice.prose import Piece, joined
from bursar.practice.reply import Reply, Usage

_encode = msgspec.json.Encoder().encode


def whole(reply: Reply, usage: Usage) -> bytes:
    """The answer to a request that asked for no stream."""
    choices = [
        _choice(reply.echo + joined(choice.content), index, choice.finish_reason)
        for index, choice in enumerate(reply.choices)
    ]
    return _encode({**_head(reply), "choices": choices, "usage": usage_object(usage)})


def events(reply: Reply, *, wants_usage: bool) -> Iterator[Event]:
    """The events of a stream up to the finish reason of each choice; the usage and `[DONE]` are not among them."""
    tail: dict[str, Any] = {"usage": None} if wants_usage else {}
    if reply.echo:
        for index in range(len(reply.choices)):
            yield Event(_encode({**_head(reply), "choices": [_choice(reply.echo, index, None)], **tail}))
    streams = [_texts(reply, choice.content, index, tail) for index, choice in enumerate(reply.choices)]
    for turn in zip_longest(*streams):
        yield from (event for event in turn if event is not None)
    for index, choice in enumerate(reply.choices):
        yield Event(_encode({**_head(reply), "choices": [_choice("", index, choice.finish_reason)], **tail}))


def usage_event(reply: Reply, usage: Usage) -> Event:
    """The last event of a stream whose request asked for the usage: no choices, and the usage."""
    return Event(_encode({**_head(reply), "choices": [], "usage": usage_object(usage)}))


def _texts(reply: Reply, pieces: Sequence[Piece], index: int, tail: dict[str, Any]) -> Iterator[Event]:
    for one in pieces:
        yield Event(_encode({**_head(reply), "choices": [_choice(one.text, index, None)], **tail}), one.tokens)


def _head(reply: Reply) -> dict[str, Any]:
    return {
        "id": reply.id,
        "object": "text_completion",
        "created": reply.created,
        "model": reply.model,
        "system_fingerprint": FINGERPRINT,
    }


def _choice(text: str, index: int, finish_reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish_reason}
