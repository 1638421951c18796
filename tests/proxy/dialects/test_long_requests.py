"""Long conversations, which are read in a way of their own: the same fields and messages, to the byte, as any other."""

import json
from typing import Any

import pytest

from bursar.dialects.openai_chat_request import read_request, write_request
from bursar.domain.refusals import BadRequest

MESSAGES = [
    {"role": "user", "content": "x" * 12_000},
    {"role": "assistant", "content": '[]{"messages":[]},"n":5,' * 500 + "é"},
    {"role": "user", "content": "and then?"},
]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {}}}
FIELDS = {"messages": MESSAGES, "model": "m", "temperature": 0.70, "stop": ["]", "}"], "n": 2}
ORDERS = {
    "first": ["messages", "model", "temperature", "stop", "n"],
    "last": ["model", "temperature", "stop", "n", "messages"],
    "between": ["model", "stop", "messages", "temperature", "n"],
}
STYLES: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "spaced": {},
    "indented": {"indent": 2},
    "in letters": {"ensure_ascii": False},
}


def read(body: bytes) -> tuple[dict[str, Any], list[Any]]:
    """The fields and the messages that were read, decoded."""
    request = read_request(body)
    fields = {name: json.loads(bytes(raw)) for name, raw in request.fields.items()}
    return fields, [json.loads(message) for message in request.parts.messages]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("style", STYLES)
def test_every_field_and_message_is_read(order: str, style: str) -> None:
    body = json.dumps({name: FIELDS[name] for name in ORDERS[order]}, **STYLES[style]).encode()
    fields, messages = read(body)
    assert list(fields) == ORDERS[order]
    assert (fields, messages) == (FIELDS, MESSAGES)
    assert read_request(body).answers == 2
    assert json.loads(write_request(read_request(body), "other")) == FIELDS | {"model": "other"}


@pytest.mark.parametrize("style", ["compact", "spaced"])
@pytest.mark.parametrize("order", [["metadata", "messages"], ["messages", "metadata"]])
def test_the_same_list_within_another_field_is_not_taken_for_the_messages(order: list[str], style: str) -> None:
    doc = {"metadata": {"messages": MESSAGES}, "messages": MESSAGES}
    fields, messages = read(json.dumps({"model": "m"} | {name: doc[name] for name in order}, **STYLES[style]).encode())
    assert fields == {"model": "m"} | doc
    assert messages == MESSAGES


def test_of_two_lists_the_last_counts_as_everywhere() -> None:
    one, other = json.dumps(MESSAGES, separators=(",", ":")), json.dumps(MESSAGES[::-1], separators=(",", ":"))
    for first, last in ((one, other), (other, one), (one, one)):
        fields, messages = read(f'{{"messages":{first},"model":"m","messages":{last}}}'.encode())
        assert messages == json.loads(last) == fields["messages"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body[:-1],
        lambda body: body + b"]",
        lambda body: body.replace(b'"model"', b"model"),
        lambda body: body.replace(b"xxx", b"x\xffx", 1),
        lambda body: body.replace(b"}]", b"},]", 1),
        lambda body: body.replace(b'"and then?"', b'"and then?'),
    ],
    ids=["no end", "more than an end", "a bare name", "no UTF-8", "a comma too many", "an open text"],
)
def test_what_is_no_json_is_refused_with_its_place(spoil: Any) -> None:
    body = json.dumps({"model": "m", "messages": MESSAGES}, separators=(",", ":"), ensure_ascii=False).encode()
    with pytest.raises(BadRequest, match="not valid"):
        read_request(spoil(body))
