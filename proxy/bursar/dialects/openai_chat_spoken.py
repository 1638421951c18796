"""OpenAI chat completions, the answer as a person reads it: its text, its reasoning, and why it was cut.

What is metered is heard by `openai_chat_answer.py`; here the calls of tools are left out, as are all answers
but the first.
"""

from typing import Any, NamedTuple

import msgspec

from bursar.dialects.canonical import NOT_JSON

_anything = msgspec.json.Decoder()


class Spoken(NamedTuple):
    """What one chunk, or a whole answer, has for people to read; `cut` is our sentence where a budget ended it."""

    text: str = ""
    reasoning: str = ""
    cut: str = ""


def spoken(payload: bytes) -> Spoken:
    """Empty where there is nothing to read, or nothing that can be read."""
    try:
        chunk = _anything.decode(payload)
    except NOT_JSON:
        return Spoken()
    if not isinstance(chunk, dict):
        return Spoken()
    why = chunk.get("bursar")
    cut = _text(why, "message") if isinstance(why, dict) else ""
    for choice in _listed(chunk.get("choices")):
        if isinstance(choice, dict) and choice.get("index", 0) == 0:
            said = choice.get("delta") or choice.get("message") or {}
            if isinstance(said, dict):
                text = _text(said, "content") + _text(said, "refusal")
                return Spoken(text, _text(said, "reasoning_content") or _text(said, "reasoning"), cut)
    return Spoken(cut=cut)


def _text(fields: dict[str, Any], name: str) -> str:
    """A text, or the texts of a list of parts."""
    value = fields.get(name)
    if isinstance(value, list):
        return "".join(_text(part, "text") for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
