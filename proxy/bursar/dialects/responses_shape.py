"""A body in the shape of OpenAI's Responses as the fields of a chat request.

Source: OpenAI API reference, "Create a model response". What only OpenAI could resolve (earlier responses, sealed
reasoning, tools of its own) has no place in a chat and is left out.
"""

from typing import Any

import msgspec

from bursar.dialects.chat_tools import (
    TEXT_ARGUMENT,
    call_of,
    chat_choice,
    chat_tools,
    lowered_names,
    raw_calls_wrapped,
    said_before,
)
from bursar.domain.refusals import InvalidParameter

_encoder = msgspec.json.Encoder()

_REWRITTEN = frozenset({"input", "instructions", "tools", "tool_choice", "max_output_tokens", "reasoning", "text"})
_WITHOUT_PLACE = frozenset(
    {
        "store",
        "include",
        # Whoever is answered in chunks of a chat has no response of ours to go on from.
        "previous_response_id",
        "truncation",
        "prompt_cache_retention",
        "background",
        "conversation",
        "max_tool_calls",
        "prompt",
        "metadata",
        "top_logprobs",
    }
)
_ROLES = {"developer": "system", "system": "system", "assistant": "assistant", "user": "user"}
"""Every upstream takes `system`, few `developer`."""


def responses_as_chat(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of the chat request that means the same. Raises InvalidParameter where `input` is none."""
    chat = {name: each for name, each in fields.items() if name not in _REWRITTEN | _WITHOUT_PLACE}
    messages: list[dict[str, Any]] = []
    if isinstance(fields.get("instructions"), str) and fields["instructions"]:
        messages.append({"role": "system", "content": fields["instructions"]})
    messages += _messages(fields["input"])
    chat["messages"] = raw_calls_wrapped(messages, lowered_names(fields.get("tools")))
    _tools(fields, chat)
    if isinstance(fields.get("max_output_tokens"), int):
        chat["max_tokens"] = fields["max_output_tokens"]
    reasoning = fields.get("reasoning")
    if isinstance(reasoning, dict) and isinstance(reasoning.get("effort"), str):
        chat["reasoning_effort"] = reasoning["effort"]
    _text(fields.get("text"), chat)
    return chat


def _tools(fields: dict[str, Any], chat: dict[str, Any]) -> None:
    tools = chat_tools(fields.get("tools"))
    if not tools:
        chat.pop("parallel_tool_calls", None)
        return
    chat["tools"] = tools
    choice, _ = chat_choice(fields.get("tool_choice"))
    if choice is not None:
        chat["tool_choice"] = choice


def _text(text: object, chat: dict[str, Any]) -> None:
    """How long-winded the answer is to be, and in which format."""
    if not isinstance(text, dict):
        return
    if isinstance(text.get("verbosity"), str):
        chat["verbosity"] = text["verbosity"]
    wanted = text.get("format")
    if not isinstance(wanted, dict):
        return
    if wanted.get("type") == "json_schema":
        schema = {name: each for name, each in wanted.items() if name != "type" and each is not None}
        chat["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif wanted.get("type") == "json_object":
        chat["response_format"] = {"type": "json_object"}


def _messages(given: object) -> list[dict[str, Any]]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise InvalidParameter("`input` must be a text or a list of items.", param="input")
    messages: list[dict[str, Any]] = []
    for item in given:
        if isinstance(item, dict):
            _add(messages, item)
        elif isinstance(item, str):
            messages.append({"role": "user", "content": item})
        else:
            raise InvalidParameter("Every item of `input` must be an object.", param="input")
    return messages


def _add(messages: list[dict[str, Any]], item: dict[str, Any]) -> None:
    """One item more. What an assistant says and calls in one turn is one message."""
    match item.get("type", "message"):
        case "message":
            role = _ROLES.get(str(item.get("role")), "user")
            messages.append({"role": role, "content": _content(item.get("content"), role)})
        case "function_call":
            _call(
                messages, call_of(item.get("call_id") or item.get("id"), item.get("name"), _text_of(item, "arguments"))
            )
        case "custom_tool_call":
            arguments = _encoder.encode({TEXT_ARGUMENT: _text_of(item, "input")}).decode()
            _call(messages, call_of(item.get("call_id") or item.get("id"), item.get("name"), arguments))
        case "function_call_output" | "custom_tool_call_output":
            _result(messages, item)
        case _:
            return  # reasoning, references and calls of the vendor's own tools


def _call(messages: list[dict[str, Any]], call: dict[str, Any]) -> None:
    last = messages[-1] if messages else {}
    if last.get("role") != "assistant":
        messages.append(said_before([call], None))
    else:
        last.setdefault("tool_calls", []).append(call)


def _result(messages: list[dict[str, Any]], item: dict[str, Any]) -> None:
    """What a tool gave back. A chat takes text alone there, so pictures follow as the user's."""
    output = item.get("output")
    parts = _parts(output) if isinstance(output, list) else []
    texts = [str(part["text"]) for part in parts if part["type"] == "text"]
    shown = [part for part in parts if part["type"] != "text"]
    text = output if isinstance(output, str) else "\n".join(texts)
    if not isinstance(output, str | list) and output is not None:
        text = _encoder.encode(output).decode()
    messages.append({"role": "tool", "tool_call_id": str(item.get("call_id") or ""), "content": text})
    if shown:
        messages.append({"role": "user", "content": shown})


def _content(content: object, role: str) -> Any:
    """A message's content; one text where it is texts alone, since not every upstream takes parts in every role."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    parts = _parts(content)
    if role != "user" or all(part["type"] == "text" for part in parts):
        return "\n".join(str(part["text"]) for part in parts if part["type"] == "text")
    return parts


def _parts(content: list[Any]) -> list[dict[str, Any]]:
    return [known for part in content if (known := _part(part)) is not None]


def _part(part: object) -> dict[str, Any] | None:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, dict):
        return None
    match part.get("type"):
        case "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text":
            return {"type": "text", "text": _text_of(part, "text")}
        case "refusal":
            return {"type": "text", "text": _text_of(part, "refusal")}
        case "input_image" if isinstance(part.get("image_url"), str):
            detail = {"detail": part["detail"]} if isinstance(part.get("detail"), str) else {}
            return {"type": "image_url", "image_url": {"url": part["image_url"], **detail}}
        case "input_file":
            file = {
                name: part[name] for name in ("file_data", "file_id", "filename") if isinstance(part.get(name), str)
            }
            return {"type": "file", "file": file}
        case "input_audio" | "image_url" | "file":
            return part
        case _:
            return None


def _text_of(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else "" if value is None else _encoder.encode(value).decode()
