"""Asking an upstream for its models tells whether it is there and takes the key, and never gives the key away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bursar.config.schema import Kind, UpstreamSettings
from bursar.domain.clock import FixedClock
from bursar.domain.refusals import Refusal
from bursar.upstreams.connection import Connection
from bursar.upstreams.listing import listed_models

KEY = "sk-canary-0123456789"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def vendor(handler: Handler) -> AsyncIterator[UpstreamSettings]:
    app = web.Application()
    app.router.add_get("/v1/models", handler)
    async with TestServer(app) as server:
        yield UpstreamSettings(name="main", kind=Kind.OPENAI_COMPATIBLE, base_url=str(server.make_url("/v1")))


async def ask(upstream: UpstreamSettings, key: str = KEY, limit_s: float = 60.0) -> tuple[str, ...]:
    connection = Connection()
    try:
        return await listed_models(upstream, key, connection, FixedClock(), limit_s=limit_s)
    finally:
        await connection.close()


async def refused(handler: Handler, limit_s: float = 60.0) -> Refusal:
    async with vendor(handler) as upstream:
        with pytest.raises(Refusal) as refusal:
            await ask(upstream, limit_s=limit_s)
    assert "canary" not in refusal.value.message + repr(refusal.value)
    return refusal.value


@pytest.mark.parametrize("body", ['{"object":"list","data":[{"id":"b","x":1},{"id":"a"}]}', '[{"id":"b"},{"id":"a"}]'])
async def test_the_names_come_in_the_vendors_order_for_the_right_key(body: str) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert "python" not in request.headers["User-Agent"].lower()
        return web.Response(text=body, content_type="application/json")

    async with vendor(handler) as upstream:
        assert await ask(upstream) == ("b", "a")


async def test_without_a_key_none_is_sent() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert "Authorization" not in request.headers
        return web.json_response({"data": []})

    async with vendor(handler) as upstream:
        assert await ask(upstream, key="") == ()


NOES: dict[str, tuple[int, str, str]] = {
    "wrong key, echoed": (401, f'{{"error":{{"message":"Incorrect API key provided: {KEY}"}}}}', "upstream_auth"),
    "no money": (402, '{"error":{"message":"Insufficient balance"}}', "insufficient_balance"),
    "an edge": (403, "<html>error code: 1010</html>", "upstream_blocked"),
    "a page": (200, "<html>welcome</html>", "upstream_broken"),
    "an error in disguise": (200, '{"code":401,"msg":"You do not have access permissions"}', "upstream_auth"),
    "something else": (200, '{"hello":"world"}', "upstream_broken"),
    "a redirect": (302, "", "upstream_broken"),
    "down": (503, "", "model_overloaded"),
}


@pytest.mark.parametrize("name", NOES)
async def test_a_no_is_read_as_what_it_means(name: str) -> None:
    status, body, code = NOES[name]

    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"Location": "http://127.0.0.1:9/"})

    assert (await refused(handler)).code == code


async def test_silence_has_a_limit() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"data":[')
        await asyncio.Event().wait()  # until the one who asked has gone
        return response

    assert (await refused(handler, limit_s=0.3)).code == "upstream_timeout"


async def test_nobody_there() -> None:
    gone = UpstreamSettings(name="main", kind=Kind.OPENAI_COMPATIBLE, base_url="http://127.0.0.1:9/v1")
    with pytest.raises(Refusal) as refusal:
        await ask(gone)
    assert refusal.value.code == "upstream_unreachable"
