"""The same stream, cut anywhere and in any legal grammar, gives the same events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects.sse import Frame, LineTooLong, SseReader

PAYLOADS = ['{"a":"ä€😀"}', '{"choices":[{"delta":{"content":"\\n"}}]}', "[DONE]"]
PLAIN = "".join(f"data: {payload}\n\n" for payload in PAYLOADS).encode()


def read(stream: bytes, cuts: list[int], limit: int = 1 << 20) -> list[Frame]:
    reader = SseReader(limit)
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    frames = [frame for start, end in zip(edges, edges[1:], strict=False) for frame in reader.feed(stream[start:end])]
    return frames + reader.close()


GRAMMARS = {
    "plain": PLAIN,
    "crlf": PLAIN.replace(b"\n", b"\r\n"),
    "cr": PLAIN.replace(b"\n", b"\r"),
    "bom": b"\xef\xbb\xbf" + PLAIN,
    "no space": PLAIN.replace(b"data: ", b"data:"),
    "comments": PLAIN.replace(b"data: ", b": OPENROUTER PROCESSING\n\n:\ndata: "),
    "fields": PLAIN.replace(b"data: ", b"id: 1\nretry: 5\nevent: chunk\ndata: "),
    "empty lines": PLAIN.replace(b"\n\n", b"\n\n\n\n"),
    "no last empty line": PLAIN[:-2],
    "half a last line end": PLAIN[:-1],
}


@pytest.mark.parametrize("grammar", GRAMMARS)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=40))
def test_any_cut_of_any_grammar_gives_the_same_events(grammar: str, cuts: list[int]) -> None:
    frames = read(GRAMMARS[grammar], cuts)
    assert [frame.data.decode() for frame in frames] == PAYLOADS
    assert {frame.event for frame in frames} == ({"chunk"} if grammar == "fields" else {""})


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_byte_by_byte(grammar: str) -> None:
    stream = GRAMMARS[grammar]
    assert [frame.data.decode() for frame in read(stream, list(range(len(stream))))] == PAYLOADS


def test_an_event_over_several_lines_is_one() -> None:
    assert read(b'data: {"a":\ndata: 1}\n\n', []) == [Frame(b'{"a":\n1}')]


def test_an_event_without_data_is_none() -> None:
    assert read(b"event: ping\n\n: comment\n\nid: 5\n\n", []) == []


def test_an_event_ends_with_its_cr_at_once() -> None:
    assert SseReader(100).feed(b"data: x\r\r") == [Frame(b"x")]


@pytest.mark.parametrize("piece", [b"x" * 11, b"data: 123456\n\n"])
def test_an_event_above_the_limit_is_refused(piece: bytes) -> None:
    with pytest.raises(LineTooLong):
        read(piece, list(range(len(piece))), limit=10)


def test_an_endless_line_is_refused_before_it_is_kept() -> None:
    reader = SseReader(1 << 16)
    for _ in range(64):
        reader.feed(b"x" * 1024)
    with pytest.raises(LineTooLong):
        reader.feed(b"x")
