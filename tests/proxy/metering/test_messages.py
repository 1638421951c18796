"""Single messages: every kind of part of every grammar, counted by its rule, and nothing twice."""

import base64
import io
import wave
from typing import Any

import msgspec
import pytest
from PIL import Image as Picture

from bursar.metering.images import Image
from bursar.metering.messages import PER_CALL, PER_MESSAGE, UNSEEN_FILE_TOKENS, Counted, counted_message


def counted(message: Any) -> Counted:
    """Each letter of its text counts as a token, so that every letter read can be accounted for."""
    return counted_message(msgspec.json.encode(message), len)


def letters(message: Any) -> int:
    return counted(message).text - PER_MESSAGE


def said(*parts: Any) -> int:
    """Letters read of a message of these parts, beside its role."""
    return letters({"role": "user", "content": list(parts)}) - len("user")


def picture(width: int, height: int) -> str:
    target = io.BytesIO()
    Picture.new("L", (width, height)).save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


def sound(seconds: int) -> str:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000 * seconds))
    return base64.b64encode(target.getvalue()).decode()


def test_a_message_is_its_role_its_content_and_its_name() -> None:
    assert letters({"role": "user", "content": "hello"}) == 4 + 5
    assert letters({"role": "user", "content": "hello", "name": "ada"}) == 4 + 5 + 3 + 1
    assert letters({"role": "function", "name": "f", "content": "{}"}) == 8 + 2 + 1 + 1 - 2
    assert letters({"role": "tool", "tool_call_id": "call_1", "content": "{}"}) == 4 + 2
    assert letters({"role": "assistant", "content": None}) == 9


def test_tool_calls_are_their_names_and_arguments() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get", "arguments": '{"a":1}'}}
    custom = {"id": "call_2", "type": "custom", "custom": {"name": "run", "input": "ls -l"}}
    assert letters({"role": "assistant", "content": None, "tool_calls": [call]}) == 9 + PER_CALL + 3 + 7
    assert letters({"role": "assistant", "tool_calls": [call, custom]}) == 9 + 2 * PER_CALL + 3 + 7 + 3 + 5
    assert letters({"role": "assistant", "function_call": call["function"]}) == 9 + PER_CALL + 3 + 7
    assert letters({"role": "assistant", "tool_calls": "odd"}) == 9 + 3
    assert letters({"role": "assistant", "tool_calls": {"function": call["function"]}}) == 9 + PER_CALL + 3 + 7


def test_items_of_the_responses_grammar() -> None:
    assert letters({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}) == 4 + 5
    call = {
        "type": "function_call",
        "id": "fc",
        "call_id": "c",
        "name": "get",
        "arguments": '{"a":1}',
        "status": "completed",
    }
    assert letters(call) == PER_CALL + 3 + 1 + 7
    assert letters({"type": "function_call_output", "call_id": "c", "output": "fine"}) == 4
    assert (
        letters({"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "fine"}]})
        == 4
    )
    thought = {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}]}
    assert letters(thought) == 2
    assert letters({**thought, "encrypted_content": "A" * 1600}) == 2 + 300


def test_blocks_of_the_anthropic_grammar() -> None:
    use = {"type": "tool_use", "id": "t", "name": "get", "input": {"a": 1}}
    assert said(use) == PER_CALL + 3 + len('{"a":1}')
    result = {
        "type": "tool_result",
        "tool_use_id": "t",
        "content": [{"type": "text", "text": "fine"}],
        "is_error": True,
    }
    assert said(result) == 4
    assert said({"type": "tool_result", "tool_use_id": "t", "content": "fine"}) == 4
    assert said({"type": "thinking", "thinking": "hm", "signature": "x" * 500}) == 2
    assert said({"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}) == 5


def test_content_may_be_anything() -> None:
    assert said("hello", None, {"type": "text", "text": "!"}) == 6
    assert said({"type": "unheard_of", "payload": "hello", "more": {"a": 1}}) == 5 + len('{"a":1}')
    assert letters({"role": "user", "content": {"type": "text", "text": "hello"}}) == 4 + 5
    assert letters({"role": "user", "content": 12.5}) == 4 + 4
    assert letters({"role": 5, "content": "x"}) == 1 + 1
    assert letters("hello") == 5
    assert letters(["a"]) == len('["a"]')
    assert letters(None) == 4
    assert letters({"role": "user", "content": "x", "reasoning_content": "hm"}) == 4 + 1 + 2


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,PICTURE", "detail": "low"}},
        {"type": "image_url", "image_url": "data:image/png;base64,PICTURE", "detail": "low"},
        {"type": "input_image", "image_url": "data:image/png;base64,PICTURE", "detail": "low"},
    ],
)
def test_an_image_is_seen_by_its_size(part: dict[str, Any]) -> None:
    filled = msgspec.json.decode(msgspec.json.encode(part).replace(b"PICTURE", picture(640, 480).encode()))
    message = counted({"role": "user", "content": [{"type": "text", "text": "see"}, filled]})
    assert message.images == (Image(640, 480, low_detail=True),)
    assert message.text == PER_MESSAGE + 4 + 3


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "PICTURE"}},
        {"inline_data": {"mime_type": "image/png", "data": "PICTURE"}},
        {"inlineData": {"mimeType": "image/png", "data": "PICTURE"}},
        {"type": "unheard_of", "asset": {"url": "data:image/png;base64,PICTURE"}},
        {"type": "tool_result", "content": [{"type": "image", "source": {"type": "base64", "data": "PICTURE"}}]},
    ],
)
def test_other_grammars_images_too(part: dict[str, Any]) -> None:
    filled = msgspec.json.decode(msgspec.json.encode(part).replace(b"PICTURE", picture(30, 40).encode()))
    message = counted({"role": "user", "content": [filled]})
    assert message.images == (Image(30, 40),)
    assert message.text == PER_MESSAGE + 4


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.test/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,????"}},
        {"type": "image_url", "image_url": {}},
        {"type": "image_url", "image_url": 7},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "image", "source": {"type": "url", "url": "https://example.test/a.png"}},
    ],
)
def test_an_image_that_cannot_be_seen_is_one_of_unknown_size(part: dict[str, Any]) -> None:
    message = counted({"role": "user", "content": [part]})
    assert message.images == (Image(),)
    assert message.text == PER_MESSAGE + 4


