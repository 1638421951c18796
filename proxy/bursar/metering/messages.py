"""One message as tokens and media, whatever it is made of: what is not understood is counted as its text.

The rule for text is OpenAI's chat rule: 3 tokens for a message, its role, its content, and its name and one more.
Source: OpenAI cookbook, "How to count tokens with tiktoken"; what tool calls and the results of functions add was
found by others from what the API charged. Items of the Responses API and Anthropic's blocks have the same parts
under other names.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bursar.metering.image_size import size_of_base64, start_of_base64
from bursar.metering.images import Image
from bursar.metering.sound_length import milliseconds, tag_length
from bursar.metering.tool_text import as_json

PER_MESSAGE = 3
PER_CALL = 3
UNSEEN_FILE_TOKENS = 5_000
"""What is taken for a file that is only referred to: its size is known to the vendor alone."""
_FILE_BYTES_PER_TOKEN = 4
_SOUND_HEADER = 1024
_TAG_HEADER = 12
_LONGEST_HEAD = 256
_DEEPEST = 12
_TAIL = 2_000

Count = Callable[[str], int]

# Fields that tell the vendor how to handle a part, point elsewhere, or have a rule of their own: not read as text.
_UNREAD = frozenset(
    {"type", "id", "call_id", "tool_call_id", "tool_use_id", "status", "index", "role", "name", "tool_calls"}
    | {"function_call", "cache_control", "detail", "signature", "is_error", "annotations", "logprobs"}
)
_FILE_FIELDS = frozenset({"file", "file_data", "file_id", "file_url", "source"})
_INLINE_FIELDS = frozenset({"input_audio", "inline_data", "inlineData"})
_URL_FIELDS = frozenset({"url", "uri", "data"})
_PART_FIELDS = _INLINE_FIELDS | {"type", "text", "image_url", "file"}
"""A field that says that an object is a part of a message, and no data."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A message's share of a prompt: tokens of text in one encoding, and what is counted by a model's rule.

    `sound_ms` is in milliseconds. `padding` is what one more newline would add: with tools, the API
    appends one to the first system message.
    """

    text: int
    images: tuple[Image, ...] = ()
    sound_ms: int = 0
    system: bool = False
    padding: int = 0


def counted_message(content: bytes, count: Count) -> Counted:
    """The message whose JSON is `content`, its text counted by `count`. Never raises because of the message."""
    try:
        message = msgspec.json.decode(content)
        if not isinstance(message, Mapping):
            return Counted(PER_MESSAGE + count(message if isinstance(message, str) else as_json(message)))
        return _Reader(count).message(message)
    except (ValueError, RecursionError):
        return Counted(PER_MESSAGE + count(content.decode("utf-8", "replace")))


class _Reader:
    """Adds up one message."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._images: list[Image] = []
        self._sound_ms = 0

    def message(self, message: Mapping[str, Any]) -> Counted:
        role, calls = message.get("role"), message.get("tool_calls")
        text = PER_MESSAGE + self._value(role, 1) + self._part(message, 0)
        if message.get("name") is not None:
            text += self._value(message["name"], 1) + 1
        if role == "function":
            text -= 2
        if message.get("type") == "function_call":
            text += PER_CALL
        for call in [*(calls if isinstance(calls, list) else [calls]), message.get("function_call")]:
            text += self._call(call)
        padding = self._padding(message.get("content")) if role == "system" else 0
        return Counted(max(0, text), tuple(self._images), self._sound_ms, role == "system", padding)

    def _call(self, call: object) -> int:
        """A tool call: its name, its arguments, and 3."""
        if not isinstance(call, Mapping):
            return self._value(call, 1)
        inner = next((call[kind] for kind in ("function", "custom") if isinstance(call.get(kind), Mapping)), call)
        return PER_CALL + self._value(inner.get("name"), 1) + self._part(inner, 1)

    def _value(self, value: object, depth: int) -> int:
        if value is None:
            return 0
        if isinstance(value, str):
            return self._count(value)
        if isinstance(value, list) and depth < _DEEPEST:
            return sum(self._value(each, depth + 1) for each in value)
        if isinstance(value, Mapping) and depth < _DEEPEST and value.keys() & _PART_FIELDS:
            return self._part(value, depth)
        text = as_json(value)
        if isinstance(value, Mapping) and depth < _DEEPEST and ";base64," in text:
            return self._part(value, depth)
        return self._count(text)

    def _part(self, part: Mapping[str, Any], depth: int) -> int:
        """A part of a message, or the message itself: media by their rule, the rest of its fields as text."""
        kind, text = part.get("type"), 0
        if kind in ("tool_use", "server_tool_use"):
            text += PER_CALL + self._value(part.get("name"), 1)
        for field, value in part.items():
            if field in _UNREAD or value is None:
                continue
            if field == "image_url" or (kind in ("image", "input_image") and field in ("source", "file_id")):
                self._image(value, part)
            elif field in _INLINE_FIELDS and isinstance(value, Mapping):
                text += self._inline(value, field == "input_audio")
            elif kind in ("file", "input_file", "document") and field in _FILE_FIELDS:
                text += self._file(value, depth)
            elif field == "encrypted_content" and isinstance(value, str):
                # What is hidden is as long as its base64 holds, and costs what it cost when it was written.
                text += len(value) * 3 // 16
            elif field in _URL_FIELDS and isinstance(value, str) and value.startswith("data:"):
                text += self._data_url(value)
            elif field == "input" and kind is not None:
                text += self._count(as_json(value))  # a tool's arguments, of whatever form
            else:
                text += self._value(value, depth + 1)
        return text

    def _image(self, value: object, part: Mapping[str, Any]) -> None:
        """OpenAI's `image_url`, as text or object, or Anthropic's `source`."""
        detail = part.get("detail")
        if isinstance(value, Mapping):
            detail = value.get("detail", detail)
            value = value.get("url") or value.get("data")
        width, height = size_of_base64(value, _payload(value)) or (0, 0) if isinstance(value, str) else (0, 0)
        self._images.append(Image(width, height, detail == "low"))

    def _inline(self, value: Mapping[str, Any], sound: bool) -> int:
        """Bytes given as base64: OpenAI's `{"data", "format"}`, or Gemini's `{"mime_type", "data"}`."""
        data, kind = value.get("data"), value.get("mime_type", value.get("mimeType", ""))
        return self._bytes(data if isinstance(data, str) else "", "audio/" if sound else str(kind))

    def _file(self, value: object, depth: int) -> int:
        if isinstance(value, Mapping):
            if value.get("type") in ("text", "content"):
                return sum(self._value(value.get(field), depth + 1) for field in ("data", "content"))
            return self._file(value.get("file_data") or value.get("data"), depth)
        if not isinstance(value, str) or not value or value.startswith(("http:", "https:", "file-", "file_")):
            return UNSEEN_FILE_TOKENS
        return self._data_url(value) if value.startswith("data:") else self._bytes(value, "")

    def _data_url(self, value: str) -> int:
        head = value[: _payload(value)]
        return self._bytes(value, head.removeprefix("data:")) if head.endswith(";base64,") else self._count(value)

    def _bytes(self, data: str, kind: str) -> int:
        """Tokens of bytes given as base64: images and sound are noted, text is read, the rest goes by its size."""
        start = _payload(data)
        size = (len(data) - start) * 3 // 4
        if kind.startswith("image/"):
            self._images.append(Image(*(size_of_base64(data, start) or (0, 0))))
            return 0
        if kind.startswith("audio/"):
            self._sound_ms += _sound_ms(data, start, size)
            return 0
        if kind.startswith(("text/", "application/json")):
            try:
                return self._count(b64decode(data[start:]).decode("utf-8", "replace"))
            except ValueError:
                return self._count(data)
        return -(-size // _FILE_BYTES_PER_TOKEN)

    def _padding(self, content: object) -> int:
        """What a newline at the content's end would add, told from its last line alone."""
        if isinstance(content, list):
            texts = [part.get("text") for part in content if isinstance(part, Mapping)]
            content = next((text for text in reversed(texts) if isinstance(text, str)), "")
        if not isinstance(content, str):
            return 1
        tail = content[-_TAIL:]
        tail = tail[tail.rfind("\n", 0, -1) + 1 :] if tail.strip() else tail
        return self._count(tail + "\n") - self._count(tail)


def _sound_ms(data: str, start: int, size: int) -> int:
    """The length of a sound of `size` bytes whose base64 begins at `start`. Three bytes are four of its letters."""
    tag = tag_length(start_of_base64(data, _TAG_HEADER, start))
    tag = tag if tag < size else 0
    header = start_of_base64(data, _SOUND_HEADER, start + tag // 3 * 4)
    return milliseconds(header[tag % 3 :], size - tag)


def _payload(value: str) -> int:
    """Where the base64 begins: behind the head of a data URL, else at once."""
    return value.find(",", 0, _LONGEST_HEAD) + 1 if value.startswith("data:") else 0
