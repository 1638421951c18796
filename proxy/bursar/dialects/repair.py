"""Repair: a request written so that one route takes it, with a note of everything that was changed.

Bytes pass untouched wherever they can; what a model refuses is left out, renamed or lowered.
"""

from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON
from bursar.dialects.openai_chat_request import ChatRequest, limit_field_of, sendable_fields
from bursar.dialects.traits import LIMIT_FIELDS, Traits

_anything = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])

_ONE = frozenset({b"1", b"1.0"})
_USUAL = frozenset({"temperature", "top_p"})
"""What even a model without the choice takes, as long as it is 1."""
_TOOL_ROLE = (b'"tool"', b'"function"')


def write_repaired(
    request: ChatRequest, model: str, limit: int | None, traits: Traits
) -> tuple[bytes, tuple[str, ...]]:
    """The body for a route whose model has these traits, and the notes of what was changed for it.

    `limit`, where given, becomes the most tokens that the answer may take.
    """
    fields = sendable_fields(request, model)
    notes: list[str] = []
    _limit(fields, request, model, limit, traits, notes)
    for name in traits.refuses & fields.keys():
        if name not in _USUAL or bytes(fields[name]) not in _ONE:
            del fields[name]
            notes.append(f"dropped {name}")
    if traits.flat_results and _flatten(fields):
        notes.append("flattened tool results")
    return _encoder.encode(fields), tuple(sorted(notes))


def _limit(
    fields: dict[str, msgspec.Raw],
    request: ChatRequest,
    model: str,
    limit: int | None,
    traits: Traits,
    notes: list[str],
) -> None:
    wanted = request.limit if limit is None else limit
    if wanted is None:
        return
    most = min(wanted, traits.output_limit) if traits.output_limit is not None else wanted
    field = traits.limit_field or request.limit_field or limit_field_of(model)
    if most < wanted:
        notes.append(f"lowered {field} to {most}")
    if request.limit_field is not None and field != request.limit_field:
        notes.append(f"renamed {request.limit_field}")
    must_be_alone = limit is not None or traits.limit_field
    if (
        most == request.limit
        and field == request.limit_field
        and not (must_be_alone and fields.keys() & (LIMIT_FIELDS - {field}))
    ):
        return
    for name in LIMIT_FIELDS & fields.keys():
        del fields[name]
    fields[field] = _raw(most)


def _flatten(fields: dict[str, msgspec.Raw]) -> bool:
    """Make the text of every tool result that is a list of text parts one text; whether there was any."""
    try:
        messages = _raw_list.decode(fields["messages"])
    except (KeyError, *NOT_JSON):
        return False
    changed = False
    for place, raw in enumerate(messages):
        if not any(role in bytes(raw) for role in _TOOL_ROLE):
            continue
        message = _anything.decode(raw)
        text = _text_of(message)
        if text is not None:
            messages[place] = _raw({**message, "content": text})
            changed = True
    if changed:
        fields["messages"] = _raw(messages)
    return changed


def _text_of(message: Any) -> str | None:
    """The text of a tool's result that is a list of text parts; None for anything else."""
    if not isinstance(message, dict) or message.get("role") not in ("tool", "function"):
        return None
    content = message.get("content")
    if not isinstance(content, list):
        return None
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    if len(texts) != len(content) or not all(isinstance(text, str) for text in texts):
        return None
    return "\n".join(map(str, texts))


def has_result_lists(request: ChatRequest) -> bool:
    """Whether a tool's result in the request is a list of parts."""
    return any(
        _text_of(_anything.decode(message)) is not None
        for message in request.parts.messages
        if any(role in message for role in _TOOL_ROLE)
    )


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(value))
