"""Answers that are written in one piece: what a head says, how a connection goes on, and what no header may hold."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from aiohttp import web

from bursar.doorkeeper.door import Door
from bursar.doorkeeper.whole_answer import may_be_written_whole, write_whole

OpenApp = Callable[..., Awaitable[Door]]
Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
Knock = Callable[[int, bytes], Awaitable[bytes]]

BODY = b'{"whole":true}'


def answering(headers: dict[str, str], asked: list[bool] | None = None) -> web.Application:
    """An application that writes every answer in one piece; `asked` takes down whether it may."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if asked is not None:
            asked.append(may_be_written_whole(request))
            return web.Response()
        return await write_whole(request, 200, headers, "application/json", BODY)

    app = web.Application()
    app.add_routes([web.get("/", handle)])
    return app


async def one(reader: asyncio.StreamReader) -> tuple[list[str], bytes]:
    """The lines of the next answer's head, and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    (length,) = (int(line.partition(":")[2]) for line in head if line.lower().startswith("content-length:"))
    return head, await reader.readexactly(length)


async def test_a_head_says_all_that_it_should_and_the_connection_goes_on(open_app: OpenApp, dial: Dial) -> None:
    door = await open_app(answering({"x-ours": "1"}))
    reader, writer = await dial(door.ports[0])
    for _ in range(3):
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head, body = await one(reader)
        fields = dict(line.split(": ", 1) for line in head[1:])
        assert (head[0], body) == ("HTTP/1.1 200 OK", BODY)
        assert abs(parsedate_to_datetime(fields.pop("Date")) - datetime.now(UTC)) < timedelta(minutes=1)
        assert fields == {
            "x-ours": "1",
            "Server": "bursar",
            "Content-Type": "application/json",
            "Content-Length": str(len(BODY)),
        }


async def test_a_client_that_asks_for_the_end_gets_it(open_app: OpenApp, knock: Knock) -> None:
    door = await open_app(answering({}))
    came = await knock(door.ports[0], b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert b"\r\nConnection: close\r\n" in came
    assert came.endswith(BODY)


@pytest.mark.parametrize(
    ("line", "may"), [("GET / HTTP/1.1", True), ("HEAD / HTTP/1.1", False), ("GET / HTTP/1.0", False)]
)
async def test_only_the_plainest_form_is_written_so(open_app: OpenApp, knock: Knock, line: str, may: bool) -> None:
    asked: list[bool] = []
    door = await open_app(answering({}, asked))
    await knock(door.ports[0], f"{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert asked == [may]


@pytest.mark.parametrize("value", ["a\r\nx-injected: 1", "a\nb", "a\rb", "a\x00b", "a\x7fb"])
@pytest.mark.parametrize("place", ["name", "value"])
async def test_what_is_no_single_line_is_never_written(
    open_app: OpenApp, knock: Knock, caplog: pytest.LogCaptureFixture, value: str, place: str
) -> None:
    door = await open_app(answering({"x-ours": value} if place == "value" else {value: "1"}))
    came = await knock(door.ports[0], b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert came.startswith(b"HTTP/1.1 500 ")
    assert b"injected" not in came
    assert BODY not in came
    assert "ValueError" in caplog.text


async def test_nothing_is_written_to_a_client_that_has_gone(open_app: OpenApp, dial: Dial) -> None:
    raised: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def handle(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        try:
            return await write_whole(request, 200, {}, "application/json", BODY)
        except ConnectionError as error:
            raised.set_result(error)
            raise

    app = web.Application()
    app.add_routes([web.get("/", handle)])
    door = await open_app(app)
    reader, writer = await dial(door.ports[0])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert isinstance(await raised, ConnectionResetError)
    assert await reader.read() == b""
