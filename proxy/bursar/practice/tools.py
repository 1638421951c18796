"""Tools: which of them an answer calls, and with what arguments."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bursar.practice.asks import ChatRequest, NamedTool, Tool, ToolFunction
from bursar.practice.memo import Memo
from bursar.practice.prompt import Prompt
from bursar.practice.prose import Piece, pieces_of, topics
from bursar.practice.refuse import bad_request
from bursar.practice.schema_example import example

_MOST_CALLS = 4
_tools = msgspec.json.Decoder(list[Tool])


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function, its arguments in pieces as they are streamed."""

    id: str
    name: str
    name_tokens: int
    arguments: tuple[Piece, ...]


def calls_for(request: ChatRequest, prompt: Prompt, memo: Memo) -> list[Call]:
    """The calls that an answer makes: the tool that `tool_choice` names or, after a message of the user,
    each that the message names. After a tool's result there are none. Raises Declined (400) for a wrong choice.
    """
    if not request.tools:
        return []
    functions = [tool.function for tool in _read(bytes(request.tools)) if tool.function is not None]
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        chosen = [function for function in functions if function.name == choice.function.name][:1]
        if not chosen:
            raise bad_request(f"Tool choice '{choice.function.name}' not found in 'tools'.", param="tool_choice")
    elif choice == "none" or request.messages[-1].role != "user":
        return []
    else:
        chosen = [function for function in functions if _named(function.name, prompt.asked)]
        if not chosen and choice == "required":
            chosen = functions[:1]
    most = 1 if request.parallel_tool_calls is False else _MOST_CALLS
    return _calls(chosen[:most], prompt, memo)


def _read(raw: bytes) -> list[Tool]:
    if raw == b"null":
        return []
    try:
        return _tools.decode(raw)
    except msgspec.ValidationError as problem:
        raise bad_request(f"Invalid 'tools': {problem}", param="tools") from None


def _named(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _calls(functions: Sequence[ToolFunction], prompt: Prompt, memo: Memo) -> list[Call]:
    words = reversed(topics(prompt.asked))
    word = next((word for word in words if not any(word in one.name for one in functions)), "practice")
    calls = []
    for index, function in enumerate(functions):
        arguments = msgspec.json.encode(example(function.parameters or {"type": "object"}, word)).decode()
        calls.append(
            Call(
                f"call_{prompt.digest.hex()[:20]}{index:04d}",
                function.name,
                memo.count(function.name),
                tuple(pieces_of(arguments, memo)),
            )
        )
    return calls
