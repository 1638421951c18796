"""OpenAI chat completions, the request: what it asks for, and how it is written to a route.

A client's bytes pass untouched wherever possible: the fields are kept as the JSON that came, and
only those that must change are written anew. Source: OpenAI API reference, "Create chat completion".
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from bursar.dialects.busy import MOST_ASKED, is_busy
from bursar.dialects.canonical import NOT_JSON, PromptParts
from bursar.dialects.chat_shapes import as_chat, have_media
from bursar.dialects.fallback_fields import FALLBACK_FIELDS, first_model
from bursar.dialects.openings import Messages, Opening, Openings
from bursar.dialects.traits import LIMIT_FIELDS, NEW_LIMIT, OLD_LIMIT
from bursar.domain.refusals import BadRequest, BodyTooLarge, InvalidParameter, MissingParameter

_NEWER = re.compile(r"o\d|gpt-[5-9]", re.ASCII)
_LARGEST_COUNT = 2**31 - 1
_ANSWERS = ("n", "best_of")
_LARGEST_ANSWERS = 128
_LONG = 16 * 1024
"""Bytes from which on a body is worth being read in a way of its own."""
_LONGEST_TIER = 32
_STAND_IN = msgspec.Raw(b"0")

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_list = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
_anything = msgspec.json.Decoder()


class _Conversation(msgspec.Struct):
    messages: tuple[msgspec.Raw, ...] = ()


_conversation = msgspec.json.Decoder(_Conversation)
_encoder = msgspec.json.Encoder()

_USAGE_ALONE = msgspec.Raw(b'{"include_usage":true}')


class ChatRequest(msgspec.Struct, frozen=True):
    """What a client asks for. `fields` are the body's, in their order, each as the JSON that came.

    `limit` is the most tokens that one answer may take, if the request says so, and `limit_field`
    the field that says it; of two the larger counts, since an upstream may know but one of them.
    `answers` is how many are made and charged: `n`, or `best_of` where that is more.
    """

    fields: dict[str, msgspec.Raw]
    model: str
    stream: bool
    wants_usage: bool
    parts: PromptParts
    limit: int | None
    limit_field: str | None
    answers: int
    tier: str = ""
    """The service tier that is asked for, by which some vendors charge another price; empty for the usual one."""
    custom_tools: frozenset[str] = frozenset()
    """Tools that the client declared to take plain text, and that go upstream as functions."""


def read_request(body: bytes, model: str = "", openings: Openings | None = None) -> ChatRequest:
    """The request that `body` holds, also one in the shape of Responses or Messages (`chat_shapes.py`).

    `model`, where given, is asked for in place of the body's. Of a conversation that `openings` know only what is new
    is read. Raises BadRequest and its kinds, each naming the field at fault.
    """
    came, messages = _read(body, openings)
    fields, custom_tools = as_chat(came, (messages.new if type(messages) is Messages else messages) or ())
    if fields is not came:
        messages = _listed(fields)
    if model:
        fields = {**fields, "model": _raw(model)}
    model = _text(fields, "model") or first_model(fields)
    if not model:
        raise MissingParameter("The request names no `model`; GET /v1/models lists those there are.", param="model")
    limit, limit_field = (None, None) if fields.keys().isdisjoint(LIMIT_FIELDS) else _limit(fields)
    options = _value(fields, "stream_options") if "stream_options" in fields else None
    return ChatRequest(
        fields,
        model,
        "stream" in fields and _flag(fields, "stream"),
        isinstance(options, dict) and options.get("include_usage") is True,
        _parts(fields, messages),
        limit,
        limit_field,
        1 if fields.keys().isdisjoint(_ANSWERS) else _answers(fields),
        _tier(fields),
        custom_tools,
    )


def held_to(request: ChatRequest, most: int) -> ChatRequest:
    """The same request for answers of at most so many tokens; itself where it asks for no longer ones."""
    if request.limit is not None and request.limit <= most:
        return request
    return msgspec.structs.replace(request, fields=limited(request.fields, most), limit=most)


def limited(fields: dict[str, msgspec.Raw], most: int) -> dict[str, msgspec.Raw]:
    """The fields with no limit above `most`; one that is no larger stays as it came."""
    above = [name for name in LIMIT_FIELDS & fields.keys() if (_value(fields, name) or 0) > most]
    return {**fields, **dict.fromkeys(above, _raw(most))} if above else fields


def write_request(request: ChatRequest, model: str, limit: int | None = None) -> bytes:
    """The body to send to a route: its own name of the model, usage asked for, our own fields left out.

    `limit`, where given, becomes the most tokens that the answer may take.
    """
    fields = sendable_fields(request, model)
    if limit is not None:
        fields = {**limited(fields, limit), request.limit_field or limit_field_of(model): _raw(limit)}
    return _encoder.encode(fields)


def sendable_fields(request: ChatRequest, model: str) -> dict[str, msgspec.Raw]:
    """The fields to send to a route: with its own name of the model, usage asked for, our own fields left out."""
    fields = request.fields.copy()
    if not fields.keys().isdisjoint(FALLBACK_FIELDS):
        for name in FALLBACK_FIELDS:
            fields.pop(name, None)
    fields["model"] = _named(model)
    if request.stream:
        fields["stream_options"] = _with_usage(fields.get("stream_options"))
    return fields


@lru_cache(4096)
def limit_field_of(model: str) -> str:
    """OpenAI's newer models refuse `max_tokens`; everybody else may not know its successor."""
    return "max_completion_tokens" if _NEWER.match(model.rpartition("/")[2]) else "max_tokens"


