"""Making: what was handed over of one call, made the content that is kept of it; and that as bytes, and read back."""

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bursar.config.schema import ContentSettings
from bursar.content.heard import Heard
from bursar.content.parts import Parts
from bursar.contract.content import AnswerEnd, CallContent
from bursar.dialects.canonical import NOT_JSON
from bursar.dialects.openai_chat_answer import DONE
from bursar.dialects.sse import LineTooLong, SseReader

WINDOW_BITS = 13
"""Of the streams that answers are packed in while they arrive: small, since there may be many at once."""

_STEP = 65_536
_MOST_STREAMED = 64 * 1024 * 1024
"""How much of a stream's bytes is read: its text is a small part of them."""
_SMALL = 256
"""A field of this length is told beside the messages, whatever there is room for."""
_NUMBER = struct.Struct(">H")

_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class Given:
    """One call as it was handed over: the JSON that came, and the answer's bytes, packed where it was streamed.

    `size` is what it takes in memory, about.
    """

    exchange_id: str
    key: str
    at_ms: int
    fields: dict[str, msgspec.Raw] = field(default_factory=dict)
    messages: Sequence[bytes] = ()
    answer: list[bytes] = field(default_factory=list)
    streamed: bool = False
    ended: AnswerEnd = AnswerEnd.NONE
    shortened: bool = False
    missed: str = ""
    size: int = 0


def made(given: Given, settings: ContentSettings, clean: Callable[[str], str]) -> CallContent:
    """The content that is kept. What is largest in a conversation is its beginning, which earlier calls had: that is
    what is left out where there is no room."""
    media_room = settings.media_mib * 1024 * 1024 * 4 // 3 if settings.media_days else 0
    asked, answered = (Parts(settings.text_kib * 1024, media_room, clean) for _ in range(2))
    fields = {name: raw for name, raw in given.fields.items() if name != "messages"}
    body = {name: asked.take(_value(raw), name) for name, raw in fields.items() if len(memoryview(raw)) <= _SMALL}
    messages = []
    for raw in reversed(given.messages):
        if asked.room <= 0:
            break
        try:
            messages.append(asked.take(_value(raw)))
        except RecursionError:
            asked.shortened = True
    left_out = len(given.messages) - len(messages)
    body["messages"] = messages[::-1]
    for name, raw in fields.items():
        if name not in body:
            if len(memoryview(raw)) <= asked.room:
                body[name] = asked.take(_value(raw), name)
            else:
                asked.shortened = True
    answered.media = asked.media
    answer, is_cut = _answer(given)
    ended = AnswerEnd.CUT if is_cut and given.ended is AnswerEnd.WHOLE else given.ended
    try:
        answer = answered.take(answer) if answer is not None else None
    except RecursionError:
        answer, answered.shortened = None, True
    return CallContent(
        given.exchange_id,
        given.key,
        given.at_ms,
        body,
        answer,
        ended,
        left_out,
        given.shortened or asked.shortened or answered.shortened or left_out > 0,
        given.missed,
        tuple(asked.media),
    )


def packed(content: CallContent) -> tuple[bytes, list[bytes]]:
    """The text as bytes for the disk, and each of its media that there is data of."""
    bare = tuple(msgspec.structs.replace(each, data="") for each in content.media)
    text = zlib.compress(_encoder.encode(msgspec.structs.replace(content, media=bare)), 6)
    media = [
        _NUMBER.pack(number) + zlib.compress(each.data.encode(), 1)
        for number, each in enumerate(content.media)
        if each.data
    ]
    return text, media


def unpacked(text: bytes, media: Iterable[bytes], *, with_data: bool) -> CallContent:
    """What `packed` made bytes of. Raises ValueError where it is none. Media that are gone are said to be."""
    try:
        content = msgspec.json.decode(zlib.decompress(text), type=CallContent)
        found = {_NUMBER.unpack_from(each)[0]: each[_NUMBER.size :] for each in media}
        items = tuple(
            each
            if each.missing
            else msgspec.structs.replace(each, missing="it was kept for a shorter time, or was forgotten")
            if number not in found
            else msgspec.structs.replace(each, data=zlib.decompress(found[number]).decode() if with_data else "")
            for number, each in enumerate(content.media)
        )
    except (zlib.error, struct.error, *NOT_JSON) as error:
        raise ValueError(f"what is kept of it cannot be read ({type(error).__name__})") from None
    return msgspec.structs.replace(content, media=items)


def _answer(given: Given) -> tuple[dict[str, Any] | None, bool]:
    """The answer in the form of a whole one, and whether it was ended at a budget's limit."""
    if not given.answer:
        return None, False
    if not given.streamed:
        answer = _value(b"".join(given.answer))
        if not isinstance(answer, dict):
            given.shortened = True
            return None, False
        return answer, False
    heard, reader = Heard(), SseReader(_MOST_STREAMED)
    try:
        for piece in _inflated(given):
            for frame in reader.feed(piece):
                if frame.data != DONE:
                    heard.add(frame.data)
        for frame in reader.close():
            heard.add(frame.data)
    except LineTooLong:
        given.shortened = True
    return heard.answer(), heard.is_cut


def _inflated(given: Given) -> Iterator[bytes]:
    inflater, done = zlib.decompressobj(-WINDOW_BITS), 0
    for packed_piece in given.answer:
        left = packed_piece
        while left and done < _MOST_STREAMED:
            piece = inflater.decompress(left, _STEP)
            left, done = inflater.unconsumed_tail, done + len(piece)
            yield piece
    if done >= _MOST_STREAMED:
        given.shortened = True


def _value(raw: bytes) -> object:
    try:
        return _anything.decode(raw)
    except NOT_JSON:
        return None
