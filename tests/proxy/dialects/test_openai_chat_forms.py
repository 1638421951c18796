"""A whole answer and its chunks say the same."""

import json

from bursar.dialects.openai_chat_forms import Gatherer, chunks_of

ANSWER = {
    "id": "x",
    "object": "chat.completion",
    "created": 5,
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"},
        {
            "index": 1,
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"type": "function", "id": "c", "function": {"name": "look", "arguments": "{}"}}],
            },
            "finish_reason": "tool_calls",
        },
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2},
}


def test_there_and_back() -> None:
    gatherer = Gatherer()
    for chunk in chunks_of(json.dumps(ANSWER).encode()):
        assert json.loads(chunk)["object"] == "chat.completion.chunk"
        gatherer.add(chunk)
    assert gatherer.complete
    assert json.loads(gatherer.answer()) == ANSWER


def test_a_stream_in_pieces_is_put_together() -> None:
    gatherer = Gatherer()
    for content in ("he", "l", "lo"):
        gatherer.add(json.dumps({"choices": [{"index": 0, "delta": {"content": content}}]}).encode())
    assert not gatherer.complete
    gatherer.add(b'{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}')
    assert gatherer.complete
    assert json.loads(gatherer.answer())["choices"][0]["message"]["content"] == "hello"


def test_calls_in_pieces_are_put_together() -> None:
    gatherer = Gatherer()
    first = {"index": 0, "id": "c", "function": {"name": "look", "arguments": ""}}
    for call in (
        first,
        {"index": 0, "function": {"arguments": '{"a"'}},
        {"index": 0, "function": {"arguments": ":1}"}},
    ):
        gatherer.add(json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}).encode())
    gatherer.add(b'{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}')
    call = json.loads(gatherer.answer())["choices"][0]["message"]["tool_calls"][0]
    assert call == {"type": "function", "id": "c", "function": {"name": "look", "arguments": '{"a":1}'}}
