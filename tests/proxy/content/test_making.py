"""Making: what is kept of a call, whatever it was: media apart, keys out, nothing above its limit."""

import base64
import json
import tracemalloc
import zlib
from typing import Any

import msgspec
import pytest

from bursar.config.schema import ContentSettings
from bursar.content.making import WINDOW_BITS, Given, made, packed, unpacked
from bursar.contract.content import AnswerEnd, CallContent, passages
from bursar.dialects.openai_chat_request import read_request
from bursar.domain.exchange import new_exchange_id
from bursar.log.redact import Redaction

ID = new_exchange_id(1_795_312_107_000)
PICTURE = base64.b64encode(bytes(range(256)) * 40).decode()
SETTINGS = ContentSettings()


def given(messages: list[Any], answer: bytes = b"", *, streamed: bool = False, **fields: Any) -> Given:
    request = read_request(json.dumps({"model": "m", "messages": messages, **fields}).encode())
    pieces = [answer] if answer else []
    if streamed:
        packing = zlib.compressobj(1, zlib.DEFLATED, -WINDOW_BITS)
        pieces = [packing.compress(answer), packing.flush()]
    return Given(ID, "laptop", 0, dict(request.fields), request.parts.messages, pieces, streamed, AnswerEnd.WHOLE)


def kept(each: Given, settings: ContentSettings = SETTINGS, redaction: Redaction | None = None) -> CallContent:
    """Made, packed, and read back."""
    text, media = packed(made(each, settings, (redaction or Redaction()).without_keys))
    assert len(text) < settings.text_kib * 1024 * 3
    return unpacked(text, media, with_data=True)


def said(content: CallContent) -> list[tuple[str, str]]:
    return [(each.who, each.text) for each in passages(content)]


def stream(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def delta(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


def test_a_conversation_is_kept_as_it_was() -> None:
    answer = {
        "model": "m",
        "choices": [{"message": {"role": "assistant", "content": "Good."}, "finish_reason": "stop"}],
    }
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    content = kept(
        given(
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How are you? \ud83d\ude00 é"}],
            json.dumps(answer).encode(),
            temperature=0.5,
            tools=tools,
        )
    )
    assert content.asked["temperature"] == 0.5
    assert content.asked["tools"] == tools
    assert content.answer == answer
    assert not content.shortened
    assert said(content) == [("system", "Be brief."), ("user", "How are you? \U0001f600 é"), ("answer", "Good.")]


def test_a_stream_is_put_together_again() -> None:
    calls = [
        delta(tool_calls=[{"index": 0, "id": "1", "function": {"name": "look", "arguments": '{"at":'}}]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '"home"}'}}]),
    ]
    pieces = [delta(reasoning_content="Hm."), *(delta(content=letter) for letter in "Good day"), *calls]
    content = kept(given([{"role": "user", "content": "Hello"}], b": comment\n\n" + stream(*pieces), streamed=True))
    assert said(content)[1:] == [
        ("answer, reasoning", "Hm."),
        ("answer", "Good day"),
        ("answer calls look", '{"at":"home"}'),
    ]
    assert content.ended is AnswerEnd.WHOLE


def test_a_stream_that_we_cut_or_that_broke_says_so() -> None:
    cut = stream(delta(content="So far"), {"choices": [], "bursar": {"message": "no more"}})
    assert kept(given([{"role": "user", "content": "x"}], cut, streamed=True)).ended is AnswerEnd.CUT
    broken = given(
        [{"role": "user", "content": "x"}],
        stream(delta(content="So far"), {"error": {"message": "gone"}}),
        streamed=True,
    )
    broken.ended = AnswerEnd.BROKEN
    content = kept(broken)
    assert content.ended is AnswerEnd.BROKEN
    assert said(content)[1:] == [("answer", "So far"), ("error", "gone")]


MEDIA_PARTS: list[tuple[dict[str, Any], str]] = [
    ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}, "image/png"),
    ({"type": "input_audio", "input_audio": {"data": PICTURE, "format": "wav"}}, "wav"),
    (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PICTURE}"}},
        "application/pdf",
    ),
    ({"type": "file", "file": {"filename": "a.pdf", "file_data": PICTURE}}, ""),
]


