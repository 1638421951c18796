"""Bodies of other shapes at the chat endpoint, made chat requests: Cursor sends those of Responses and of Messages.

What is a chat request already passes untouched. Sources of the shapes: OpenAI API reference, "Create a model
response" and "Create chat completion"; Anthropic API reference, "Messages"; reports of what Cursor sends.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from bursar.dialects.canonical import NOT_JSON
from bursar.dialects.chat_tools import chat_choice, chat_tools, lowered_names, raw_calls_wrapped
from bursar.dialects.messages_shape import messages_as_chat
from bursar.dialects.responses_shape import responses_as_chat
from bursar.domain.refusals import InvalidParameter

_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()

_BLOCKS = (b'"tool_use"', b'"tool_result"', b'"thinking"', b'"redacted_thinking"', b'"source"')
"""What stands unescaped only where it is a name or a value of the JSON itself, never in a text that quotes it."""
_MEDIA = b'"source"'
_CUSTOM = b'"custom"'
_NESTED = (b'"function":', b'"function" :')
_NULL = msgspec.Raw(b"null")
PLAIN = tuple(
    b'{"role":%b"%b",%b"content":%b%b' % (gap, role, gap, gap, begins)
    for gap in (b"", b" ")
    for role in (b"user", b"assistant", b"system", b"developer")
    for begins in (b'"', b"null")
)
"""How clients begin a message whose content is one text, or none: then it has no blocks of any shape."""


class _Shape(msgspec.Struct):
    """As much of a tool as tells whether a chat has it in this form."""

    function: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    custom: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_shapes = msgspec.json.Decoder(list[_Shape])


class Shaped(NamedTuple):
    """The fields of a chat request, and the tools that were declared to take plain text and are functions in it."""

    fields: dict[str, msgspec.Raw]
    custom_tools: frozenset[str] = frozenset()


def as_chat(fields: dict[str, msgspec.Raw], messages: Sequence[bytes]) -> Shaped:
    """A chat request: the same fields where they are one, else those that mean the same.

    `messages` are the field's, one by one; empty where there are none. Looks at little where it is a chat already:
    whoever has messages of another shape has its tools too, or a `system` beside them, or media.
    Raises InvalidParameter where a field cannot be what its shape says.
    """
    if not _has(fields, "messages"):
        return _made(responses_as_chat, fields) if _has(fields, "input") else Shaped(fields)
    if "system" in fields and _has(fields, "system"):
        return _made(messages_as_chat, fields)
    if "tools" not in fields or not _has(fields, "tools"):
        return _made(messages_as_chat, fields) if have_media(messages) else Shaped(fields)
    if not _foreign(bytes(fields["tools"])):
        return Shaped(fields)
    whole = bytes(fields["messages"])
    if any(word in whole for word in _BLOCKS):
        return _made(messages_as_chat, fields)
    return _with_chat_tools(fields)


def have_media(messages: Sequence[bytes]) -> bool:
    """Whether any of them may have media in the manner of Messages."""
    return any(_MEDIA in message for message in messages if not message.startswith(PLAIN))


def _made(convert: Callable[[dict[str, Any]], dict[str, Any]], fields: dict[str, msgspec.Raw]) -> Shaped:
    values = {name: _value(fields, name) for name in fields}
    custom = lowered_names(values.get("tools"))
    chat = convert(values)
    return Shaped({name: msgspec.Raw(_encoder.encode(value)) for name, value in chat.items()}, custom)


def _with_chat_tools(fields: dict[str, msgspec.Raw]) -> Shaped:
    """The same messages with tools and choice of tool as chat has them."""
    changed = dict(fields)
    tools = _value(fields, "tools")
    known, names = chat_tools(tools), lowered_names(tools)
    changed["tools"] = msgspec.Raw(_encoder.encode(known))
    if names:
        messages = raw_calls_wrapped(_value(fields, "messages"), names)
        changed["messages"] = msgspec.Raw(_encoder.encode(messages))
    if not known:
        del changed["tools"]
        changed.pop("tool_choice", None)
    choice = _value(changed, "tool_choice") if "tool_choice" in changed else None
    if isinstance(choice, dict):
        said, parallel = chat_choice(choice)
        del changed["tool_choice"]
        if said is not None:
            changed["tool_choice"] = msgspec.Raw(_encoder.encode(said))
        if parallel is not None:
            changed["parallel_tool_calls"] = msgspec.Raw(_encoder.encode(parallel))
    return Shaped(changed, names)


def _foreign(tools: bytes) -> bool:
    """Whether one of the tools is in no form of a chat's."""
    if any(word in tools for word in _NESTED) and _CUSTOM not in tools:
        return False
    try:
        return any(each.function is msgspec.UNSET and each.custom is msgspec.UNSET for each in _shapes.decode(tools))
    except NOT_JSON:
        return False


def _has(fields: dict[str, msgspec.Raw], name: str) -> bool:
    return name in fields and fields[name] != _NULL


def _value(fields: dict[str, msgspec.Raw], name: str) -> Any:
    try:
        return _anything.decode(fields[name])
    except NOT_JSON:
        raise InvalidParameter(f"`{name}` cannot be read.", param=name) from None
