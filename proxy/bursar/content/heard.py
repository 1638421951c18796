"""Heard: a streamed answer put together again from what its client was sent, at a cost that grows with its length."""

from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON

_decode = msgspec.json.Decoder().decode
_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")
_MOST_CHOICES = 128
_MOST_CALLS = 512


class Heard:
    """Chunks in, a whole answer out; what is no chunk of a chat completion is passed over."""

    def __init__(self) -> None:
        self._model = ""
        self._choices: dict[int, _Choice] = {}
        self._error: dict[str, Any] | None = None
        self.is_cut = False
        """Whether it was ended at a budget's limit."""

    def add(self, payload: bytes) -> None:
        """One event's data."""
        try:
            chunk = _decode(payload)
        except NOT_JSON:
            return
        if not isinstance(chunk, dict):
            return
        if not self._model and isinstance(chunk.get("model"), str):
            self._model = chunk["model"]
        if isinstance(chunk.get("error"), dict):
            self._error = chunk["error"]
        if isinstance(chunk.get("bursar"), dict):
            self.is_cut = True
        choices = chunk.get("choices")
        for each in choices if isinstance(choices, list) else ():
            if isinstance(each, dict) and isinstance(each.get("index", 0), int):
                index = each.get("index", 0)
                if index in self._choices or len(self._choices) < _MOST_CHOICES:
                    self._choices.setdefault(index, _Choice()).add(each)

    def answer(self) -> dict[str, Any]:
        """The whole of it, in the form of a plain answer."""
        whole: dict[str, Any] = {"model": self._model} if self._model else {}
        whole["choices"] = [{"index": index, **choice.whole()} for index, choice in sorted(self._choices.items())]
        if self._error is not None:
            whole["error"] = self._error
        return whole


class _Choice:
    """One of the answers that were asked for."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._calls: dict[int, tuple[dict[str, Any], list[str]]] = {}
        self._sound: dict[str, list[str]] = {}
        self._images: list[Any] = []
        self._reason: object = None

    def add(self, choice: dict[str, Any]) -> None:
        self._reason = choice.get("finish_reason") or self._reason
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        for name in _TEXTS:
            _collect(self._texts, name, delta.get(name))
        sound, images, calls = delta.get("audio"), delta.get("images"), delta.get("tool_calls")
        if isinstance(sound, dict):
            for name in ("data", "transcript"):
                _collect(self._sound, name, sound.get(name))
        if isinstance(images, list):
            self._images += images
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                self._call(call)

    def whole(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant"}
        message |= {name: "".join(texts) for name, texts in self._texts.items()}
        if self._calls:
            message["tool_calls"] = [
                {**call, "function": {**call["function"], "arguments": "".join(arguments)}}
                for _, (call, arguments) in sorted(self._calls.items())
            ]
        if self._sound:
            message["audio"] = {name: "".join(texts) for name, texts in self._sound.items()}
        if self._images:
            message["images"] = self._images
        return {"message": message, "finish_reason": self._reason}

    def _call(self, delta: dict[str, Any]) -> None:
        index, said = delta.get("index", len(self._calls)), delta.get("function") or delta.get("custom")
        if not isinstance(index, int) or (index not in self._calls and len(self._calls) >= _MOST_CALLS):
            return
        call, arguments = self._calls.setdefault(index, ({"type": "function", "function": {"name": ""}}, []))
        if isinstance(delta.get("id"), str):
            call["id"] = delta["id"]
        if isinstance(said, dict):
            if isinstance(said.get("name"), str):
                call["function"]["name"] += said["name"]
            text = said.get("arguments") or said.get("input")
            if isinstance(text, str):
                arguments.append(text)


def _collect(texts: dict[str, list[str]], name: str, value: object) -> None:
    if isinstance(value, str) and value:
        texts.setdefault(name, []).append(value)
