"""OpenAI chat completions, the other form: a whole answer as chunks, chunks as a whole answer.

For upstreams that answer plainly where a stream was asked for, or the other way round.
"""

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()


def chunks_of(body: bytes) -> list[bytes]:
    """The chunks that stream a whole answer: each choice's whole text and its end, then the usage."""
    answer: dict[str, Any] = msgspec.json.decode(body)
    shared = {
        "id": answer.get("id", ""),
        "object": "chat.completion.chunk",
        "created": answer.get("created", 0),
        "model": answer.get("model", ""),
    }
    chunks: list[dict[str, Any]] = []
    for place, choice in enumerate(answer.get("choices") or ()):
        index = choice.get("index", place)
        delta = dict(choice.get("message") or {})
        for number, call in enumerate(delta.get("tool_calls") or ()):
            call.setdefault("index", number)
        chunks.append({**shared, "choices": [{"index": index, "delta": delta, "finish_reason": None}]})
        reason = choice.get("finish_reason")
        if reason:
            chunks.append({**shared, "choices": [{"index": index, "delta": {}, "finish_reason": reason}]})
    if answer.get("usage"):
        chunks.append({**shared, "choices": [], "usage": answer["usage"]})
    return [_encoder.encode(chunk) for chunk in chunks]


class Gatherer:
    """Puts chunks together into the whole answer that they stream."""

    def __init__(self) -> None:
        self._answer: dict[str, Any] = {"object": "chat.completion"}
        self._choices: dict[int, dict[str, Any]] = {}

    def add(self, payload: bytes) -> None:
        """One chunk more. Raises msgspec.DecodeError where it is none."""
        chunk = msgspec.json.decode(payload)
        if not isinstance(chunk, dict):
            return
        for name in ("id", "created", "model", "system_fingerprint", "usage"):
            if chunk.get(name) is not None:
                self._answer[name] = chunk[name]
        for choice in chunk.get("choices") or ():
            whole = self._choices.setdefault(
                choice.get("index", 0), {"message": {"role": "assistant", "content": None}, "finish_reason": None}
            )
            if choice.get("finish_reason"):
                whole["finish_reason"] = choice["finish_reason"]
            _merge(whole["message"], choice.get("delta") or {})

    @property
    def complete(self) -> bool:
        """Whether every choice has ended."""
        return bool(self._choices) and all(choice["finish_reason"] for choice in self._choices.values())

    def answer(self) -> bytes:
        """The whole answer."""
        choices = [{"index": index, **choice} for index, choice in sorted(self._choices.items())]
        return _encoder.encode({**self._answer, "choices": choices})


def _merge(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name == "role" or value is None:
            continue
        if name == "tool_calls":
            _merge_calls(message.setdefault("tool_calls", []), value)
        elif isinstance(value, str) and isinstance(message.get(name), str):
            message[name] += value
        else:
            message[name] = value


def _merge_calls(calls: list[dict[str, Any]], deltas: list[dict[str, Any]]) -> None:
    for delta in deltas:
        index = delta.get("index", len(calls))
        while len(calls) <= index < len(calls) + 64:
            calls.append({"type": "function", "function": {"name": "", "arguments": ""}})
        if index >= len(calls):
            continue
        call, said = calls[index], delta.get("function") or {}
        if delta.get("id"):
            call["id"] = delta["id"]
        for name in ("name", "arguments"):
            call["function"][name] += said.get(name) or ""
