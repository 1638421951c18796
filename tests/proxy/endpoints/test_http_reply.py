"""A reply whose client has just gone ends as the call's cancellation would a moment later, and is no bug."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bursar.endpoints.http_reply import HttpReply

Write = Callable[[HttpReply], Awaitable[None]]


async def begin(reply: HttpReply) -> None:
    await reply.begin({})


async def write(reply: HttpReply) -> None:
    await reply.write(b"data: 1\n\n")


async def finish(reply: HttpReply) -> None:
    await reply.finish()


@pytest.mark.parametrize("last", [write, finish], ids=["write", "finish"])
async def test_writing_to_a_connection_that_has_just_gone_is_leaving(last: Write) -> None:
    seen: asyncio.Future[type[BaseException]] = asyncio.get_running_loop().create_future()

    async def handle(request: web.Request) -> web.StreamResponse:
        reply = HttpReply(request, 60)
        await begin(reply)
        assert request.transport is not None
        request.transport.close()
        try:
            await last(reply)
        except BaseException as error:
            seen.set_result(type(error))
            raise
        raise AssertionError("a write to nobody went well")

    app = web.Application()
    app.router.add_get("/", handle)
    server = TestServer(app)
    await server.start_server()
    try:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientPayloadError):
                async with session.get(server.make_url("/")) as response:
                    await response.read()
        assert await seen is asyncio.CancelledError
    finally:
        await server.close()
