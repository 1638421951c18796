"""Grammar that is odd but right, byte by byte."""

import json
from typing import Any

import pytest

from bursar.practice.faults.sse_grammar import WIDE_TEXT


@pytest.fixture
async def healthy(ask: Any) -> str:
    return str((await ask.chat("fault-one-packet")).text)


def said(lines: list[bytes]) -> str:
    """The text of data lines."""
    choices = [json.loads(line)["choices"] for line in lines if line != b"[DONE]"]
    return "".join(choice[0]["delta"].get("content") or "" for choice in choices if choice)


async def test_lines_end_with_cr_lf(ask: Any, healthy: str) -> None:
    answer = await ask.chat("fault-crlf", stream=True)
    assert b"\n" not in answer.content.replace(b"\r\n", b"")
    assert said([line[6:] for line in answer.content.split(b"\r\n\r\n") if line]) == healthy


async def test_lines_end_with_cr(ask: Any, healthy: str) -> None:
    answer = await ask.chat("fault-cr", stream=True)
    assert b"\n" not in answer.content
    assert said([line[6:] for line in answer.content.split(b"\r\r") if line]) == healthy


async def test_a_mark_comes_first(ask: Any, healthy: str) -> None:
    answer = await ask.chat("fault-bom", stream=True)
    assert answer.content.startswith(b"\xef\xbb\xbfdata: {")
    assert said([line[6:] for line in answer.content[3:].split(b"\n\n") if line]) == healthy


async def test_no_space_follows_the_colon(ask: Any, healthy: str) -> None:
    answer = await ask.chat("fault-nospace", stream=True)
    assert b"data: " not in answer.content
    assert said([line[5:] for line in answer.content.split(b"\n\n") if line]) == healthy


async def test_comments_and_fields_are_around(ask: Any, healthy: str) -> None:
    for name, words in (
        ("comments", (b": OPENROUTER PROCESSING\n\n", b"\n:\n\n", b"\n: still here\n\n")),
        ("fields", (b"event: message\n", b"id: 1\n", b"retry: 3000\n", b"unknown: field\n")),
    ):
        answer = await ask.chat(f"fault-{name}", stream=True)
        assert all(word in answer.content for word in words)
        lines = [line[6:] for line in answer.content.split(b"\n") if line.startswith(b"data: ")]
        assert said(lines) == healthy


async def test_an_object_is_on_several_lines(ask: Any, healthy: str) -> None:
    answer = await ask.chat("fault-multiline", stream=True)
    events = [event.split(b"\n") for event in answer.content.split(b"\n\n") if event]
    assert {len(lines) for lines in events[:-1]} == {3}
    assert all(line.startswith(b"data: ") for lines in events for line in lines)
    assert said([b"\n".join(line[6:] for line in lines) for lines in events]) == healthy


async def test_packets_end_inside_characters(ask: Any, healthy: str) -> None:
    answer = await ask.chat("fault-split-utf8", stream=True)
    broken = 0
    for chunk in answer.chunks[0]:
        try:
            chunk.decode()
        except UnicodeDecodeError:
            broken += 1
    assert broken >= 4
    text = said([line[6:] for line in answer.content.split(b"\n\n") if line])
    assert text == WIDE_TEXT + healthy.removeprefix("You")


async def test_packets_end_inside_the_field(ask: Any, healthy: str) -> None:
    answer = await ask.chat("fault-split-data", stream=True)
    chunks = answer.chunks[0]
    assert {b"dat", b"data:"} <= set(chunks)
    assert {b"\n"} < set(chunks)
    assert said([line[6:] for line in answer.content.split(b"\n\n") if line]) == healthy


async def test_all_is_in_one_packet(ask: Any, healthy: str) -> None:
    answer = await ask.chat("fault-one-packet", stream=True)
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert said([line[6:] for line in answer.body.split(b"\n\n") if line]) == healthy


@pytest.mark.parametrize(
    "name",
    ["crlf", "cr", "bom", "nospace", "comments", "fields", "multiline", "split-utf8", "split-data", "one-packet"],
)
async def test_each_ends_as_a_stream_ends(ask: Any, name: str) -> None:
    answer = await ask.chat(f"fault-{name}", stream=True, stream_options={"include_usage": True})
    assert answer.content.count(b"[DONE]") == 1
    assert b"}" not in answer.content.partition(b"[DONE]")[2]
    assert answer.content.count(b'"finish_reason":"stop"') == 1 or name == "multiline"
    assert answer.content.count(b'"completion_tokens":') == 1 or name == "multiline"
