"""JSON with more values than anybody needs is told by its bytes, quickly, and by nothing that is within its texts."""

import json
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects.busy import MOST_ANSWERED, MOST_ASKED, is_busy
from bursar.dialects.openai_chat_answer import NoAnswer, hear
from bursar.dialects.openai_chat_request import read_request
from bursar.domain.refusals import BodyTooLarge

MIB = 1 << 20
MANY = 8 * MIB
FILLS = [b"[],", b"{},", b"1,", b'"",', b'"\\"",', b'{"a":{}},', b"[[],[]],", b'"\\\\",']

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a,[{"\\\n]}:é', max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=30,
)


def separators(value: object) -> int:
    """How many commas and beginnings a value is written with, counted on the value itself."""
    if isinstance(value, dict | list):
        inner = list(value.values()) if isinstance(value, dict) else value
        return 1 + max(0, len(inner) - 1) + sum(map(separators, inner))
    return 0


def test_nothing_too_small_to_be_busy_is_looked_through() -> None:
    for fill in FILLS:
        for count in (1, 2, 7):
            written = b"[%s[]]" % (fill * count)
            assert is_busy(written, separators(json.loads(written)) - 1) is True


@given(json_values, st.booleans())
def test_only_what_is_outside_of_texts_counts(value: object, ascii_only: bool) -> None:
    written = json.dumps([value] * 3, ensure_ascii=ascii_only).encode()
    exact = separators([value] * 3)
    assert is_busy(written, exact) is False
    assert is_busy(written, exact - 1) is True


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("field", ["messages", "tools", "x", "stream_options"])
def test_of_a_request_of_millions_of_values_nothing_is_made(fill: bytes, field: str) -> None:
    body = b'{"model":"fast","%s":[%s1]}' % (field.encode(), fill * (MANY // len(fill)))
    tracemalloc.start()
    with pytest.raises(BodyTooLarge, match=f"more than {MOST_ASKED:,} values"):
        read_request(body)
    assert tracemalloc.get_traced_memory()[1] < 4 * len(body)
    tracemalloc.stop()


@pytest.mark.parametrize("fill", FILLS)
def test_how_long_it_takes_grows_with_the_size_and_no_faster(fill: bytes) -> None:
    def used_s(size: int) -> float:
        body = b"[%s1]" % (fill * (size // len(fill)))
        begun = time.thread_time()
        assert is_busy(body, size * 2 // 11) is True  # so many that its strings are looked for too
        return time.thread_time() - begun

    # Sixteen times the size takes sixteen times as long; looking again at what was looked at takes 256 times.
    assert min(used_s(2 * MIB) for _ in range(2)) < 80 * max(1e-4, min(used_s(MIB // 8) for _ in range(3)))


@pytest.mark.parametrize("fill", FILLS)
def test_an_answer_of_millions_of_values_is_none(fill: bytes) -> None:
    body = b'{"choices":[%s{}]}' % (fill * (3 * MANY // len(fill)))
    with pytest.raises(NoAnswer, match="more than 1,000,000 values"):
        hear(body)


def test_what_people_send_is_not_busy() -> None:
    code = 'print({"a": [1, 2, 3]}, "\\\\", \'"\')\n' * 60_000
    messages = [{"role": "user", "content": code}] * 3 + [{"role": "user", "content": "x"}] * 5_000
    asked = json.dumps({"model": "fast", "messages": messages}).encode()
    assert asked.count(b",") > MOST_ASKED
    assert len(read_request(asked).parts.messages) == 5_003
    likely = {"token": "a", "logprob": -1.5, "bytes": [97, 98]}
    logprobs = {"content": [{**likely, "top_logprobs": [likely] * 20}] * 5_000}
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "x"},
        "logprobs": logprobs,
        "finish_reason": "stop",
    }
    answered = json.dumps({"choices": [choice]}).encode()
    assert len(answered) > MOST_ANSWERED
    assert hear(answered).finish_reason == "stop"
