"""What is charged goes by what the vendor says: how long the prompt was, and by which service tier it answered."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.running import VOCABULARIES, Running, proxy_with
from fakes.vendor import Vendor, answer, no, vendor

from bursar.domain.clock import SystemClock
from bursar.metering.price_table import ShippedPrices
from bursar.practice.server import practice_server
from bursar.tokens.text import TextCounter

MILLION = 1_000_000


def rates(provider: str, model: str, prompt_tokens: int = 0, tier: str = "") -> tuple[int, int]:
    """What the table says of a model, in nano-dollars for a million tokens in and out."""
    table = ShippedPrices().table
    found = table.named(provider)
    assert found is not None
    listed = found.find(model)
    assert listed is not None
    price = listed.rates(SystemClock().now_ms(), prompt_tokens, tier)
    assert price is not None
    return price["input"], price["output"]


def cost(price: tuple[int, int], prompt: int, completion: int) -> int:
    return -(-(price[0] * prompt + price[1] * completion) // MILLION)


USUAL, PRIORITY, FLEX = (rates("openai", "gpt-5", tier=tier) for tier in ("", "priority", "flex"))


@asynccontextmanager
async def selling(
    folder: Path, answering: Callable[[dict[str, Any]], web.Response], provider: str, model: str
) -> AsyncIterator[tuple[Running, Vendor]]:
    """A proxy before a vendor with the prices of a provider, and a cap in dollars."""
    async with vendor(answering) as there, practice_server(counter=TextCounter(VOCABULARIES)) as practice:
        config = f"""
[server]
port = 0
zone = "UTC"
[upstreams.main]
kind = "openai_compatible"
base_url = "{there.base_url}"
provider = "{provider}"
[aliases.fast]
routes = ["main/{model}"]
[caps.all]
usd = "9"
every = "total"
"""
        async with proxy_with(folder, config, practice) as proxy:
            yield proxy, there


def served(tier: str | None, *, stream: bool = False) -> Callable[[dict[str, Any]], web.Response]:
    """Says 100 tokens to a prompt of 1,000, by a tier."""

    def answering(body: dict[str, Any]) -> web.Response:
        plain = json.loads(answer("gpt-5", "fine " * 100, prompt_tokens=1_000, completion_tokens=100).body)  # type: ignore[arg-type]
        said = {} if tier is None else {"service_tier": tier}
        if not body.get("stream"):
            return web.json_response(plain | said)
        [choice] = plain["choices"]
        head = {"id": "1", "object": "chat.completion.chunk", "model": "gpt-5", **said}
        chunks = [
            {**head, "choices": [{"index": 0, "delta": choice["message"], "finish_reason": None}]},
            {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {**head, "choices": [], "usage": plain["usage"]},
        ]
        text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        return web.Response(text=text, content_type="text/event-stream")

    return answering


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("asked", "told", "charged", "held_by"),
    [
        (None, None, USUAL, USUAL),
        ("priority", "priority", PRIORITY, PRIORITY),
        ("priority", "default", USUAL, PRIORITY),
        ("priority", None, PRIORITY, PRIORITY),
        ("flex", None, FLEX, USUAL),
        ("auto", "priority", PRIORITY, USUAL),
        (None, "priority", PRIORITY, USUAL),
        ("unheard-of", None, USUAL, USUAL),
        (7, None, USUAL, USUAL),
    ],
)
async def test_the_tier_that_answers_is_charged_and_the_dearer_one_held(
    tmp_path: Path,
    asked: object,
    told: str | None,
    charged: tuple[int, int],
    held_by: tuple[int, int],
    stream: bool,
) -> None:
    tier: dict[str, Any] = {} if asked is None else {"service_tier": asked}
    async with selling(tmp_path, served(told), "openai", "gpt-5") as (proxy, there):
        answered = await proxy.chat(stream=stream, max_tokens=200, **tier)
        assert answered.status == 200
        assert there.asked[0].get("service_tier") == asked
        [exchange] = await proxy.exchanges()
        assert exchange.cost_nano == cost(charged, 1_000, 100)
        assert exchange.attempts[0].held_nano >= cost(held_by, 0, 200)
        assert exchange.attempts[0].held_nano < cost(held_by, 100, 200)
        standing = await proxy.standing("all")
        assert standing.settled == exchange.cost_nano
        record = await proxy.daemon.statement.exchange(exchange.id)
        [price] = [each.price for each in record.attempts]
        assert price is not None
        assert (price.input, price.output) == charged
        assert price.source.endswith(f", {told or asked}") == (charged != USUAL)


async def test_a_tier_that_the_upstream_does_not_take_is_not_charged(tmp_path: Path) -> None:
    def answering(body: dict[str, Any]) -> web.Response:
        if "service_tier" in body:
            return no(400, "Unsupported parameter: 'service_tier'", "unsupported_parameter", "service_tier")
        return served(None)(body)

    async with selling(tmp_path, answering, "openai", "gpt-5") as (proxy, _):
        assert (await proxy.chat(max_tokens=200, service_tier="priority")).status == 200
        [exchange] = await proxy.exchanges()
        assert exchange.cost_nano == cost(USUAL, 1_000, 100)


@pytest.mark.parametrize("prompt", [190_000, 210_000])
async def test_a_price_that_depends_on_the_prompt_goes_by_its_length_as_reported(tmp_path: Path, prompt: int) -> None:
    def answering(body: dict[str, Any]) -> web.Response:
        return answer("gemini-2.5-pro", prompt_tokens=prompt, completion_tokens=10)

    lower, higher = (rates("google", "gemini-2.5-pro", length) for length in (190_000, 210_000))
    assert lower < higher
    async with selling(tmp_path, answering, "google", "gemini-2.5-pro") as (proxy, _):
        # Our count of it is short of the step, as it is of a vocabulary that is not known.
        text = "alpha beta " * 1_000
        answered = await proxy.chat(messages=[{"role": "user", "content": text}], max_tokens=20)
        [exchange] = await proxy.exchanges()
        assert exchange.cost_nano == cost(lower if prompt < 200_000 else higher, prompt, 10)
        assert float(answered.headers["x-bursar-cost-usd"]) * 10**9 == pytest.approx(exchange.cost_nano)
