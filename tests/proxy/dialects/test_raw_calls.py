"""Calls of custom tools in answers: plain text for who declared them so, streamed and whole; the rest untouched."""

import json
from typing import Any

from bursar.dialects.raw_calls import RawCalls

PATCH = '*** Begin Patch\n*** Add File: "a.py"\n+print("ü")\n*** End Patch'
NAMES = frozenset({"ApplyPatch"})


def event(*, delta: dict[str, Any] | None = None, finish: str | None = None, index: int = 0) -> bytes:
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return b"data: " + json.dumps({"id": "c1", "model": "m", "choices": [choice]}).encode() + b"\n\n"


def call(arguments: str, *, name: str | None = None, place: int = 0) -> dict[str, Any]:
    function: dict[str, Any] = {"arguments": arguments}
    head: dict[str, Any] = {"index": place}
    if name is not None:
        head |= {"id": f"call_{place}", "type": "function"}
        function["name"] = name
    return {"tool_calls": [{**head, "function": function}]}


def joined(events: bytes) -> tuple[dict[int, str], dict[int, str], str]:
    """Names and arguments of the calls by their place, and the text, as a client puts them together."""
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    text = ""
    for block in events.split(b"\n\n"):
        if not block.startswith(b"data: {"):
            continue
        for choice in json.loads(block.removeprefix(b"data: "))["choices"]:
            text += choice["delta"].get("content") or ""
            for each in choice["delta"].get("tool_calls", ()):
                place = each["index"]
                names[place] = each["function"].get("name") or names[place]
                arguments[place] = arguments.get(place, "") + each["function"]["arguments"]
    return names, arguments, text


def wrapped(text: str) -> str:
    return json.dumps({"input": text})


def test_a_streamed_call_of_a_custom_tool_has_its_text_once_it_has_ended() -> None:
    calls = RawCalls(NAMES)
    said = wrapped(PATCH)
    out = calls.stream(event(delta={"content": "I edit."}))
    out += calls.stream(event(delta=call("", name="ApplyPatch")))
    for start in range(0, len(said), 7):
        assert calls.stream(event(delta=call(said[start : start + 7]))) == b""
    out += calls.stream(event(delta=call('{"path"', name="read", place=1)) + event(delta=call(':"b"}', place=1)))
    out += calls.stream(event(finish="tool_calls") + b"data: [DONE]\n\n")
    assert joined(out) == ({0: "ApplyPatch", 1: "read"}, {0: PATCH, 1: '{"path":"b"}'}, "I edit.")
    assert out.endswith(b'"finish_reason": "tool_calls"}]}\n\ndata: [DONE]\n\n')


def test_a_call_that_comes_whole_in_one_event_with_its_end() -> None:
    calls = RawCalls(NAMES)
    out = calls.stream(event(delta=call(wrapped(PATCH), name="ApplyPatch"), finish="tool_calls"))
    assert joined(out)[1] == {0: PATCH}


def test_of_a_call_that_was_cut_nothing_is_made_up() -> None:
    calls = RawCalls(NAMES)
    out = calls.stream(event(delta=call(wrapped(PATCH)[:30], name="ApplyPatch")))
    out += calls.stream(event(finish="length"))
    assert joined(out)[1] == {0: ""}


def test_a_model_that_calls_with_plain_text_after_all_is_taken_by_its_word() -> None:
    calls = RawCalls(NAMES)
    out = calls.stream(event(delta=call(PATCH, name="ApplyPatch")) + event(finish="tool_calls"))
    assert joined(out)[1] == {0: PATCH}


def test_what_calls_no_custom_tool_passes_untouched() -> None:
    calls = RawCalls(NAMES)
    for piece in (
        event(delta={"content": 'a "tool_calls" of words'}),
        event(delta=call('{"path":"b"}', name="read")),
        event(finish="tool_calls") + b": cost 0.01\n\n",
        b'data: not json "tool_calls"\n\n',
    ):
        assert calls.stream(piece) == piece


def test_a_whole_answer() -> None:
    made = [
        {"id": "a", "type": "function", "function": {"name": "ApplyPatch", "arguments": wrapped(PATCH)}},
        {"id": "b", "type": "function", "function": {"name": "read", "arguments": wrapped("x")}},
    ]
    body = json.dumps({"choices": [{"index": 0, "message": {"content": None, "tool_calls": made}}]}).encode()
    [choice] = json.loads(RawCalls(NAMES).whole(body))["choices"]
    assert [each["function"]["arguments"] for each in choice["message"]["tool_calls"]] == [PATCH, wrapped("x")]
    plain = b'{"choices": [{"message": {"content": "hi"}}]}'
    assert RawCalls(NAMES).whole(plain) == plain
