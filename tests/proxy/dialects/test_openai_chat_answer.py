"""What a chunk or an answer says, in the shapes that vendors send."""

import json

import pytest

from bursar.dialects.canonical import Heard
from bursar.dialects.openai_chat_answer import NoAnswer, hear


def chunk(delta: object, finish_reason: object = None, **rest: object) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    return json.dumps({"id": "x", "model": "m", "choices": choices, **rest}).encode()


def test_text_of_every_kind_is_billed() -> None:
    call = {"index": 0, "function": {"name": "look", "arguments": '{"a":1}'}}
    delta = {"content": "a", "reasoning_content": "b", "refusal": "c", "tool_calls": [call]}
    heard = hear(chunk(delta))
    assert sorted(heard.text) == sorted("abc" + "look" + '{"a":1}')
    assert heard.reasoning == "b"
    assert (heard.choices, heard.model) == (1, "m")


def test_a_choice_ends_with_its_reason() -> None:
    heard = hear(chunk({}, "stop"))
    assert (heard.finish_reason, heard.finished) == ("stop", (0,))


def test_usage_comes_with_a_chunk_or_alone() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    alone = hear(json.dumps({"choices": [], "usage": usage}).encode())
    assert alone.usage is not None
    assert (alone.usage.prompt_tokens, alone.usage.completion_tokens, alone.choices) == (5, 7, 0)
    assert hear(chunk({"content": "x"}, usage=None)).usage is None


def test_usage_beside_it_keeps_reasoning_apart() -> None:
    # Only where the types of all fields allow for what vendors send is an answer read field by field; read
    # loosely, all text of it is one.
    details = {"completion_tokens_details": {"reasoning_tokens": 3}, "prompt_tokens_details": None}
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12, **details}
    for heard in (
        hear(chunk({"content": "a", "reasoning_content": "b"}, usage=usage)),
        hear(json.dumps({"choices": [{"message": {"content": "a", "reasoning": "b"}}], "usage": usage}).encode()),
        hear(chunk({"content": "a", "reasoning": "b"}, usage=usage, error=None)),
    ):
        assert (sorted(heard.text), heard.reasoning) == (["a", "b"], "b")
        assert heard.usage is not None
        assert (heard.usage.completion_tokens, heard.usage.reasoning_tokens) == (7, 3)


def test_the_end() -> None:
    assert hear(b"[DONE]") == Heard(done=True)


@pytest.mark.parametrize(
    ("payload", "message", "code"),
    [
        (b'{"error":{"message":"no","code":"bad"}}', "no", "bad"),
        (b'{"error":{"message":"no","code":502}}', "no", "502"),
        (b'{"error":"no"}', "no", None),
        (b'{"error":{"type":"x"}}', "the upstream reported an error without a message", "x"),
        (b'{"choices":[{"delta":{},"finish_reason":"error"}],"error":{"message":"no"}}', "no", None),
    ],
)
def test_an_error_is_heard_in_any_shape(payload: bytes, message: str, code: str | None) -> None:
    heard = hear(payload)
    assert (heard.error, heard.error_code) == (message, code)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"choices":[{"delta":{"content":[{"type":"text","text":"hello"}]}}]}',
        b'{"choices":[{"delta":{"content":"hello"},"index":"0"}],"model":7}',
        b'{"choices":[{"text":"hello","index":0.5}]}',
        b'{"choices":[null,{"message":{"content":"hello","tool_calls":"odd"}}]}'.replace(b'"odd"', b"[]"),
    ],
)
def test_fields_of_unusual_types_still_count(payload: bytes) -> None:
    assert hear(payload).text == "hello"


@pytest.mark.parametrize("payload", [b"", b"<html>", b'{"choices":[', b"[1]", b'"x"', b"[" * 100_000])
def test_what_is_no_answer_is_told_apart(payload: bytes) -> None:
    with pytest.raises(NoAnswer):
        hear(payload)


@pytest.mark.parametrize("content", ['"x"', "7"])
def test_a_reason_to_finish_is_a_word_and_no_text(content: str) -> None:
    choice = '{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"%s"}'
    heard = hear(f'{{"choices":[{choice % (content, "z" * 1_000_000)}]}}'.encode())
    assert heard.finish_reason == "z" * 64