def _with_usage(options: msgspec.Raw | None) -> msgspec.Raw:
    if options is None:
        return _USAGE_ALONE
    asked = _anything.decode(options)
    return _raw({**(asked if isinstance(asked, dict) else {}), "include_usage": True})


def _read(body: bytes, openings: Openings | None) -> tuple[dict[str, msgspec.Raw], Sequence[bytes] | None]:
    """The fields, and the messages one by one; None where there is no list of them."""
    if len(body) > _LONG and openings is not None:
        opening = openings.find(body)
        # What was known has been looked through, and what may stand behind it is too short for many values.
        continued = _continued(body, opening) if opening is not None else None
        if continued is not None:
            return continued
    if is_busy(body, MOST_ASKED):
        raise BodyTooLarge(f"The request holds more than {MOST_ASKED:,} values; send fewer messages, parts or tools.")
    if len(body) > _LONG:
        apart = _taken_apart(body)
        if apart is not None:
            if openings is not None and not have_media(apart.messages):
                openings.note(body, apart.start, apart.messages, apart.gap)
            return apart.fields, apart.messages
    fields = _read_fields(body)
    return fields, _listed(fields)


class _Apart(NamedTuple):
    """A body taken apart: its list of messages stands at `start`, with `gap` bytes between two of them."""

    fields: dict[str, msgspec.Raw]
    messages: tuple[bytes, ...]
    start: int
    gap: int
    size: int
    """Of the list, in bytes."""


def _continued(body: bytes, opening: Opening) -> tuple[dict[str, msgspec.Raw], Sequence[bytes]] | None:
    """The same for a body that begins with a known opening: it is read with the known messages cut out of its list.

    None where nothing of the list is left, or the list is not the same.
    """
    apart = _taken_apart(body[: opening.start + 1] + body[opening.end :])
    if apart is None or apart.start != opening.start:
        return None
    whole = memoryview(body)[opening.start : opening.end + apart.size - 1]
    apart.fields["messages"] = msgspec.Raw(whole)
    return apart.fields, Messages(body, opening, apart.messages)


def _taken_apart(body: bytes) -> _Apart | None:
    """The same for a long conversation in half the time: its messages are read, and then what stands around them.

    JSON stays the same JSON when a value of it gives way to another one. So the fields are those of the body with a
    bare number where the list of messages stands, if that is where the number is found, and what stood there is the
    list to the byte. None where the body is written in another way, or is none.
    """
    try:
        messages = tuple(map(bytes, _conversation.decode(body).messages))
        if not messages or not _is_utf8(body):
            return None
        start = body.find(b"[" + messages[0][:64])
        gap = b", " if body.startswith(b", ", start + 1 + len(messages[0])) else b","
        listed = b"[%b]" % gap.join(messages)
        if start < 0 or not body.startswith(listed, start):
            return None
        fields = _fields.decode(body[:start] + _STAND_IN + body[start + len(listed) :])
    except NOT_JSON:
        return None
    if fields.get("messages") != _STAND_IN:
        return None
    fields["messages"] = msgspec.Raw(listed)
    return _Apart(fields, messages, start, len(gap), len(listed))


