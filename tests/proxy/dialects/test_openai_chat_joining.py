"""Joining: what of the next stream follows what the client has, and what never does."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects.openai_chat_joining import (
    LIKE_A_NEW_BEGINNING,
    DoesNotJoin,
    Joiner,
    Said,
    may_be_joined,
    prefilled,
)
from bursar.dialects.openai_chat_request import read_request

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def chunk(name: str = "a", finish: str | None = None, **delta: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return msgspec.json.encode({"id": name, "created": 1, "model": f"model-{name}", "choices": [choice]})


def in_pieces(text: str, cuts: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in zip(edges, edges[1:], strict=False)]


def said_of(*pieces: str) -> Said:
    said = Said()
    said.add(chunk(role="assistant", content=""))
    for piece in pieces:
        said.add(chunk(content=piece))
    return said


def join(joiner: Joiner, pieces: list[str]) -> list[Any]:
    """What the client gets of a stream of these pieces, under its own name."""
    payloads = [chunk("b", role="assistant"), *(chunk("b", content=piece) for piece in pieces), chunk("b", "stop")]
    joined = [joiner.join(payload) for payload in payloads]
    return [msgspec.json.decode(each) for each in joined if each is not None]


def text_of(chunks: list[Any]) -> str:
    return "".join(each["choices"][0]["delta"].get("content", "") for each in chunks)


@given(TEXT, TEXT, st.lists(st.integers(0, 200)), st.lists(st.integers(0, 200)))
def test_the_same_text_is_joined_to_the_letter(had: str, rest: str, cuts: list[int], others: list[int]) -> None:
    said = said_of(*in_pieces(had, cuts))
    chunks = join(Joiner(said), in_pieces(had + rest, others))
    assert text_of(chunks) == rest
    assert {(each["id"], each["model"]) for each in chunks} == {("a", "model-a")}
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert not any("role" in each["choices"][0]["delta"] for each in chunks)


@given(TEXT.filter(bool), TEXT, st.lists(st.integers(0, 200)), st.integers(0, 59))
def test_another_text_is_never_joined(had: str, other: str, cuts: list[int], place: int) -> None:
    place %= len(had)
    other = had[:place] + ("y" if had[place] == "x" else "x") + other
    with pytest.raises(DoesNotJoin):
        join(Joiner(said_of(had)), in_pieces(other, cuts))


@given(TEXT.filter(bool), TEXT, st.lists(st.integers(0, 200)))
def test_an_answer_that_ends_before_the_client_s_is_another_one(had: str, more: str, cuts: list[int]) -> None:
    with pytest.raises(DoesNotJoin):
        join(Joiner(said_of(had + more)), in_pieces(had, cuts) if more else [])


@given(TEXT, TEXT, st.lists(st.integers(0, 200)))
def test_what_writes_on_is_taken_as_it_comes(had: str, rest: str, cuts: list[int]) -> None:
    had = had.rstrip() + "."
    chunks = join(Joiner(said_of(had), had), in_pieces("so " + rest, cuts))
    assert text_of(chunks) == "so " + rest


@given(st.sampled_from(["\n", "\n\n    ", " ", "\t"]), TEXT, st.lists(st.integers(0, 200)))
def test_white_space_that_was_left_out_is_not_written_twice(space: str, rest: str, cuts: list[int]) -> None:
    said = said_of("if it works:" + space)
    assert text_of(join(Joiner(said, "if it works:"), in_pieces(space + "x" + rest, cuts))) == "x" + rest
    said = said_of("if it works:" + space)
    assert text_of(join(Joiner(said, "if it works:"), in_pieces("x" + rest, cuts))) == "x" + rest


@given(TEXT, st.lists(st.integers(0, 200)))
def test_what_repeats_all_that_was_given_is_joined_behind_it(rest: str, cuts: list[int]) -> None:
    had = "It repeats all that it was given to write on."
    chunks = join(Joiner(said_of(had), had), in_pieces(had + rest, cuts))
    assert text_of(chunks) == rest


def test_what_begins_again_and_goes_on_otherwise_is_not_joined() -> None:
    had = "It begins as it did before, and goes on otherwise."
    with pytest.raises(DoesNotJoin):
        join(Joiner(said_of(had), had), [had[:LIKE_A_NEW_BEGINNING], "X"])
    with pytest.raises(DoesNotJoin):
        join(Joiner(said_of(had), had), [had[:LIKE_A_NEW_BEGINNING]])
    # A few letters in common are chance.
    assert text_of(join(Joiner(said_of(had), had), ["It ", "works."])) == "It works."
    assert text_of(join(Joiner(said_of(had), had), ["It ", "be"])) == "It be"


def test_the_usage_is_that_of_one_answer() -> None:
    joiner = Joiner(said_of("abc"), "abc", tokens=30)
    usage = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
    joined = joiner.join(msgspec.json.encode({"id": "b", "model": "model-b", "choices": [], "usage": usage}))
    assert joined is not None
    assert msgspec.json.decode(joined)["usage"] == {
        "prompt_tokens": 70,
        "completion_tokens": 35,
        "total_tokens": 105,
    }


def test_reasoning_of_the_next_one_is_not_shown_after_text() -> None:
    joiner = Joiner(said_of("abc"), "abc")
    assert joiner.join(chunk("b", role="assistant", reasoning_content="hm")) is None


@pytest.mark.parametrize(
    "payload",
    [
        chunk(tool_calls=[{"index": 0, "function": {"arguments": "{"}}]),
        chunk(function_call={"arguments": "{"}),
        chunk(reasoning_content="hm"),
        chunk(refusal="no"),
        chunk(audio={"id": "x"}),
        chunk(content=[{"type": "text", "text": "a"}]),
        chunk(finish="stop"),
        b'{"choices":[{"index":1,"delta":{"content":"b"}}]}',
        b'{"choices":[{"index":0,"delta":{"content":"b"},"logprobs":{"content":[]}}]}',
        b'{"choices":"x"}',
        b"[]",
        b"{",
    ],
)
def test_only_open_text_can_go_on(payload: bytes) -> None:
    said = said_of("abc")
    assert said.joinable
    said.add(payload)
    assert not said.joinable


def asked(**fields: object) -> bytes:
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "x"}], **fields}
    return msgspec.json.encode(body)


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({}, True),
        ({"response_format": {"type": "text"}, "logprobs": False, "n": 1, "top_logprobs": None}, True),
        ({"stream": False}, False),
        ({"n": 2}, False),
        ({"logprobs": True}, False),
        ({"top_logprobs": 2}, False),
        ({"response_format": {"type": "json_object"}}, False),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, False),
        ({"modalities": ["text", "audio"]}, False),
    ],
)
def test_which_requests_are_for_one_text(fields: dict[str, object], may: bool) -> None:
    assert may_be_joined(read_request(asked(**fields))) is may


def test_a_prefill_is_the_assistant_s_last_message() -> None:
    request = prefilled(read_request(asked(max_tokens=100)), "so far \n", 40)
    assert request is not None
    assert msgspec.json.decode(request.fields["messages"])[-1] == {"role": "assistant", "content": "so far"}
    assert (request.limit, bytes(request.fields["max_tokens"])) == (60, b"60")
    assert len(request.parts.messages) == 2


def test_a_prefill_of_the_client_s_own_is_written_on() -> None:
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "Well, "}]
    request = prefilled(read_request(asked(messages=messages)), "so far", 2)
    assert request is not None
    assert msgspec.json.decode(request.fields["messages"])[-1]["content"] == "Well, so far"


@pytest.mark.parametrize(
    ("fields", "text", "tokens"),
    [
        ({}, " \n", 1),
        ({"max_tokens": 40}, "so far", 40),
        ({"messages": [{"role": "assistant", "content": None, "tool_calls": [{}]}]}, "so far", 2),
    ],
)
def test_where_nothing_can_be_written_on(fields: dict[str, object], text: str, tokens: int) -> None:
    assert prefilled(read_request(asked(**fields)), text, tokens) is None
