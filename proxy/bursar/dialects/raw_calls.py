"""Calls of custom tools in an answer, given back as plain text to a client that declared them so.

A custom tool goes upstream as a function of one text (`chat_tools.py`). The client that declared it takes the text
itself for the call's arguments, not JSON around it, so what the model called is unwrapped: at the end of the call,
since half of it is good for nothing.
"""

from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON
from bursar.dialects.chat_tools import TEXT_ARGUMENT

_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()

_DATA, _END = b"data: ", b"\n\n"
_CALLS, _FINISH = b'"tool_calls"', b'"finish_reason"'


class RawCalls:
    """Rewrites one answer. `names` are the custom tools that the request declared."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._pending: dict[tuple[int, int], str] = {}

    def stream(self, piece: bytes) -> bytes:
        """Whole events of a stream, as the client is to have them; empty where nothing of them is for it yet."""
        if _CALLS not in piece and not (self._pending and _FINISH in piece):
            return piece
        return b"".join(self._event(event) for event in piece.split(_END) if event)

    def whole(self, body: bytes) -> bytes:
        """A whole answer, as the client is to have it."""
        if _CALLS not in body:
            return body
        answer = _read(body)
        changed = False
        for choice in _choices(answer):
            message = choice.get("message")
            for call in _calls(message if isinstance(message, dict) else {}):
                function = call["function"]
                if function.get("name") in self._names and isinstance(function.get("arguments"), str):
                    function["arguments"] = unwrapped(function["arguments"])
                    changed = True
        return _encoder.encode(answer) if changed else body

    def _event(self, event: bytes) -> bytes:
        if not event.startswith(_DATA):
            return event + _END
        chunk = _read(event.removeprefix(_DATA))
        changed, empty, ended = False, True, b""
        for choice in _choices(chunk):
            index = choice.get("index", 0)
            delta = choice.get("delta")
            delta = delta if isinstance(delta, dict) else {}
            kept = [call for call in _calls(delta) if not self._holds_back(index, call)]
            if "tool_calls" in delta and self._pending:
                changed = True
                delta["tool_calls"] = kept
                if not kept:
                    del delta["tool_calls"]
            if choice.get("finish_reason"):
                self._end_here(index, kept)
                ended += self._ended(chunk, index, cut=choice["finish_reason"] == "length")
            empty = empty and not delta and not choice.get("finish_reason")
        if changed and empty and not chunk.get("usage"):
            return ended
        return ended + (_DATA + _encoder.encode(chunk) if changed else event) + _END

    def _holds_back(self, choice: int, call: dict[str, Any]) -> bool:
        """Whether this part of a call is kept for its end. The first part, which names it, goes out without text."""
        place, function = (choice, call.get("index", 0)), call["function"]
        said = function.get("arguments")
        said = said if isinstance(said, str) else ""
        if place in self._pending:
            self._pending[place] += said
            return True
        if function.get("name") in self._names:
            self._pending[place] = said
            function["arguments"] = ""
        return False

    def _end_here(self, choice: int, calls: list[dict[str, Any]]) -> None:
        """Calls that begin and end in one event have their text in it."""
        for call in calls:
            text = self._pending.pop((choice, call.get("index", 0)), None)
            if text is not None:
                call["function"]["arguments"] = unwrapped(text)

    def _ended(self, chunk: dict[str, Any], choice: int, *, cut: bool) -> bytes:
        """The texts of the calls of a choice that has ended, each as a chunk of its own."""
        events = []
        for place in [place for place in self._pending if place[0] == choice]:
            text = self._pending.pop(place)
            if cut and not _is_whole(text):
                continue
            call = {"index": place[1], "function": {"arguments": unwrapped(text)}}
            choices = [{"index": choice, "delta": {"tool_calls": [call]}, "finish_reason": None}]
            without = {name: each for name, each in chunk.items() if name not in ("choices", "usage", "bursar")}
            events.append(_DATA + _encoder.encode({**without, "choices": choices}) + _END)
        return b"".join(events)


def unwrapped(arguments: str) -> str:
    """The text within the arguments of a function that a custom tool became; themselves where there is none."""
    try:
        read = _anything.decode(arguments)
    except NOT_JSON:
        return arguments
    text = read.get(TEXT_ARGUMENT) if isinstance(read, dict) else None
    return text if isinstance(text, str) else arguments


def _is_whole(arguments: str) -> bool:
    try:
        _anything.decode(arguments)
    except NOT_JSON:
        return False
    return True


def _read(payload: bytes) -> dict[str, Any]:
    try:
        read = _anything.decode(payload)
    except NOT_JSON:
        return {}
    return read if isinstance(read, dict) else {}


def _choices(answer: dict[str, Any]) -> list[dict[str, Any]]:
    choices = answer.get("choices")
    return [each for each in choices if isinstance(each, dict)] if isinstance(choices, list) else []


def _calls(holder: dict[str, Any]) -> list[dict[str, Any]]:
    calls = holder.get("tool_calls")
    listed = calls if isinstance(calls, list) else []
    return [each for each in listed if isinstance(each, dict) and isinstance(each.get("function"), dict)]
