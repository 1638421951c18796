"""Faults that are redirects, and the origin they point at."""

from typing import Any

import aiohttp

from bursar.practice.dispatch import OTHER_ORIGIN_TEXT

BODY = {"messages": [{"role": "user", "content": "x"}]}


async def test_redirects_point_where_they_say(ask: Any, practice: Any) -> None:
    for status in (307, 302):
        answer = await ask.chat(f"fault-redirect-{status}")
        assert answer.status == status
        assert answer.headers["location"] == f"{practice.other_origin_url}/v1/chat/completions"
    loop = await ask.chat("fault-redirect-loop")
    assert (loop.status, loop.headers["location"]) == (308, "/v1/chat/completions")
    assert practice.tally.other_origin.requests == 0


async def test_who_follows_is_seen_with_its_key(ask: Any, practice: Any, session: aiohttp.ClientSession) -> None:
    async with session.post(
        practice.other_origin_url + "/v1/chat/completions", json=BODY, headers={"x-api-key": "sk-lost"}
    ) as answer:
        assert (await answer.json())["choices"][0]["message"]["content"] == OTHER_ORIGIN_TEXT
    async with session.post(
        f"{practice.base_url}/chat/completions", json={**BODY, "model": "fault-redirect-307"}
    ) as answer:
        assert answer.status == 200
    assert (practice.tally.other_origin.requests, practice.tally.other_origin.authorized) == (2, 1)
