"""Content at the local door: the prompt and answer of one call, what is kept in all, and having it forgotten.

Nothing of it is in any event, snapshot or log line: it is sent to whoever asks for that one call.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from bursar.contract.accounts import Ask

MEDIA = "kept-media:"
"""Stands in a kept text where media was, with its number from 0."""


TROUBLE = "The content of calls cannot be kept"
"""How the sentence begins by which the problems of a running proxy say so."""


class AnswerEnd(StrEnum):
    """How far the answer came that the client received."""

    WHOLE = "whole"
    """All of it was delivered, as far as its upstream had it."""
    CUT = "cut"
    """We ended it at a budget's limit."""
    BROKEN = "broken"
    """It broke off, and the client was told."""
    LEFT = "left"
    """The client went away: this is what it was sent until then."""
    NONE = "none"
    """Nothing was sent but a refusal; the call's record has it."""


class MediaItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An image, a sound or a file of a call: its type, its size in letters of base64, and why it is not kept, if so.

    `data` is base64, and there only where it was asked for.
    """

    type: str
    size: int
    missing: str = ""
    data: str = ""


class CallContent(msgspec.Struct, frozen=True):
    """GET /exchanges/{id}/content: what one call asked, and the answer as its client received it.

    `asked` is the body of a chat completion, without the messages that were `left_out` at its beginning; `answer` has
    the form of a whole one, also where it was streamed. `shortened` where a text was cut for its size, and `missed`
    says why nothing is kept where nothing could be.
    """

    exchange_id: str
    key: str
    at_ms: int
    asked: dict[str, Any] = {}
    answer: dict[str, Any] | None = None
    ended: AnswerEnd = AnswerEnd.WHOLE
    left_out: int = 0
    shortened: bool = False
    missed: str = ""
    media: tuple[MediaItem, ...] = ()


class KeptOfKey(msgspec.Struct, frozen=True):
    """What is kept of one key's calls, in bytes on disk, and since when."""

    key: str
    text_bytes: int
    media_bytes: int
    since_ms: int


class KeptContent(msgspec.Struct, frozen=True):
    """GET /content: where content is kept, how much of which keys, for how long, and what is wrong with that."""

    folder: str
    keys: tuple[KeptOfKey, ...]
    days: int
    media_days: int
    max_mib: int
    trouble: str = ""
    """Why content cannot be kept, while it cannot; empty while all is well."""
    missed: int = 0
    """Of how many calls none was kept since the start, although their keys say so."""


class Forgotten(msgspec.Struct, frozen=True):
    """DELETE /content: how many bytes on disk have gone; of a single call, how many were overwritten."""

    bytes: int


class Passage(NamedTuple):
    """One thing that was said: by whom, and the text, which comes from outside."""

    who: str
    text: str


def content_of(exchange_id: str, *, media: bool = False) -> Ask[CallContent]:
    """The content of one call, with its media or without."""
    query = (("media", 1),) if media else ()
    return Ask("GET", f"/exchanges/{quote(exchange_id, safe='')}/content", CallContent, query=query)


def kept_content() -> Ask[KeptContent]:
    """What is kept in all."""
    return Ask("GET", "/content", KeptContent)


def forgetting(*, key: str | None = None, exchange_id: str | None = None) -> Ask[Forgotten]:
    """Have content deleted now: of one call, of one key, or all there is."""
    if exchange_id is not None:
        return Ask("DELETE", f"/exchanges/{quote(exchange_id, safe='')}/content", Forgotten)
    return Ask("DELETE", "/content", Forgotten, query=(("key", key),) if key is not None else ())


def passages(content: CallContent) -> Iterator[Passage]:
    """What was said in a call, in order, for people to read; what is no text is named."""
    if content.left_out:
        yield Passage("", f"{content.left_out:,} earlier messages are not kept: they are above the limit of one call.")
    for message in _listed(content.asked.get("messages")):
        yield from _message(message, content, "")
    if content.answer is not None:
        for choice in _listed(content.answer.get("choices")):
            if isinstance(choice, Mapping):
                yield from _message(choice.get("message"), content, "answer")
        error = content.answer.get("error")
        if isinstance(error, Mapping):
            yield Passage("error", str(error.get("message", "")))


def state_of(content: CallContent) -> str:
    """What must be known of it before it is read, in sentences; empty where it is all there."""
    said = {
        AnswerEnd.CUT: "The answer was ended at a budget's limit.",
        AnswerEnd.BROKEN: "The answer broke off.",
        AnswerEnd.LEFT: "The client went away; this is what it was sent until then.",
        AnswerEnd.NONE: "No answer was sent.",
    }
    parts = [said.get(content.ended, "")]
    if content.missed:
        parts = [f"It could not be kept: {content.missed}."]
    elif content.shortened:
        parts.append("What was longer than is kept of one call is shortened.")
    return " ".join(filter(None, parts))


def media_words(number: int, item: MediaItem) -> str:
    """`media 1: image/png, 12,345 bytes`."""
    words = f"media {number + 1}: {item.type or 'of no known type'}, about {item.size * 3 // 4:,} bytes"
    return f"{words}, not kept: {item.missing}" if item.missing else words


def _message(message: object, content: CallContent, who: str) -> Iterator[Passage]:
    if not isinstance(message, Mapping):
        if message is not None:
            yield Passage(who, str(message))
        return
    who = who or str(message.get("role", ""))
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str) and message[name]:
            yield Passage(f"{who}, reasoning", message[name])
            break
    text = "\n".join(filter(None, (_text(message.get("content"), content), _text(message.get("refusal"), content))))
    if text:
        yield Passage(who, text)
    for name in ("images", "audio"):
        said = _text(message.get(name), content)
        if said:
            yield Passage(who, said)
    for call in _listed(message.get("tool_calls")):
        called = call.get("function") or call.get("custom") if isinstance(call, Mapping) else None
        if isinstance(called, Mapping):
            said = called.get("arguments") or called.get("input") or ""
            yield Passage(f"{who} calls {called.get('name', '')}", str(said))


def _text(value: object, content: CallContent) -> str:
    """The text in a message's content, whatever its form; media by name."""
    if isinstance(value, str):
        if value.startswith(MEDIA):
            number = value.removeprefix(MEDIA)
            if number.isdecimal() and len(number) < 9 and int(number) < len(content.media):
                return f"[{media_words(int(number), content.media[int(number)])}]"
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, (_text(each, content) for each in value)))
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            return str(value["text"])
        said = (_text(each, content) for name, each in value.items() if name not in ("type", "id", "format", "detail"))
        return "\n".join(filter(None, said))
    return ""


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
