"""A reply in the grammar of OpenAI's chat completions: as one object, and as the events of a stream."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec

from bursar.practice.prose import Piece, joined
from bursar.practice.reply import Choice, Reply, Usage

FINGERPRINT = "fp_practice"
_encode = msgspec.json.Encoder().encode


class Event(NamedTuple):
    """One event of a stream: its JSON, the tokens of the answer in it, and those of them that are reasoning."""

    payload: bytes
    tokens: int = 0
    reasoning: int = 0


def usage_object(usage: Usage) -> dict[str, Any]:
    """`usage`, as OpenAI states it."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def whole(reply: Reply, usage: Usage) -> bytes:
    """The answer to a request that asked for no stream."""
    return _encode(
        {
            "id": reply.id,
            "object": "chat.completion",
            "created": reply.created,
            "model": reply.model,
            "choices": [_choice(choice, index, reply.logprobs) for index, choice in enumerate(reply.choices)],
            "usage": usage_object(usage),
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
        }
    )


def _choice(choice: Choice, index: int, logprobs: bool) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if choice.calls else joined(choice.content),
        "refusal": None,
        "annotations": [],
    }
    if choice.reasoning:
        message["reasoning_content"] = joined(choice.reasoning)
    if choice.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": joined(call.arguments)},
            }
            for call in choice.calls
        ]
    return {
        "index": index,
        "message": message,
        "logprobs": _logprobs(list(choice.content)) if logprobs else None,
        "finish_reason": choice.finish_reason,
    }


def _logprobs(pieces: list[Piece]) -> dict[str, Any]:
    """One entry for each piece, all as likely as can be: enough for who only reads the form."""
    return {
        "content": [
            {"token": one.text, "logprob": 0.0, "bytes": list(one.text.encode()), "top_logprobs": []} for one in pieces
        ],
        "refusal": None,
    }


def events(reply: Reply, *, wants_usage: bool) -> Iterator[Event]:
    """The events of a stream up to the finish reason of each choice; the usage and `[DONE]` are not among them."""
    frame = _Frame(reply, wants_usage)
    for index in range(len(reply.choices)):
        yield frame.delta(index, b'{"role":"assistant","content":"","refusal":null}')
    # Choices take turns, as they do where they are made side by side.
    streams = [_deltas(frame, choice, index) for index, choice in enumerate(reply.choices)]
    for turn in zip_longest(*streams):
        yield from (event for event in turn if event is not None)
    for index, choice in enumerate(reply.choices):
        yield frame.delta(index, b"{}", finish_reason=choice.finish_reason)


def usage_event(reply: Reply, usage: Usage) -> Event:
    """The last event of a stream whose request asked for the usage: no choices, and the usage."""
    return Event(
        _encode(
            {
                "id": reply.id,
                "object": "chat.completion.chunk",
                "created": reply.created,
                "model": reply.model,
                "service_tier": "default",
                "system_fingerprint": FINGERPRINT,
                "choices": [],
                "usage": usage_object(usage),
            }
        )
    )


class _Frame:
    """What is around the delta in every event of one stream."""

    def __init__(self, reply: Reply, wants_usage: bool) -> None:
        head = {
            "id": reply.id,
            "object": "chat.completion.chunk",
            "created": reply.created,
            "model": reply.model,
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
        }
        self.logprobs = reply.logprobs
        self._head = _encode(head)[:-1] + b',"choices":[{"index":'
        self._tail = b'}],"usage":null}' if wants_usage else b"}]}"

    def around(self, index: int, key: bytes) -> tuple[bytes, bytes]:
        """What stands before and after the quoted text of a delta with one key."""
        before = b'%b%d,"delta":{"%b":' % (self._head, index, key)
        return before, b'},"logprobs":null,"finish_reason":null' + self._tail

    def delta(
        self, index: int, delta: bytes, *, finish_reason: str | None = None, logprobs: bytes = b"null", tokens: int = 0
    ) -> Event:
        finish = _encode(finish_reason)
        return Event(
            b'%b%d,"delta":%b,"logprobs":%b,"finish_reason":%b%b'
            % (self._head, index, delta, logprobs, finish, self._tail),
            tokens,
        )


def _deltas(frame: _Frame, choice: Choice, index: int) -> Iterator[Event]:
    before, after = frame.around(index, b"reasoning_content")
    for one in choice.reasoning:
        yield Event(before + one.quoted + after, one.tokens, one.tokens)
    if frame.logprobs:
        for one in choice.content:
            delta = b'{"content":%b}' % one.quoted
            yield frame.delta(index, delta, logprobs=_encode(_logprobs([one])), tokens=one.tokens)
    else:
        before, after = frame.around(index, b"content")
        for one in choice.content:
            yield Event(before + one.quoted + after, one.tokens)
    for number, call in enumerate(choice.calls):
        function = {"name": call.name, "arguments": ""}
        opened = {"tool_calls": [{"index": number, "id": call.id, "type": "function", "function": function}]}
        yield frame.delta(index, _encode(opened), tokens=call.name_tokens)
        for one in call.arguments:
            more = {"tool_calls": [{"index": number, "function": {"arguments": one.text}}]}
            yield frame.delta(index, _encode(more), tokens=one.tokens)
