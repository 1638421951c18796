"""What every kind of upstream must do, whichever it is; a new one in `kinds.py` is picked up by itself."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bursar.config.schema import DEFAULT_URLS, Kind, Times
from bursar.domain.clock import FixedClock
from bursar.domain.refusals import CallerFault, Refusal, UpstreamExhausted, UpstreamKeyRefused, UpstreamSlowDown
from bursar.upstreams.connection import Connection
from bursar.upstreams.kinds import KINDS
from bursar.upstreams.listing import models_of
from bursar.upstreams.openai_compatible import OpenAiCompatible

SECRET = "sk-canary-0123456789"
TIMES = Times(2, 5, 5, 5, 10)


@dataclass
class There:
    """An upstream of a kind, and the server that it asks."""

    upstream: OpenAiCompatible
    seen: list[web.Request]
    status: int = 200
    body: Any = None

    async def ask(self) -> bytes:
        """Everything that comes back from a chat completion."""
        got = b""
        async with self.upstream.open("/chat/completions", b'{"model":"m"}') as answer:
            while piece := await answer.read():
                got += piece
        return got


@pytest.fixture(params=list(Kind), ids=str)
async def there(request: pytest.FixtureRequest) -> AsyncIterator[There]:
    kind: Kind = request.param

    async def handle(asked: web.Request) -> web.Response:
        await asked.read()
        result.seen.append(asked)
        if asked.path.endswith("/models"):
            return web.json_response({"object": "list", "data": [{"id": "m", "context_length": 4096}]})
        return web.json_response(result.body or {"choices": []}, status=result.status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    connection = Connection()
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}/v1"
        upstream = KINDS[kind]("main", kind, url, SECRET, connection, FixedClock(), times=TIMES)
        result = There(upstream, [])
        yield result
        await connection.close()


def test_every_kind_of_the_configuration_is_there() -> None:
    assert set(KINDS) == set(Kind)
    assert set(DEFAULT_URLS) == set(Kind) - {Kind.OPENAI_COMPATIBLE}


async def test_it_asks_where_it_is_with_its_key_and_as_an_ordinary_program(there: There) -> None:
    assert json.loads(await there.ask()) == {"choices": []}
    [seen] = there.seen
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["Authorization"] == f"Bearer {SECRET}"
    assert seen.headers["User-Agent"].startswith("Mozilla/")
    assert seen.headers["Content-Type"] == "application/json"


async def test_it_lists_its_models(there: There) -> None:
    [model] = await models_of(there.upstream)
    assert (model.id, model.window) == ("m", 4096)
    assert all(seen.method == "GET" and "Content-Type" not in seen.headers for seen in there.seen)


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (401, "invalid_api_key", UpstreamKeyRefused),
        (402, "insufficient_balance", UpstreamExhausted),
        (403, "insufficient_user_quota", UpstreamExhausted),
        (429, "rate_limit_exceeded", UpstreamSlowDown),
        (400, "invalid_request", CallerFault),
    ],
)
async def test_a_no_is_read_and_never_shows_the_key(
    there: There, status: int, code: str, meaning: type[Refusal]
) -> None:
    there.status, there.body = status, {"error": {"message": f"no, {SECRET}", "type": "x", "code": code}}
    with pytest.raises(meaning) as caught:
        await there.ask()
    assert SECRET not in caught.value.message + repr(caught.value)


def test_its_balance_calls_are_places_within_its_host() -> None:
    for kind in KINDS.values():
        for call in kind.balance_calls:
            assert call.path.startswith("/")
            assert call.remaining or (call.granted and call.used)
            assert bool(call.used_path) == (call.used_unit is not None)