@pytest.mark.parametrize(("part", "kind"), MEDIA_PARTS)
def test_media_are_kept_apart_and_gone_before_the_text(part: dict[str, Any], kind: str) -> None:
    each = given([{"role": "user", "content": [{"type": "text", "text": "What is this?"}, part]}])
    text, media = packed(made(each, SETTINGS, str))
    assert PICTURE[:64].encode() not in zlib.decompress(text)
    content = unpacked(text, media, with_data=True)
    assert [(item.type, item.data) for item in content.media] == [(kind, PICTURE)]
    without = unpacked(text, [], with_data=True)
    assert "shorter time" in without.media[0].missing
    assert "What is this?" in said(without)[0][1]
    none = packed(made(each, ContentSettings(media_days=0), str))
    assert none[1] == []
    assert unpacked(*none, with_data=True).media[0].missing


def test_keys_never_get_in() -> None:
    redaction = Redaction()
    redaction.learn("the vendor's key 4711")
    client_key = "bk-" + "a1" * 20
    content = kept(
        given(
            [{"role": "user", "content": f"{client_key} and the vendor's key 4711", f"{client_key}": "x"}],
            stream(
                *(delta(content=piece) for piece in ("the vendor's", " key ", "4711", client_key[:9], client_key[9:]))
            ),
            streamed=True,
            user=client_key,
        ),
        redaction=redaction,
    )
    whole = msgspec.json.encode(content)
    assert b"4711" not in whole
    assert client_key[4:].encode() not in whole
    assert b"bk-\xe2\x80\xa6" in whole


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "x" * 30_000_000}],
        [{"role": "user", "content": "x" * 3_000} for _ in range(10_000)],
        [{"role": "user", "content": [{"type": "text", "text": "y" * 300}] * 5_000}],
        [
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 29_000_000}"}}],
            }
        ],
    ],
    ids=["one text", "many messages", "many parts", "one picture"],
)
def test_thirty_megabytes_are_kept_in_part(messages: list[Any]) -> None:
    each = given(
        [{"role": "system", "content": "first"}, *messages], b'{"choices": [{"message": {"content": "the end"}}]}'
    )
    tracemalloc.start()
    try:
        content = kept(each)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
    text, media = packed(content)
    assert len(text) + sum(map(len, media)) < 2_000_000
    assert len(zlib.decompress(text)) < 3_000_000
    assert said(content)[-1] == ("answer", "the end")
    if len(messages) > 1:
        assert content.left_out > 9_000
        assert content.asked["messages"][-1] == messages[-1]
    assert content.shortened or content.media[0].missing


def test_an_endless_answer_is_kept_in_part() -> None:
    pieces = stream(*(delta(content="word " * 20) for _ in range(20_000)))
    content = kept(given([{"role": "user", "content": "x"}], pieces, streamed=True))
    assert content.shortened
    assert len(said(content)[-1][1]) == 1024 * 1024 - 8 * content.shortened or len(said(content)[-1][1]) < 1024 * 1024


@pytest.mark.parametrize(
    "content",
    [None, 7, "", ["a", 1, None], {"text": "x"}, [{"type": "text", "text": {"deep": [1]}}], "kept-media:0", True],
)
def test_whatever_is_said_can_be_kept_and_read(content: Any) -> None:
    each = given(
        [{"role": "user", "content": content}, {"role": 7, "tool_calls": "none"}], b'{"choices": [{"message": 7}]}'
    )
    assert isinstance(said(kept(each)), list)


@pytest.mark.parametrize("answer", [b"", b"no JSON", b"[1]", b"{}", b'{"choices": 7}', b"data: [1]\n\ndata: {\n\n"])
@pytest.mark.parametrize("streamed", [True, False])
def test_whatever_was_answered_can_be_kept_and_read(answer: bytes, streamed: bool) -> None:
    each = given([{"role": "user", "content": "asked"}], answer, streamed=streamed)
    assert said(kept(each))[0] == ("user", "asked")


@pytest.mark.parametrize("damaged", [b"", b"x", zlib.compress(b"{"), zlib.compress(b"[]")])
def test_what_is_damaged_is_said_to_be(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        unpacked(damaged, [], with_data=False)
