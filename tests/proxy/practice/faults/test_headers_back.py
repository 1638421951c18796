"""Headers that no proxy may hand on."""

from typing import Any

import pytest

from bursar.practice.faults.headers_back import PLANTED_HEADERS


@pytest.mark.parametrize("stream", [True, False])
async def test_they_are_all_there_and_so_is_the_answer(ask: Any, stream: bool) -> None:
    body = {"model": "fault-headers-hygiene", "messages": [{"role": "user", "content": "x"}], "stream": stream}
    answer = await ask.post("/v1/chat/completions", "Authorization: Bearer sk-canary-9", **body)
    assert {name.lower() for name in PLANTED_HEADERS} <= set(answer.headers)
    assert answer.headers["x-echo-authorization"] == "Bearer sk-canary-9"
    assert answer.text.startswith("Here is what I have to say.")
