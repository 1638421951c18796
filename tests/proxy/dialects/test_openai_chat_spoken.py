"""What a person reads of an answer: the text of its first choice, its reasoning, and nothing that cannot be read."""

import msgspec
import pytest

from bursar.dialects.openai_chat_chunks import StreamHead, last_chunk
from bursar.dialects.openai_chat_spoken import Spoken, spoken


@pytest.mark.parametrize(
    ("chunk", "read"),
    [
        ({"choices": [{"index": 0, "delta": {"content": "Hi"}}]}, Spoken("Hi")),
        ({"choices": [{"delta": {"reasoning_content": "hm", "content": ""}}]}, Spoken("", "hm")),
        ({"choices": [{"delta": {"reasoning": "hm", "content": "so"}}]}, Spoken("so", "hm")),
        ({"choices": [{"message": {"content": "whole", "refusal": None}}]}, Spoken("whole")),
        ({"choices": [{"delta": {"refusal": "I will not."}}]}, Spoken("I will not.")),
        ({"choices": [{"delta": {"content": [{"type": "text", "text": "a"}, {"text": "b"}, 3]}}]}, Spoken("ab")),
        ({"choices": [{"index": 1, "delta": {"content": "the second"}}]}, Spoken()),
        ({"choices": [{"delta": {"tool_calls": [{"function": {"arguments": "{}"}}]}}]}, Spoken()),
        ({"choices": [], "usage": {"total_tokens": 3}}, Spoken()),
        ({"choices": None}, Spoken()),
        ({"choices": [None, "x"], "bursar": "x"}, Spoken()),
        (["no", "object"], Spoken()),
        (None, Spoken()),
    ],
)
def test_what_is_read(chunk: object, read: Spoken) -> None:
    assert spoken(msgspec.json.encode(chunk)) == read


@pytest.mark.parametrize("payload", [b"", b"[DONE]", b"{", b"\xff", b"[" * 100_000])
def test_what_cannot_be_read_says_nothing(payload: bytes) -> None:
    assert spoken(payload) == Spoken()


def test_why_a_budget_cut_it() -> None:
    chunk = last_chunk(StreamHead("c1", 1, "m"), (0,), {"code": "budget_exceeded", "message": "It is used up."})
    assert spoken(chunk) == Spoken(cut="It is used up.")
