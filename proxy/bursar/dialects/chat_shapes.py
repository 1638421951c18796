"""Bodies of other shapes at the chat endpoint, made chat requests: Cursor sends those of Responses and of Messages.

What is a chat request already passes untouched. Sources of the shapes: OpenAI API reference, "Create a model
response" and "Create chat completion"; Anthropic API reference, "Messages"; reports of what Cursor sends.
"""

from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON
from bursar.dialects.chat_tools import CHOICE_KINDS, chat_choice, chat_tools, lowered_names, raw_calls_wrapped
from bursar.dialects.messages_shape import messages_as_chat
from bursar.dialects.responses_shape import responses_as_chat
from bursar.domain.refusals import InvalidParameter

_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()

_BLOCKS = (b'"tool_use"', b'"tool_result"', b'"thinking"', b'"redacted_thinking"', b'"source"')
"""What stands unescaped only where it is a name or a value of the JSON itself, never in a text that quotes it."""
_NULL = b"null"


class _Shape(msgspec.Struct):
    """As much of a tool as tells whether a chat has it in this form."""

    function: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    custom: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_shapes = msgspec.json.Decoder(list[_Shape])


def as_chat(fields: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The fields of a chat request: the same ones where they are, else those that mean the same.

    Raises InvalidParameter where a field cannot be what its shape says.
    """
    if not _has(fields, "messages"):
        return _raw(responses_as_chat(_values(fields))) if _has(fields, "input") else fields
    if _has(fields, "system") or _has_blocks(fields["messages"]):
        return _raw(messages_as_chat(_values(fields)))
    return _with_chat_tools(fields)


def custom_tools(fields: dict[str, msgspec.Raw]) -> frozenset[str]:
    """The tools of a body as it came that take plain text, and that `as_chat` makes functions."""
    if b'"custom"' not in bytes(fields.get("tools", b"")):
        return frozenset()
    return lowered_names(_value(fields, "tools"))


def _with_chat_tools(fields: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The same messages with tools and choice of tool as chat has them; untouched where they are."""
    changed = dict(fields)
    if _has(fields, "tools") and _foreign(fields["tools"]):
        tools = _value(fields, "tools")
        known = chat_tools(tools)
        changed["tools"] = msgspec.Raw(_encoder.encode(known))
        if names := lowered_names(tools):
            messages = raw_calls_wrapped(_value(fields, "messages"), names)
            changed["messages"] = msgspec.Raw(_encoder.encode(messages))
        if not known:
            del changed["tools"]
            changed.pop("tool_choice", None)
    choice = _value(changed, "tool_choice") if bytes(changed.get("tool_choice", b"")).startswith(b"{") else None
    if isinstance(choice, dict) and choice.get("type") in CHOICE_KINDS:
        said, parallel = chat_choice(choice)
        del changed["tool_choice"]
        if said is not None:
            changed["tool_choice"] = msgspec.Raw(_encoder.encode(said))
        if parallel is not None:
            changed["parallel_tool_calls"] = msgspec.Raw(_encoder.encode(parallel))
    return changed


def _foreign(tools: msgspec.Raw) -> bool:
    """Whether one of the tools is in no form of a chat's."""
    try:
        return any(each.function is msgspec.UNSET and each.custom is msgspec.UNSET for each in _shapes.decode(tools))
    except NOT_JSON:
        return False


def _has(fields: dict[str, msgspec.Raw], name: str) -> bool:
    return name in fields and bytes(fields[name]) != _NULL


def _has_blocks(messages: msgspec.Raw) -> bool:
    content = bytes(messages)
    return any(word in content for word in _BLOCKS)


def _values(fields: dict[str, msgspec.Raw]) -> dict[str, Any]:
    return {name: _value(fields, name) for name in fields}


def _value(fields: dict[str, msgspec.Raw], name: str) -> Any:
    try:
        return _anything.decode(fields[name])
    except NOT_JSON:
        raise InvalidParameter(f"`{name}` cannot be read.", param=name) from None


def _raw(values: dict[str, Any]) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(_encoder.encode(value)) for name, value in values.items()}
