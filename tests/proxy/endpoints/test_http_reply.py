"""Replies at their ends: a client that has just gone, and an answer that breaks off with its reason."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fakes.turned import turned

from bursar.doorkeeper.door import open_door
from bursar.doorkeeper.listen import listen_on
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
        await write(reply)
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


async def test_a_small_whole_answer_is_there_before_the_call_is_over() -> None:
    arrived = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        reply = HttpReply(request, 60)
        await reply.send(200, {"x-ours": "1"}, b'{"whole": true}')
        async with asyncio.timeout(60):
            await arrived.wait()
        return reply.response

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(server.make_url("/")) as response:
                assert (response.headers["x-ours"], await response.json()) == ("1", {"whole": True})
                arrived.set()


async def test_the_last_answer_of_a_connection_says_so() -> None:
    begun, closing = asyncio.Event(), asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        begun.set()
        await closing.wait()
        reply = HttpReply(request, 60)
        await reply.send(200, {}, b"{}")
        return reply.response

    app = web.Application()
    app.router.add_get("/", handle)
    door = await open_door(app, listen_on(["127.0.0.1"], 0))
    reader, writer = await asyncio.open_connection("127.0.0.1", door.ports[0])
    idle, other = await asyncio.open_connection("127.0.0.1", door.ports[0])
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await begun.wait()
    closed = asyncio.ensure_future(door.close(5))
    assert await idle.read() == b"", "the door closes"
    closing.set()
    answer = await reader.read()
    for each in (writer, other):
        each.close()
    await closed
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert answer.endswith(b"{}")


async def test_the_reason_can_be_read_before_the_connection_ends() -> None:
    over = asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        reply = HttpReply(request, 60)
        await begin(reply)
        await reply.break_off(b"data: the reason\n\n")
        over.set()
        return reply.response

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestServer(app) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"the reason\n\n\r\n")
        await over.wait()
        # The handler has returned, and yet the end does not come with the reason: some clients would read neither.
        for _ in range(20):
            await asyncio.sleep(0)
        assert not reader.at_eof()
        assert await reader.read() == b"", "no proper end"
        writer.close()


async def test_what_is_written_at_once_comes_in_order_and_waits_for_no_client() -> None:
    """A client that does not read is written nothing at once; what it is written otherwise is waited for."""
    asked, stuck = asyncio.Event(), asyncio.Event()
    piece = b"data: " + b"x" * 4096 + b"\n\n"
    written = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal written
        reply = HttpReply(request, 60)
        await reply.begin({})
        await reply.write(b"data: 1\n\n")
        assert reply.write_at_once(b"data: 2\n\n")
        await reply.write(b"data: 3\n\n")
        await asked.wait()
        while reply.write_at_once(piece):
            written += 1
        stuck.set()
        await reply.write(b"data: 4\n\n")
        await reply.finish()
        return reply.response

    app = web.Application()
    app.router.add_get("/", handle)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(read_bufsize=4096) as session,
        session.get(server.make_url("/")) as response,
    ):
        got = await response.content.readuntil(b"3\n\n")
        asked.set()
        await stuck.wait()
        got += await response.read()
    assert got == b"data: 1\n\ndata: 2\n\ndata: 3\n\n" + piece * written + b"data: 4\n\n"


@pytest.mark.parametrize("first", [b"", b"data: 1\n\n"], ids=["before anything", "between two events"])
async def test_a_silence_is_filled_with_comments(first: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = turned(monkeypatch)
    begun, go = asyncio.Event(), asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        reply = HttpReply(request, 60)
        await reply.begin({"x-ours": "1"})
        if first:
            await reply.write(first)
        begun.set()
        await go.wait()
        assert reply.write_at_once(b"data: 2\n\n")
        await reply.finish(b"data: 3\n\n")
        return reply.response

    async def talk() -> bytes:
        async with session.get(server.make_url("/")) as response:
            assert response.headers["x-ours"] == "1"
            return await response.read()

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        talking = asyncio.ensure_future(talk())
        await begun.wait()
        for _ in range(2):
            await turn(61)
        go.set()
        assert await talking == first + b": keep-alive\n\n" * 2 + b"data: 2\n\ndata: 3\n\n"


async def test_a_client_that_does_not_read_is_looked_at_once_in_each_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written no comment, and looking for that takes no turn of the loop but one in each time of silence."""
    turn = turned(monkeypatch)
    looks = 0
    stuck, read = asyncio.Event(), asyncio.Event()

    class Counted(HttpReply):
        def write_at_once(self, piece: bytes) -> bool:
            nonlocal looks
            looks += 1
            return super().write_at_once(piece)

    async def handle(request: web.Request) -> web.StreamResponse:
        reply = Counted(request, 60)
        await reply.begin({})
        writing = asyncio.ensure_future(reply.write(b"data: " + b"x" * (32 << 20) + b"\n\n"))
        await asyncio.sleep(0)
        stuck.set()
        await writing
        await reply.finish()
        read.set()
        return reply.response

    app = web.Application()
    app.router.add_get("/", handle)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(read_bufsize=4096) as session,
        session.get(server.make_url("/")) as response,
    ):
        await stuck.wait()
        for _ in range(3):
            await turn(61)
        assert looks == 3
        got = await response.read()
        await read.wait()
    assert b"keep-alive" not in got
