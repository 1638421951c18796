"""OpenAI chat completions, the answer: what a chunk or a whole answer says.

Source: OpenAI API reference, "The chat completion object" and "The chat completion chunk object".
"""

import msgspec

from bursar.dialects.busy import MOST_ANSWERED, is_busy
from bursar.dialects.canonical import NOT_JSON, Heard
from bursar.dialects.usage import usage_of

DONE = b"[DONE]"
_LONGEST_REASON = 64
"""Characters of a reason to finish, which is a word: it goes into the record of the call."""
_LONGEST_TIER = 32
"""Characters of a service tier, which is a word too."""

_anything = msgspec.json.Decoder()


# What is decoded here holds no cycles, so that the collector need not know of it.
class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct, gc=False):
    function: _Function | None = None


class _Said(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None


class _Choice(msgspec.Struct, gc=False):
    index: int = 0
    delta: _Said | None = None
    message: _Said | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Answer(msgspec.Struct, gc=False):
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: object = None
    error: object = None
    service_tier: object = None


_answer = msgspec.json.Decoder(_Answer)


class NoAnswer(Exception):
    """The payload is no JSON object that an OpenAI-compatible server would send."""


def hear(payload: bytes) -> Heard:
    """What one event's payload, or a whole plain answer, says. Raises NoAnswer where it is none."""
    if payload == DONE:
        return Heard(done=True)
    if len(payload) > MOST_ANSWERED and is_busy(payload, MOST_ANSWERED):
        raise NoAnswer(f"what the upstream sent holds more than {MOST_ANSWERED:,} values")
    try:
        answer = _answer.decode(payload)
    except msgspec.ValidationError:
        return _heard_loosely(payload)
    except NOT_JSON:
        raise NoAnswer("what the upstream sent is no JSON") from None
    heard = Heard(model=answer.model)
    for choice in answer.choices or ():
        heard.choices += 1
        said = choice.delta or choice.message
        if said is not None:
            if said.content:
                heard.text += said.content
            reasoning = said.reasoning_content or said.reasoning
            if reasoning:
                heard.reasoning += reasoning
                heard.text += reasoning
            if said.refusal:
                heard.text += said.refusal
            if said.tool_calls or said.function_call is not None:
                heard.text += _called(said)
        if choice.text:
            heard.text += choice.text
        if choice.finish_reason:
            heard.finish_reason = choice.finish_reason[:_LONGEST_REASON]
            heard.finished += (choice.index,)
    if answer.usage is not None:
        heard.usage, heard.notes = usage_of(answer.usage)
    if answer.error:
        heard.error, heard.error_code = error_of(answer.error)
    if isinstance(answer.service_tier, str):
        heard.tier = answer.service_tier[:_LONGEST_TIER]
    return heard


def _called(said: _Said) -> str:
    """The names and arguments of all calls of tools."""
    functions = [call.function for call in said.tool_calls or ()]
    return "".join(
        (function.name or "") + (function.arguments or "")
        for function in (*functions, said.function_call)
        if function is not None
    )


def _heard_loosely(payload: bytes) -> Heard:
    """As `hear`, for answers whose fields have types of their own: what is not understood counts as its text."""
    try:
        answer = _anything.decode(payload)
    except NOT_JSON:
        raise NoAnswer("what the upstream sent is no JSON") from None
    if not isinstance(answer, dict):
        raise NoAnswer("what the upstream sent is no JSON object")
    heard = Heard(model=answer["model"] if isinstance(answer.get("model"), str) else None)
    choices = answer.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        heard.choices += 1
        if not isinstance(choice, dict):
            continue
        for said in (choice.get("delta"), choice.get("message"), choice.get("text")):
            heard.text += _texts(said)
        reason, index = choice.get("finish_reason"), choice.get("index", 0)
        if isinstance(reason, str) and reason:
            heard.finish_reason = reason[:_LONGEST_REASON]
            heard.finished += (index if isinstance(index, int) else 0,)
    if answer.get("usage") is not None:
        heard.usage, heard.notes = usage_of(answer["usage"])
    if answer.get("error"):
        heard.error, heard.error_code = error_of(answer["error"])
    if isinstance(answer.get("service_tier"), str):
        heard.tier = answer["service_tier"][:_LONGEST_TIER]
    return heard


def _texts(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(_texts(each) for name, each in value.items() if name not in ("role", "type", "id", "index"))
    if isinstance(value, list):
        return "".join(map(_texts, value))
    return ""


def error_of(error: object) -> tuple[str, str | None]:
    """The message and code of an error in any of the shapes that vendors send."""
    if isinstance(error, str):
        return error, None
    if not isinstance(error, dict):
        return "the upstream reported an error without a message", None
    message = error.get("message") or error.get("msg") or error.get("detail")
    code = error.get("code") or error.get("type")
    return (
        message if isinstance(message, str) and message else "the upstream reported an error without a message",
        str(code) if isinstance(code, str | int) and not isinstance(code, bool) else None,
    )
