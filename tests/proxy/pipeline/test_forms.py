"""An answer that would take too much to make anything of is refused before anything is made of it."""

import tracemalloc
from pathlib import Path

import pytest
from aiohttp import web
from fakes.running import proxy_with
from fakes.vendor import vendor

MANY = 6_000_000
HEAD = b'{"id":"1","object":"chat.completion","model":"m",'
CHOICES = b'"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]'
CONFIG = """
[server]
port = 0
zone = "UTC"
[alerts]
desktop = false
[upstreams.main]
kind = "openai_compatible"
base_url = "{url}"
[prices."main/*"]
input = "1"
output = "1"
"""


def filled(fill: bytes) -> bytes:
    return fill * (MANY // len(fill)) + fill[:-1]


ANSWERS = {
    "unknown": HEAD + CHOICES + b',"x":[' + filled(b"[],") + b"]}",
    "choices": HEAD + b'"choices":[' + filled(b"{},") + b"]}",
    "usage": HEAD + CHOICES + b',"usage":[' + filled(b"[],") + b"]}",
    "error": b'{"error":[' + filled(b"[],") + b"]}",
}


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_of_millions_of_values_is_a_broken_one(tmp_path: Path, stream: bool) -> None:
    def answering(body: dict[str, object]) -> web.Response:
        return web.Response(body=ANSWERS[str(body["model"])], content_type="application/json")

    async with (
        vendor(answering) as there,
        proxy_with(tmp_path, CONFIG.format(url=there.base_url), None) as proxy,  # type: ignore[arg-type]
    ):
        for name in ANSWERS:
            tracemalloc.start()
            answer = await proxy.chat(f"main/{name}", stream=stream)
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert answer.status in (502, 503), name
            assert most < 12 * MANY, name
