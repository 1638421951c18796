"""kill -9 in the middle of twenty streams: every hold accounted for, and all sums right."""

import asyncio
from pathlib import Path

import aiohttp
import msgspec
from fakes.commands import Home, home

CONFIG = """
[server]
port = 0
[upstreams.main]
kind = "openai_compatible"
base_url = "{url}"
[aliases.slow]
routes = ["main/practice-tokens-500-rate-50"]
[prices."practice-*"]
input = "1"
output = "2"
[caps.all]
usd = "5"
every = "total"
"""
STREAMS = 20


async def begin(session: aiohttp.ClientSession, url: str, key: str) -> aiohttp.ClientResponse:
    """A stream whose first bytes have come."""
    body = msgspec.json.encode(
        {"model": "slow", "stream": True, "messages": [{"role": "user", "content": "Tell me a long story."}]}
    )
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    response = await session.post(f"{url}/chat/completions", data=body, headers=headers)
    assert response.status == 200
    await response.content.readany()
    return response


def cap(at: Home) -> dict[str, int]:
    """The cap's standing, as the status tells it."""
    [standing] = at.json("status")["standings"]
    return {name: standing[name] for name in ("granted", "held", "settled")}


async def test_a_killed_proxy_forgets_nothing_that_was_held(tmp_path: Path) -> None:
    with home(tmp_path) as at:
        _, practice_url = at.start("practice", "--port", "0")
        at.configure(CONFIG.format(url=practice_url))
        process, url = at.start("serve")
        key = at.json("key", "issue", "laptop")["key"]
        async with aiohttp.ClientSession() as session:
            streams = await asyncio.gather(*(begin(session, url, key) for _ in range(STREAMS)))
            before = cap(at)
            process.kill()
            process.wait()
            for stream in streams:
                stream.close()
        assert before["settled"] == 0
        assert before["held"] > 0

        _, url = at.start("serve")
        status = at.json("status")
        assert status["holds_in_doubt"] >= STREAMS
        assert status["open_holds"] == 0
        after = cap(at)
        assert (after["granted"], after["settled"]) == (before["granted"], 0)
        assert after["held"] >= before["held"]
        assert at.run("doctor", check=False).stdout.count("✗") == 0

        async with aiohttp.ClientSession() as session:
            response = await begin(session, url, key)
            response.close()
