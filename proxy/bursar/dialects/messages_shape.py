"""A body in the shape of Anthropic's Messages as the fields of a chat request.

Source: Anthropic API reference, "Messages". Messages of both shapes may stand beside each other: each is looked at
by itself, and one that is a chat message already stays as it is.
"""

from typing import Any

import msgspec

from bursar.dialects.chat_tools import (
    CHOICE_KINDS,
    call_of,
    chat_choice,
    chat_tools,
    lowered_names,
    raw_calls_wrapped,
    said_before,
)
from bursar.domain.refusals import InvalidParameter

_encoder = msgspec.json.Encoder()

_REWRITTEN = frozenset({"system", "messages", "tools", "tool_choice", "stop_sequences"})
_WITHOUT_PLACE = frozenset({"metadata", "thinking", "top_k", "anthropic_version", "mcp_servers", "container"})
_TEXT = "text"


def messages_as_chat(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of the chat request that means the same. Raises InvalidParameter where `messages` are none."""
    chat = {name: each for name, each in fields.items() if name not in _REWRITTEN | _WITHOUT_PLACE}
    given = fields["messages"]
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise InvalidParameter("`messages` must be a list of messages.", param="messages")
    messages = [{"role": "system", "content": text}] if (text := _texts(fields.get("system"))) else []
    for message in given:
        messages += _chat_messages(message)
    chat["messages"] = raw_calls_wrapped(messages, lowered_names(fields.get("tools")))
    _tools(fields, chat)
    if isinstance(fields.get("stop_sequences"), list) and "stop" not in chat:
        chat["stop"] = fields["stop_sequences"]
    return chat


def _tools(fields: dict[str, Any], chat: dict[str, Any]) -> None:
    tools = chat_tools(fields.get("tools"))
    if not tools:
        return
    chat["tools"] = tools
    choice = fields.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") not in CHOICE_KINDS:
        if choice is not None:
            chat["tool_choice"] = choice
        return
    said, parallel = chat_choice(choice)
    if said is not None:
        chat["tool_choice"] = said
    if parallel is not None:
        chat["parallel_tool_calls"] = parallel


def _chat_messages(message: dict[str, Any]) -> list[dict[str, Any]]:
    """One message as one or several: results of tools are messages of their own, before what the user adds to them."""
    content = message.get("content")
    if not isinstance(content, list):
        return [message]
    if message.get("role") == "assistant":
        return [_assistant(message, content)]
    made: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    for block in content:
        if isinstance(block, dict) and block.get("type") == "tool_result":
            text, shown = _result(block)
            made.append({"role": "tool", "tool_call_id": str(block.get("tool_use_id") or ""), "content": text})
            rest += shown
        elif (part := _part(block)) is not None:
            rest.append(part)
    if rest or not made:
        made.append({**message, "content": _one_text(rest)})
    return made


def _assistant(message: dict[str, Any], content: list[Any]) -> dict[str, Any]:
    calls = list(message["tool_calls"]) if isinstance(message.get("tool_calls"), list) else []
    parts = []
    for block in content:
        if isinstance(block, dict) and block.get("type") in ("tool_use", "server_tool_use"):
            arguments = _encoder.encode(block.get("input") or {}).decode()
            calls.append(call_of(block.get("id"), block.get("name"), arguments))
        elif (part := _part(block)) is not None:
            parts.append(part)
    text = _one_text(parts) if parts else None
    return said_before(calls, text) if calls else {**message, "content": text or ""}


def _result(block: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The text of a tool's result, and what of it is no text: a chat takes that from the user alone."""
    content = block.get("content")
    parts = [part for each in content if (part := _part(each)) is not None] if isinstance(content, list) else []
    shown = [part for part in parts if part["type"] != _TEXT]
    text = content if isinstance(content, str) else "\n".join(str(p["text"]) for p in parts if p["type"] == _TEXT)
    if not text and shown:
        text = "What the tool gave back follows."
    return (f"Error: {text}" if block.get("is_error") is True else text), shown


def _part(block: object) -> dict[str, Any] | None:
    """A block as a part of a chat message; None for what only its vendor understands. A part of a chat stays."""
    if not isinstance(block, dict):
        return {"type": _TEXT, "text": block} if isinstance(block, str) else None
    match block.get("type"):
        case "text":
            return {"type": _TEXT, "text": str(block.get("text") or "")}
        case "image" if isinstance(block.get("source"), dict):
            return {"type": "image_url", "image_url": {"url": _address(block["source"])}}
        case "document" if isinstance(block.get("source"), dict):
            source = block["source"]
            if source.get("type") == "text":
                return {"type": _TEXT, "text": str(source.get("data") or "")}
            file = {"filename": str(block.get("title") or "document"), "file_data": _address(source)}
            return {"type": "file", "file": file}
        case "image_url" | "input_audio" | "file" | "video_url":
            return block
        case _:
            return None


def _address(source: dict[str, Any]) -> str:
    if source.get("type") == "url":
        return str(source.get("url") or "")
    return f"data:{source.get('media_type') or 'application/octet-stream'};base64,{source.get('data') or ''}"


def _texts(system: object) -> str:
    """The instructions: one text, or the texts of blocks."""
    if isinstance(system, str):
        return system
    blocks = system if isinstance(system, list) else []
    return "\n\n".join(str(each.get("text") or "") for each in blocks if isinstance(each, dict))


def _one_text(parts: list[dict[str, Any]]) -> Any:
    """Parts that are texts alone as one text, which every upstream takes in every role."""
    if all(part["type"] == _TEXT for part in parts):
        return "\n".join(str(part["text"]) for part in parts)
    return parts
