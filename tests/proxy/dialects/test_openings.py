"""Of a conversation that is known only what is new is read, and what is read is to the byte what it is without that."""

import json
from typing import Any

import msgspec
import pytest

from bursar.dialects.openai_chat_request import read_request, write_request
from bursar.dialects.openings import MOST_NEW_BYTES, Messages, Openings
from bursar.domain.refusals import BadRequest

TURNS: list[dict[str, Any]] = [
    {"role": ("user", "assistant")[turn % 2], "content": f'{turn}: []{{"messages":[é]}}\n' + "word " * 400}
    for turn in range(60)
]
NEW = {"role": "user", "content": "and then?"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {}}}
STYLES: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "spaced": {},
    "in letters": {"separators": (",", ":"), "ensure_ascii": False},
}
COMPACT = STYLES["compact"]


def written(doc: dict[str, Any], style: dict[str, Any] = COMPACT) -> bytes:
    return json.dumps(doc, **style).encode()


def after(*bodies: bytes) -> Openings:
    """What is known once these were read."""
    openings = Openings()
    for body in bodies:
        read_request(body, openings=openings)
    return openings


def check(body: bytes, openings: Openings, *, known: bool) -> None:
    """Read by these openings, a body is what it is without any; and whether it was read as a known one."""
    plain, request = read_request(body), read_request(body, openings=openings)
    assert isinstance(request.parts.messages, Messages) is known
    assert len(request.parts.messages) == len(plain.parts.messages)
    assert tuple(request.parts.messages) == tuple(plain.parts.messages)
    assert list(map(bytes, request.fields.values())) == list(map(bytes, plain.fields.values()))
    assert list(request.fields) == list(plain.fields)
    assert write_request(request, "other") == write_request(plain, "other")
    as_they_are: dict[str, Any] = {"fields": {}, "parts": None}
    assert msgspec.structs.replace(request, **as_they_are) == msgspec.structs.replace(plain, **as_they_are)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("before", [{}, {"model": "m", "tools": [TOOL]}], ids=["first", "behind others"])
def test_a_conversation_that_grows_is_read_where_it_is_new(style: str, before: dict[str, Any]) -> None:
    openings = Openings()
    for turns in range(50, 60):
        doc = before | {"messages": TURNS[:turns], "model": "m", "stop": ["]"], "n": turns - 49}
        check(written(doc, STYLES[style]), openings, known=turns > 50)


def test_only_the_last_message_may_be_another() -> None:
    openings = after(written({"model": "m", "messages": TURNS}))
    check(written({"model": "m", "messages": [*TURNS[:-1], NEW]}), openings, known=True)
    check(
        written({"model": "m", "messages": [*TURNS[:-1], NEW], "tools": [TOOL], "stream": True}), openings, known=True
    )
    check(written({"model": "m", "messages": [*TURNS[:-2], NEW, TURNS[-1]]}), openings, known=False)
    check(written({"model": "m", "messages": [NEW, *TURNS[1:]]}), openings, known=False)
    check(written({"model": "n", "messages": TURNS}), openings, known=False)


def test_what_is_no_longer_than_the_opening_is_read_whole() -> None:
    openings = after(written({"model": "m", "messages": TURNS}))
    check(written({"model": "m", "messages": TURNS[:-1]}), openings, known=False)
    check(written({"model": "m", "messages": TURNS[:10]}), openings, known=False)


def test_what_is_much_longer_is_read_whole_and_then_known() -> None:
    openings = after(written({"model": "m", "messages": TURNS[:50]}))
    long = [*TURNS[:50], {"role": "user", "content": "x" * MOST_NEW_BYTES}]
    check(written({"model": "m", "messages": long}), openings, known=False)
    check(written({"model": "m", "messages": [*long, NEW]}), openings, known=False)
    check(written({"model": "m", "messages": [*long, NEW, NEW]}), openings, known=True)


def test_conversations_that_begin_alike_do_not_drive_each_other_out() -> None:
    bodies = [[*TURNS[:40], {"role": "user", "content": f"{way}"}, *TURNS[41:]] for way in range(5)]
    openings = after(*(written({"model": "m", "messages": messages}) for messages in bodies))
    for messages in bodies:
        check(written({"model": "m", "messages": [*messages, NEW]}), openings, known=True)


def test_of_two_lists_the_last_counts_as_everywhere() -> None:
    first, last = json.dumps([*TURNS[:-1], NEW], **COMPACT), json.dumps(TURNS[::-1], **COMPACT)
    openings = after(written({"model": "m", "messages": TURNS}))
    for lists in ((first, last), (first, first), (first, "[]"), (first, json.dumps([NEW], **COMPACT))):
        body = '{{"model":"m","messages":{},"messages":{}}}'.format(*lists).encode()
        if lists[1] == "[]":
            with pytest.raises(BadRequest):
                read_request(body, openings=openings)
        else:
            check(body, openings, known=False)


def test_messages_with_media_are_looked_at_each_time() -> None:
    picture = {"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://x/y"}}]}
    openings = after(written({"model": "m", "messages": [picture, *TURNS]}))
    assert read_request(written({"model": "m", "messages": [picture, *TURNS, NEW]}), openings=openings) == read_request(
        written({"model": "m", "messages": [picture, *TURNS, NEW]})
    )
    openings = after(written({"model": "m", "messages": TURNS}))
    again = written({"model": "m", "messages": [*TURNS, picture]})
    assert read_request(again, openings=openings).fields == read_request(again).fields
    assert b'"source"' not in write_request(read_request(again, openings=openings), "m")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body[:-1],
        lambda body: body + b"]",
        lambda body: body.replace(b'{"role":"user","content":"and then?"}', b""),
        lambda body: body.replace(b'"and then?"', b'"and then?'),
        lambda body: body.replace(b"and then?", b"and \xff then?"),
        lambda body: body.replace(b'"n":1', b'"n":'),
    ],
    ids=["no end", "more than an end", "a comma too many", "an open text", "no UTF-8", "no value"],
)
def test_what_is_no_json_behind_an_opening_is_refused_as_ever(spoil: Any) -> None:
    openings = after(written({"model": "m", "messages": TURNS}))
    body = spoil(written({"model": "m", "messages": [*TURNS[:-1], NEW], "n": 1}))
    with pytest.raises(BadRequest) as plain:
        read_request(body)
    with pytest.raises(BadRequest) as known:
        read_request(body, openings=openings)
    assert known.value.message == plain.value.message
