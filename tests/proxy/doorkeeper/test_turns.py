"""Requests of one connection: in turn, each to its handler by the same way in, and each with its answer."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from bursar.doorkeeper.body import read_body
from bursar.doorkeeper.door import Door

OpenApp = Callable[..., Awaitable[Door]]
Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
Knock = Callable[[int, bytes], Awaitable[bytes]]


def ask(path: str, *lines: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


async def test_what_is_sent_at_once_is_answered_in_turn(open_app: OpenApp, knock: Knock) -> None:
    running, seen = 0, []

    async def handle(request: web.Request) -> web.Response:
        nonlocal running
        running += 1
        seen.append((request.query["n"], running, len(await request.read())))
        await asyncio.sleep(0)
        running -= 1
        return web.Response(text=f"answer {request.query['n']};")

    app = web.Application()
    app.add_routes([web.post("/", handle)])
    door = await open_app(app)
    sent = b"".join(ask(f"/?n={n}", f"Content-Length: {n}", method="POST") + b"x" * n for n in range(40))
    came = await knock(door.ports[0], sent + ask("/?n=40", "Content-Length: 0", "Connection: close", method="POST"))
    assert seen == [(str(n), 1, n) for n in range(40)] + [("40", 1, 0)]
    assert [came.count(f"answer {n};".encode()) for n in range(41)] == [1] * 41
    assert [came.index(f"answer {n};".encode()) for n in range(41)] == sorted(
        came.index(f"answer {n};".encode()) for n in range(41)
    )


@pytest.mark.parametrize(
    ("path", "method", "said"),
    [
        ("/fixed", "GET", "fixed GET /fixed"),
        ("/fixed?a=1", "GET", "fixed GET /fixed"),
        ("/%66ixed", "GET", "fixed GET /fixed"),
        ("/fixed", "HEAD", ""),
        ("/any", "PUT", "any PUT /any"),
        ("/with/this", "GET", "this GET /with/this"),
        ("/fixed", "POST", "405"),
        ("/nothing", "GET", "404"),
    ],
)
async def test_every_path_leads_through_the_same_middlewares(
    open_app: OpenApp, knock: Knock, path: str, method: str, said: str
) -> None:
    passed: list[str] = []

    @web.middleware
    async def outer(request: web.Request, handler: Handler) -> web.StreamResponse:
        passed.append("outer")
        try:
            return await handler(request)
        except web.HTTPException as error:
            return web.Response(status=error.status, text=str(error.status))

    @web.middleware
    async def inner(request: web.Request, handler: Handler) -> web.StreamResponse:
        passed.append("inner")
        return await handler(request)

    async def handle(request: web.Request) -> web.Response:
        assert request.app is app
        name = request.match_info.get("name") or request.path.strip("/")
        return web.Response(text=f"{name} {request.method} {request.path}")

    app = web.Application(middlewares=[outer, inner])
    app.add_routes([web.get("/fixed", handle), web.route("*", "/any", handle), web.get("/with/{name}", handle)])
    door = await open_app(app)
    for _ in range(2):
        came = await knock(door.ports[0], ask(path, "Content-Length: 0", "Connection: close", method=method))
        assert came.partition(b"\r\n\r\n")[2].decode() == said
        assert b"\r\nServer: bursar\r\n" in came
    assert passed == ["outer", "inner"] * 2


@pytest.mark.parametrize("closing", [[], ["Connection: close"]], ids=["kept", "closed"])
async def test_a_refusal_arrives_though_more_of_its_request_is_on_the_way(
    open_app: OpenApp, knock: Knock, closing: list[str]
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=413, text="too much")

    async def say(request: web.Request) -> web.Response:
        return web.Response(text=f"{len(await read_body(request, most_bytes=9, time_s=5))} bytes")

    app = web.Application()
    app.add_routes([web.post("/", refuse), web.get("/", say)])
    door = await open_app(app)
    size = 3_000_000
    sent = ask("/", f"Content-Length: {size}", *closing, method="POST") + b"x" * size
    came = await knock(door.ports[0], sent if closing else sent + ask("/", "Connection: close"))
    assert came.startswith(b"HTTP/1.1 413 ")
    assert b"too much" in came
    assert came.endswith(b"0 bytes") is not bool(closing)


async def test_what_has_been_cancelled_is_cancelled_once(open_app: OpenApp, dial: Dial) -> None:
    begun, undone, cancelled = asyncio.Event(), asyncio.Event(), 0

    async def handle(request: web.Request) -> web.Response:
        nonlocal cancelled
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            writer.close()
            for _ in range(20):
                try:
                    await asyncio.sleep(0)
                except asyncio.CancelledError:
                    cancelled += 1
            undone.set()
            raise
        raise AssertionError("nobody sets it")

    app = web.Application()
    app.add_routes([web.get("/", handle)])
    door = await open_app(app)
    reader, writer = await dial(door.ports[0])
    writer.write(ask("/"))
    await begun.wait()
    writer.transport.abort()
    await undone.wait()
    await door.close(0)
    assert (cancelled, door.running) == (1, 0)
