"""Tools of any shape as chat completions have them: nested functions, and the choice among them.

The flat functions and custom tools of OpenAI's Responses, and the tools of Anthropic's Messages. A custom tool takes
plain text, by a grammar if it says one; few upstreams know that in a chat, so it becomes a function of one text.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON

_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()

TEXT_ARGUMENT = "input"
"""The one argument of a function that a custom tool became."""

CHOICE_KINDS = frozenset({"auto", "any", "tool", "none", "custom", "allowed_tools"})
"""Types of a choice that chat writes otherwise; `function` is in both, told apart by its form."""

_NO_PARAMETERS = {"type": "object", "properties": {}}
_TEXT_PARAMETERS = {
    "type": "object",
    "properties": {TEXT_ARGUMENT: {"type": "string", "description": "The whole input of the tool, as plain text."}},
    "required": [TEXT_ARGUMENT],
    "additionalProperties": False,
}


def chat_tools(tools: object) -> Any:
    """The tools as chat has them, in their order; those that a vendor runs by itself are left out.

    What is no list is given back as it is, for whoever reads it next to refuse.
    """
    if not isinstance(tools, list):
        return tools
    return [known for tool in tools if (known := _chat_tool(tool)) is not None]


def lowered_names(tools: object) -> frozenset[str]:
    """The custom tools among these: their calls have plain text where a function has its arguments."""
    listed = tools if isinstance(tools, list) else []
    return frozenset(str(each.get("name")) for each in listed if _is_custom(each))


def chat_choice(choice: object) -> tuple[object, bool | None]:
    """The choice of a tool as chat has it (None: no such field), and, if it says so, whether several may be called."""
    if not isinstance(choice, dict):
        return choice, None
    parallel = not choice["disable_parallel_tool_use"] if "disable_parallel_tool_use" in choice else None
    match choice.get("type"):
        case "auto":
            return "auto", parallel
        case "any":
            return "required", parallel
        case "none":
            return "none", parallel
        case "tool" | "custom" | "function" if isinstance(choice.get("name"), str):
            return {"type": "function", "function": {"name": choice["name"]}}, parallel
        case "allowed_tools":
            # Which of them are allowed has no form that every upstream knows; whether one must be called has.
            return ("required" if choice.get("mode") == "required" else "auto"), parallel
        case "function":
            return choice, parallel
        case _:
            return None, parallel


def call_of(call_id: object, name: object, arguments: str) -> dict[str, Any]:
    """A call of a function, as an assistant's message has it."""
    return {
        "id": str(call_id or ""),
        "type": "function",
        "function": {"name": str(name or ""), "arguments": arguments or "{}"},
    }


def said_before(calls: Iterable[dict[str, Any]], text: object) -> dict[str, Any]:
    """An assistant's message that calls."""
    return {"role": "assistant", "content": text, "tool_calls": list(calls)}


def raw_calls_wrapped(messages: Any, names: frozenset[str]) -> Any:
    """The messages with the plain text of calls to custom tools as the arguments of the functions these became."""
    for message in messages if names and isinstance(messages, list) else ():
        calls = message.get("tool_calls") if isinstance(message, dict) else None
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict) and function.get("name") in names:
                text = function.get("arguments")
                if isinstance(text, str) and not _is_object(text):
                    function["arguments"] = _encoder.encode({TEXT_ARGUMENT: text}).decode()
    return messages


def _is_custom(tool: object) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "custom" and isinstance(tool.get("name"), str)


def _chat_tool(tool: object) -> Any:
    if not isinstance(tool, dict) or isinstance(tool.get("function"), dict) or isinstance(tool.get("custom"), dict):
        return tool
    name, kind = tool.get("name"), tool.get("type")
    if not isinstance(name, str):
        return None
    if "input_schema" in tool:
        return _function(name, tool.get("description"), tool["input_schema"])
    if kind == "custom":
        return _function(name, _with_grammar(tool), _TEXT_PARAMETERS)
    if kind == "function" or kind is None:
        made = _function(name, tool.get("description"), tool.get("parameters"))
        if isinstance(tool.get("strict"), bool):
            made["function"]["strict"] = tool["strict"]
        return made
    return None


def _function(name: str, description: object, parameters: object) -> dict[str, Any]:
    function: dict[str, Any] = {"name": name}
    if isinstance(description, str):
        function["description"] = description
    function["parameters"] = parameters if isinstance(parameters, dict) else _NO_PARAMETERS
    return {"type": "function", "function": function}


def _with_grammar(tool: dict[str, Any]) -> str:
    """What the model reads of a custom tool: its description, and the grammar that its input must keep."""
    said = str(tool.get("description") or "")
    grammar = tool.get("format")
    if isinstance(grammar, dict) and isinstance(grammar.get("definition"), str):
        syntax = grammar.get("syntax") or "given"
        said += f"\n\nThe text must keep this {syntax} grammar:\n{grammar['definition']}"
    return said.strip()


def _is_object(text: str) -> bool:
    try:
        return isinstance(_anything.decode(text), dict)
    except NOT_JSON:
        return False
