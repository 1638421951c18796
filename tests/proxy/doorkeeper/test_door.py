"""How a door closes: what runs is finished, what does not finish is cancelled, nobody else is let in."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from bursar.doorkeeper.door import Door, open_door
from bursar.doorkeeper.listen import listen_at, listen_on

OpenApp = Callable[..., Awaitable[Door]]
Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Waiting:
    """An application whose one handler waits to be told to answer."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.undone = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.app = web.Application()
        self.app.add_routes([web.get("/", self.handle)])

    async def handle(self, request: web.Request) -> web.Response:
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)  # as a settlement would take
            self.undone.set()
            raise
        return web.Response(text="done")


async def test_a_running_request_is_finished_within_the_grace(open_app: OpenApp, dial: Dial) -> None:
    waiting = Waiting()
    door = await open_app(waiting.app)
    port = door.ports[0]
    reader, writer = await dial(port)
    idle_reader, _ = await dial(port)
    writer.write(GET)
    await waiting.begun.wait()
    async with asyncio.TaskGroup() as group:
        closing = group.create_task(door.close(60))
        assert await idle_reader.read() == b""  # a connection that asks nothing is closed within a moment
        with pytest.raises(ConnectionRefusedError):
            await dial(port)
        assert not closing.done()
        waiting.go_on.set()
        came = await reader.read()
    assert came.endswith(b"done")
    assert b"Connection: close" in came
    assert (door.running, door.connections) == (0, 0)


async def test_what_outlives_the_grace_is_cancelled_and_waited_for(open_app: OpenApp, dial: Dial) -> None:
    waiting = Waiting()
    door = await open_app(waiting.app)
    reader, writer = await dial(door.ports[0])
    writer.write(GET)
    await waiting.begun.wait()
    await door.close(0.1)
    assert waiting.undone.is_set()
    assert door.running == 0
    assert await reader.read() == b""


async def test_whoever_has_connected_is_still_answered(open_app: OpenApp, dial: Dial) -> None:
    waiting = Waiting()
    waiting.go_on.set()
    door = await open_app(waiting.app)
    early, early_writer = await dial(door.ports[0])
    late = socket.create_connection(("127.0.0.1", door.ports[0]))  # waits to be accepted
    late.setblocking(False)
    async with asyncio.TaskGroup() as group:
        group.create_task(door.close(60))
        await asyncio.sleep(0.05)
        early_writer.write(GET)
        assert (await early.read()).endswith(b"done")
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(late, GET)
        assert b"Connection: close" in await loop.sock_recv(late, 4096)
    late.close()


@pytest.mark.parametrize("before", [True, False])
async def test_somebody_in_a_hurry_ends_the_grace(open_app: OpenApp, dial: Dial, before: bool) -> None:
    waiting = Waiting()
    door = await open_app(waiting.app)
    reader, writer = await dial(door.ports[0])
    writer.write(GET)
    await waiting.begun.wait()
    if before:
        door.hurry()
    # Long before the grace ends.
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        group.create_task(door.close(600))
        await asyncio.sleep(0.02)
        door.hurry()
        assert await reader.read() == b""
    assert waiting.undone.is_set()  # in good order all the same


async def test_a_body_under_way_still_arrives_while_the_door_closes(open_app: OpenApp, dial: Dial) -> None:
    begun = asyncio.Event()

    async def size(request: web.Request) -> web.Response:
        begun.set()
        return web.Response(text=f"{len(await request.read())} bytes")

    app = web.Application()
    app.add_routes([web.post("/", size)])
    door = await open_app(app)
    reader, writer = await dial(door.ports[0])
    writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n12")
    await begun.wait()
    async with asyncio.TaskGroup() as group:
        group.create_task(door.close(60))
        await asyncio.sleep(0.05)
        writer.write(b"34")
        assert (await reader.read()).endswith(b"4 bytes")


async def test_a_unix_socket_is_removed_when_its_door_closes(tmp_path: Path) -> None:
    path = tmp_path / "door.sock"
    door = await open_door(Waiting().app, [listen_at(path)])
    assert door.ports == ()
    await door.close(0)
    assert not path.exists()


async def test_a_successor_keeps_its_socket(tmp_path: Path) -> None:
    path = tmp_path / "door.sock"
    door = await open_door(Waiting().app, [listen_at(path)])
    path.unlink()
    successor = listen_at(path)
    await door.close(0)
    assert path.exists()
    successor.close()


async def test_all_addresses_lead_to_the_same_door(dial: Dial) -> None:
    waiting = Waiting()
    waiting.go_on.set()
    sockets = listen_on(("127.0.0.1", "::1"), 0)
    door = await open_door(waiting.app, sockets)
    for family, address in [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")][: len(sockets)]:
        reader, writer = await asyncio.open_connection(address, door.ports[0], family=family)
        writer.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert (await reader.read()).endswith(b"done")
        writer.close()
        await writer.wait_closed()
    await door.close(0)


async def test_an_application_that_fails_to_start_leaves_nothing_open() -> None:
    async def fail(app: web.Application) -> None:
        raise RuntimeError("no")

    app = web.Application()
    app.on_startup.append(fail)
    sockets = listen_on(("127.0.0.1",), 0)
    with pytest.raises(RuntimeError, match="no"):
        await open_door(app, sockets)
    assert sockets[0].fileno() == -1
