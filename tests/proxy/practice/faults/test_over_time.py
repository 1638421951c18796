"""Faults that pass, and those that meet only a fallback."""

import asyncio
from typing import Any

import pytest

from bursar.practice.server import practice_server
from bursar.tokens.text import TextCounter


async def test_a_flapping_upstream_comes_back(ask: Any, practice: Any) -> None:
    # A second lasts 10 ms here: it is down for 0.6 s, then well for 2.4.
    loop = asyncio.get_running_loop()
    begun = loop.time()
    first = await ask.chat("fault-flapping")
    assert (first.status, first.json["error"]["code"]) == (503, "model_overloaded")
    statuses = [503]
    while statuses[-1] == 503:
        statuses.append((await ask.chat("fault-flapping")).status)
    assert statuses[-1] == 200
    assert 0.55 < loop.time() - begun < 2.4
    practice.reset()
    assert (await ask.chat("fault-flapping")).status == 503


async def test_every_other_request_fails(ask: Any) -> None:
    assert [(await ask.chat("fault-flaky")).status for _ in range(4)] == [503, 200, 503, 200]


@pytest.mark.parametrize("stream", [True, False])
async def test_the_first_token_is_late_and_the_head_is_not(ask: Any, counter: TextCounter, stream: bool) -> None:
    async with practice_server(pause_scale=0.05, counter=counter) as slow:
        asking, loop = type(ask)(slow), asyncio.get_running_loop()
        early = await asking.chat("fault-slow-first", stream=stream, patience_s=0.2)
        assert (early.status, early.body, early.ended) == (200, b"", "silence")
        begun = loop.time()
        late = await asking.chat("fault-slow-first", stream=stream)
        assert loop.time() - begun >= 0.99
        assert late.text == (await asking.chat("fault-crlf")).text


async def test_only_a_prefill_is_refused(ask: Any) -> None:
    user, assistant = {"role": "user", "content": "x"}, {"role": "assistant", "content": "Here"}
    path = "/v1/chat/completions"
    assert (await ask.post(path, model="fault-no-prefill", messages=[user])).status == 200
    assert (await ask.post(path, model="fault-no-prefill", messages=[user, assistant])).status == 400
    assert (await ask.post(path, model="fault-no-prefill", messages=[user, assistant, user])).status == 200


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
async def test_a_limit_is_ignored_and_billed(ask: Any, practice: Any, count: Any, field: str) -> None:
    answer = await ask.chat("fault-ignores-limit", **{field: 10})
    assert answer.json["usage"]["completion_tokens"] == count(answer.text) == 400
    stream = await ask.chat("fault-ignores-limit", stream=True, **{field: 10})
    assert count(stream.text) == 400
    await practice.tally.idle()
    assert practice.tally.total.completion_tokens == 800
