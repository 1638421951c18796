"""A vendor that answers as a test says: real HTTP on a free port, remembering every body it was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Answering = Callable[[dict[str, Any]], web.StreamResponse | Awaitable[web.StreamResponse]]


@dataclass
class Vendor:
    """`asked` are the bodies in order; `answering` may be changed at any time; `models` is what it lists."""

    base_url: str
    answering: Answering
    models: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    listings: int = 0
    listing_asked: asyncio.Event = field(default_factory=asyncio.Event)


def answer(
    model: str = "m", text: str = "fine", headers: Mapping[str, str] | None = None, **usage: int
) -> web.Response:
    """A plain answer of 10 tokens to a prompt of 10."""
    counts = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20, **usage}
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"id": "1", "object": "chat.completion", "model": model, "choices": [choice], "usage": counts}
    return web.json_response(body, headers=headers)


def no(status: int, message: str, code: str | None = None, param: str | None = None, **headers: str) -> web.Response:
    """An error in OpenAI's shape."""
    body = {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": param}}
    return web.json_response(body, status=status, headers=headers)


@asynccontextmanager
async def vendor(answering: Answering, *models: dict[str, Any]) -> AsyncIterator[Vendor]:
    """A vendor for as long as the block lasts."""

    async def chat(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        there.asked.append(body)
        answered = there.answering(body)
        return answered if isinstance(answered, web.StreamResponse) else await answered

    async def listing(request: web.Request) -> web.Response:
        there.listings += 1
        there.listing_asked.set()
        return web.json_response({"object": "list", "data": there.models})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/v1/models", listing)
    async with TestServer(app) as server:
        there = Vendor(f"http://127.0.0.1:{server.port}/v1", answering, list(models))
        yield there