def _is_utf8(body: bytes) -> bool:
    if not body.isascii():
        body.decode("utf-8")
    return True


def _read_fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        _is_utf8(body)
        return _fields.decode(body)
    except UnicodeDecodeError:
        raise BadRequest("The request body is not valid UTF-8.") from None
    except RecursionError:
        raise BadRequest("The request body is nested too deeply.") from None
    except msgspec.ValidationError:
        raise BadRequest("The request body is not a JSON object.") from None
    except msgspec.DecodeError as error:
        raise BadRequest(f"The request body is not valid JSON: {error}.") from None


def _listed(fields: dict[str, msgspec.Raw]) -> tuple[bytes, ...] | None:
    """The messages one by one; None where there is no list of them.

    Each is copied out of the body once: whoever looks at them, and several do, would else make a copy of its own.
    """
    try:
        return tuple(map(bytes, _raw_list.decode(fields["messages"]))) if "messages" in fields else None
    except NOT_JSON:
        return None


def _limit(fields: dict[str, msgspec.Raw]) -> tuple[int | None, str | None]:
    """The larger of the limits stated, and the first field that states one."""
    largest: int | None = None
    field: str | None = None
    for name in (NEW_LIMIT, OLD_LIMIT):
        count = _count(fields, name, 1, _LARGEST_COUNT) if name in fields else None
        if count is not None:
            largest, field = (count, name) if largest is None else (max(largest, count), field)
    return largest, field


def _answers(fields: dict[str, msgspec.Raw]) -> int:
    """How many answers are made and charged."""
    answers = 1
    for name in _ANSWERS:
        if name in fields:
            answers = max(answers, _count(fields, name, 1, _LARGEST_ANSWERS) or 1)
    return answers


def _parts(fields: dict[str, msgspec.Raw], messages: Sequence[bytes] | None) -> PromptParts:
    if "messages" not in fields:
        raise MissingParameter("The request has no `messages`.", param="messages")
    if messages is None:
        raise InvalidParameter("`messages` must be a list of messages.", param="messages")
    if not messages:
        raise InvalidParameter("`messages` must hold at least one message.", param="messages")
    return PromptParts(
        messages=messages,
        tools=fields.get("tools") or fields.get("functions"),
        tool_choice=fields.get("tool_choice") or fields.get("function_call"),
        response_format=fields.get("response_format"),
    )


def _value(fields: dict[str, msgspec.Raw], name: str) -> Any:
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return _anything.decode(raw)
    except NOT_JSON:
        raise InvalidParameter(f"`{name}` cannot be read.", param=name) from None


def _tier(fields: dict[str, msgspec.Raw]) -> str:
    """The service tier, where it is one; whatever else stands there is for the upstream to judge."""
    value = _value(fields, "service_tier") if "service_tier" in fields else None
    return value[:_LONGEST_TIER] if isinstance(value, str) else ""


def _text(fields: dict[str, msgspec.Raw], name: str) -> str:
    value = _value(fields, name)
    if value is not None and not isinstance(value, str):
        raise InvalidParameter(f"`{name}` must be a text.", param=name)
    return value or ""


def _flag(fields: dict[str, msgspec.Raw], name: str) -> bool:
    value = _value(fields, name)
    if value is not None and not isinstance(value, bool):
        raise InvalidParameter(f"`{name}` must be true or false.", param=name)
    return bool(value)


def _count(fields: dict[str, msgspec.Raw], name: str, least: int, most: int) -> int | None:
    value = _value(fields, name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidParameter(f"`{name}` must be a whole number from {least} to {most:,}.", param=name)
    return value


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(value))


@lru_cache(4096)
def _named(model: str) -> msgspec.Raw:
    """A route's name of a model as JSON: there are few, and each call states one."""
    return _raw(model)