def test_a_data_url_in_a_text_is_text() -> None:
    url = "data:image/png;base64," + picture(8, 8)
    assert letters({"role": "user", "content": url}) == 4 + len(url)
    assert said({"type": "text", "text": url}) == len(url)
    assert counted({"role": "user", "content": url}).images == ()


@pytest.mark.parametrize("picture", [0, 1, 2, 100_000])
def test_a_sound_lasts_no_longer_for_the_picture_in_its_tag(picture: int) -> None:
    length = bytes([picture >> 21, picture >> 14 & 127, picture >> 7 & 127, picture & 127])
    mp3 = b"ID3\x04\x00\x00" + length + bytes(picture) + b"\xff\xfb\x90\x00" + bytes(159_996)
    part = {"type": "input_audio", "input_audio": {"data": base64.b64encode(mp3).decode(), "format": "mp3"}}
    assert counted({"role": "user", "content": [part]}).sound_ms == pytest.approx(10_000, abs=1)


def test_sound_is_counted_by_its_length() -> None:
    for part in (
        {"type": "input_audio", "input_audio": {"data": sound(3), "format": "wav"}},
        {"inline_data": {"mime_type": "audio/wav", "data": sound(3)}},
    ):
        message = counted({"role": "user", "content": [part]})
        assert message.sound_ms == pytest.approx(3000, abs=10)
        assert message.text == PER_MESSAGE + 4
    unknown = counted({"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA" * 1000}}]})
    assert unknown.sound_ms == 3000


def test_files_are_counted_by_their_size_or_taken_for_a_stated_one() -> None:
    part: dict[str, Any]
    pdf = base64.b64encode(b"%PDF-1.7" + bytes(3992)).decode()
    for part in (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64," + pdf}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": pdf}},
    ):
        assert said(part) == pytest.approx(1000, abs=1)
    for part in (
        {"type": "file", "file": {"file_id": "file-abc"}},
        {"type": "input_file", "file_id": "file-abc"},
        {"type": "input_file", "file_url": "https://example.test/a.pdf"},
        {"type": "document", "source": {"type": "url", "url": "https://example.test/a.pdf"}},
    ):
        assert said(part) == UNSEEN_FILE_TOKENS
    text = base64.b64encode("häuser".encode()).decode()
    assert said({"type": "file", "file": {"file_data": "data:text/plain;base64," + text}}) == 6
    assert said({"type": "file", "file": {"file_data": "data:text/plain;base64,abcde"}}) == len(
        "data:text/plain;base64,abcde"
    )
    assert said({"type": "file", "file": {"file_data": "data:text/plain,hello"}}) == len("data:text/plain,hello")
    assert said({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hello"}}) == 5


def test_a_system_message_says_what_a_newline_would_add() -> None:
    message = counted({"role": "system", "content": "a\nb"})
    assert (message.system, message.padding) == (True, 1)
    assert counted({"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "x"}]}).padding == 1
    assert counted({"role": "system", "content": None}).padding == 1
    assert not counted({"role": "user", "content": "a"}).system


def test_a_system_message_may_hold_images_as_well() -> None:
    message = counted(
        {"role": "system", "content": [{"type": "image_url", "image_url": "x"}, {"type": "text", "text": "a"}]}
    )
    assert (len(message.images), message.system, message.padding) == (1, True, 1)


def test_nesting_is_followed_only_so_far() -> None:
    nested: Any = {"type": "text", "text": "deep"}
    for _ in range(200):
        nested = {"type": "text", "content": [nested]}
    assert letters({"role": "user", "content": [nested]}) > 4
