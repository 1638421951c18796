"""Open doors, the time that their limits are measured in, and raw sockets to knock at them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from aiohttp import web
from fakes.turned import SAFE_S, Turn, turned

from bursar.domain.refusals import Refusal
from bursar.doorkeeper.body import read_body
from bursar.doorkeeper.connection import DoorLimits, openai_error
from bursar.doorkeeper.door import Door, open_door
from bursar.doorkeeper.examine import loopback_hosts
from bursar.doorkeeper.keeper import doorkeeper
from bursar.doorkeeper.listen import listen_on

LIMITS = DoorLimits(linger_s=0.2)
BODY_S = 30.0

OpenApp = Callable[..., Awaitable[Door]]
Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
Knock = Callable[[int, bytes], Awaitable[bytes]]


@pytest.fixture
async def turn(monkeypatch: pytest.MonkeyPatch) -> Turn:
    """Turns the time on that all limits of the doors are measured in."""
    return turned(monkeypatch)


@pytest.fixture
async def open_app() -> AsyncIterator[OpenApp]:
    """Opens an application on loopback; closes it at the end."""
    doors: list[Door] = []

    async def opened(app: web.Application, limits: DoorLimits = LIMITS) -> Door:
        doors.append(await open_door(app, listen_on(("127.0.0.1",), 0), limits=limits))
        return doors[-1]

    yield opened
    for door in doors:
        await door.close(0)


@pytest.fixture
async def kept_door() -> AsyncIterator[Door]:
    """A door with a doorkeeper: GET / says ok, POST /body how many bytes came, POST /form takes a form."""
    sockets = listen_on(("127.0.0.1",), 0)
    port = sockets[0].getsockname()[1]
    hosts = loopback_hosts(port, ["public.example", "other.example:8443"], ["app://editor"])

    def answer(request: web.Request, refusal: Refusal) -> web.Response:
        return web.Response(status=refusal.status, body=openai_error(refusal), content_type="application/json")

    def takes(request: web.Request) -> frozenset[str]:
        return frozenset({"multipart/form-data" if request.path == "/form" else "application/json"})

    async def say_ok(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def say_size(request: web.Request) -> web.Response:
        try:
            body = await read_body(request, most_bytes=1_000, time_s=BODY_S)
        except Refusal as refusal:
            return answer(request, refusal)
        return web.Response(text=f"{len(body)} bytes")

    app = web.Application(middlewares=[doorkeeper(lambda: hosts, answer, takes)])
    app.add_routes([web.get("/", say_ok), web.post("/body", say_size), web.post("/form", say_ok)])
    door = await open_door(app, sockets, limits=LIMITS)
    yield door
    await door.close(0)


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """Opens raw connections to a port of this machine; closes them at the end."""
    writers: list[asyncio.StreamWriter] = []

    async def dialled(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return reader, writer

    yield dialled
    for writer in writers:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
def knock(dial: Dial) -> Knock:
    """Sends bytes to a port and returns everything that comes back until the other side closes."""

    async def knocked(port: int, sent: bytes) -> bytes:
        reader, writer = await dial(port)
        writer.write(sent)
        async with asyncio.timeout(SAFE_S):
            return await reader.read()

    return knocked
