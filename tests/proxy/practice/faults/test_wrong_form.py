"""The form that was not asked for."""

from typing import Any


async def test_json_for_a_stream(ask: Any) -> None:
    answer = await ask.chat("fault-stream-json", stream=True)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["choices"][0]["finish_reason"] == "stop"


async def test_a_stream_for_json(ask: Any) -> None:
    answer = await ask.chat("fault-plain-sse")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.payloads[-1] == b"[DONE]"
    assert answer.text == (await ask.chat("fault-crlf")).text
