"""What slow, silent, broken and too many clients get, over raw sockets."""

import asyncio
import json
import logging
import random
import resource
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from fakes.turned import SAFE_S, Turn, settled

from bursar.doorkeeper.body import NoRoom, Room, read_body
from bursar.doorkeeper.connection import SPARE_CONNECTIONS, DoorLimits
from bursar.doorkeeper.door import Door

OpenApp = Callable[..., Awaitable[Door]]
Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
Knock = Callable[[int, bytes], Awaitable[bytes]]

LIMITS = DoorLimits()
BODY_S = 30.0
"""How long a body may take at the kept door."""

HEAD = b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


async def say_ok(request: web.Request) -> web.Response:
    return web.Response(text="ok")


async def whole(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the other side closes."""
    async with asyncio.timeout(SAFE_S):
        return await reader.read()


async def closed_after(seconds: float, turn: Turn, reader: asyncio.StreamReader) -> bytes:
    """All that comes until the other side closes, which it does once so many seconds have passed and not before."""
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(whole(reader))
        await turn(seconds - 1)
        assert not reading.done()
        await turn(1.5)
        await turn(1)  # in which the rest of a request is read and thrown away
        assert reading.done()
    return reading.result()


async def test_a_silent_connection_is_closed(kept_door: Door, dial: Dial, turn: Turn) -> None:
    reader, _ = await dial(kept_door.ports[0])
    assert await closed_after(LIMITS.header_s, turn, reader) == b""


async def test_a_header_that_trickles_is_closed_however_busily_it_trickles(
    kept_door: Door, dial: Dial, turn: Turn
) -> None:
    reader, writer = await dial(kept_door.ports[0])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    for _ in range(9):
        await turn(LIMITS.header_s / 10)
        writer.write(b"X: y\r\n")
    assert await closed_after(LIMITS.header_s / 10, turn, reader) == b""


async def test_a_later_header_on_a_kept_connection_has_the_same_time(kept_door: Door, dial: Dial, turn: Turn) -> None:
    reader, writer = await dial(kept_door.ports[0])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    await turn(LIMITS.header_s * 2)
    writer.write(b"GET / HT")
    assert await closed_after(LIMITS.header_s, turn, reader) == b""


async def test_a_kept_connection_may_be_idle_longer_than_a_header_may_take(
    kept_door: Door, dial: Dial, turn: Turn
) -> None:
    reader, writer = await dial(kept_door.ports[0])
    for _ in range(3):
        await turn(LIMITS.header_s - 1)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"ok")
    assert await closed_after(LIMITS.idle_s, turn, reader) == b""


async def test_half_a_body_is_answered_with_408(kept_door: Door, dial: Dial, turn: Turn) -> None:
    reader, writer = await dial(kept_door.ports[0])
    writer.write(HEAD + b'Content-Length: 100\r\n\r\n{"half"')
    assert (await closed_after(BODY_S, turn, reader)).startswith(b"HTTP/1.1 408 ")


async def test_all_bodies_together_take_no_more_than_there_is_room(open_app: OpenApp, dial: Dial, knock: Knock) -> None:
    room = Room(2_500)

    async def size(request: web.Request) -> web.Response:
        try:
            body = await read_body(request, most_bytes=1_000, time_s=SAFE_S * 2, room=room)
        except NoRoom as refusal:
            return web.Response(status=refusal.status, text=refusal.code, headers={"Connection": "close"})
        return web.Response(text=f"{len(body)} bytes")

    app = web.Application()
    app.add_routes([web.post("/body", size)])
    door = await open_app(app, DoorLimits(header_s=SAFE_S * 2, linger_s=0.1))
    head = HEAD + b"Content-Length: 1000\r\n\r\n"
    halves = [await dial(door.ports[0]) for _ in range(3)]
    for arriving, (_, writer) in enumerate(halves):
        writer.write(head)
        while door.running <= arriving:  # noqa: ASYNC110 - the door announces nothing to wait for
            await asyncio.sleep(0)
        writer.write(b"x" * 900)
    # While the others go on waiting.
    came = await whole(halves[-1][0])
    assert came.startswith(b"HTTP/1.1 503 ")
    assert b"too_much_arriving" in came
    # The others have kept their room, and give it back whole.
    for reader, writer in halves[:2]:
        writer.write(b"x" * 100)
        assert (await reader.readuntil(b"bytes")).endswith(b"1000 bytes")
    room.take(2_500, 1_000)


async def test_a_chunk_size_that_is_none_ends_the_body_at_once(kept_door: Door, dial: Dial) -> None:
    reader, writer = await dial(kept_door.ports[0])
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    while not kept_door.running:  # noqa: ASYNC110 - the door announces nothing to wait for
        await asyncio.sleep(0)
    writer.write(b"canary\r\n")
    # Not 408: nobody waits for the rest of it.
    came = await whole(reader)
    assert came.startswith(b"HTTP/1.1 400 ")
    assert b"canary" not in came


async def test_garbage_behind_a_whole_body_does_not_spoil_it(open_app: OpenApp, dial: Dial) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def size(request: web.Request) -> web.Response:
        begun.set()
        await go_on.wait()
        return web.Response(text=f"{len(await request.read())} bytes")

    app = web.Application()
    app.add_routes([web.post("/body", size)])
    door = await open_app(app)
    reader, writer = await dial(door.ports[0])
    writer.write(HEAD + b"Content-Length: 2\r\n\r\n{}")
    await begun.wait()
    writer.write(b"\x16\x03 not a request\r\n\r\n")
    await settled()
    go_on.set()
    came = await whole(reader)
    assert came.startswith(b"HTTP/1.1 200 ")
    assert b"2 bytes" in came
    assert b"HTTP/1.0 400 " in came


async def test_a_good_client_is_served_while_slow_ones_hold_connections(open_app: OpenApp, dial: Dial) -> None:
    app = web.Application()
    app.add_routes([web.get("/", say_ok)])
    door = await open_app(app, DoorLimits(header_s=SAFE_S * 2, linger_s=0.1))
    slow = [await dial(door.ports[0]) for _ in range(200)]
    for number, (_, writer) in enumerate(slow):
        writer.write(b"GET / HTTP/1.1\r\nHost: l" if number % 2 else b"")
    reader, writer = await dial(door.ports[0])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await whole(reader)).startswith(b"HTTP/1.1 200 ")
    assert door.connections >= 200


async def test_connections_beyond_the_limit_are_told_so_and_room_comes_back(
    open_app: OpenApp, dial: Dial, knock: Knock
) -> None:
    app = web.Application()
    app.add_routes([web.get("/", say_ok)])
    door = await open_app(app, DoorLimits(header_s=SAFE_S * 2, linger_s=0.1, connections=2))
    kept = [await dial(door.ports[0]) for _ in range(2)]
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    head, _, body = (await knock(door.ports[0], request)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert json.loads(body)["error"]["code"] == "too_many_connections"
    kept[0][1].close()
    while door.connections > 1:  # noqa: ASYNC110 - the door announces nothing to wait for
        await asyncio.sleep(0)
    assert (await knock(door.ports[0], request)).startswith(b"HTTP/1.1 200 ")


async def test_a_flood_beyond_the_limit_is_dropped(open_app: OpenApp, dial: Dial) -> None:
    door = await open_app(web.Application(), DoorLimits(header_s=SAFE_S * 2, linger_s=SAFE_S, connections=1))
    flood = [await dial(door.ports[0]) for _ in range(1 + SPARE_CONNECTIONS + 20)]
    told = dropped = 0
    for reader, _ in flood[1:]:
        try:
            first = await reader.read(13)
        except ConnectionResetError:
            first = b""
        told += first == b"HTTP/1.1 503 "
        dropped += not first
    assert (told, dropped) == (SPARE_CONNECTIONS, 20)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer canary-key\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer canary\x00key\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: canary.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nX-Canary: canary\r\n\r\n",
        b"GET /canary HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"canary canary canary\r\n\r\n",
        b"\x16\x03\x01\x02\x00canary\r\n\r\n",
        b"GET canary HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: canary\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\ncanary",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"canary" * 10_000 + b"\r\n\r\n",
    ],
)
async def test_what_cannot_be_parsed_is_neither_echoed_nor_logged(
    kept_door: Door, knock: Knock, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], sent: bytes
) -> None:
    caplog.set_level(logging.DEBUG)
    head, _, body = (await knock(kept_door.ports[0], sent)).partition(b"\r\n\r\n")
    assert head.split()[1] == b"400"
    assert b"application/json" in head
    assert json.loads(body)["error"]["code"] == "invalid_request"
    logged = caplog.text + "".join(capfd.readouterr())
    assert b"canary" not in (head + body).lower()
    assert "canary" not in logged.lower()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", id="line"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n", id="field"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", id="many"),
    ],
)
async def test_floods_of_header_are_refused_before_they_end_and_kept_nowhere(
    kept_door: Door, dial: Dial, sent: bytes
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reader, writer = await dial(kept_door.ports[0])
    writer.write(sent[:50_000])
    assert (await reader.readuntil(b"\r\n")).split()[1] == b"400"
    writer.write(sent[50_000:])
    await whole(reader)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_192  # KiB


async def test_a_client_that_leaves_cancels_its_handler(open_app: OpenApp, dial: Dial) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return web.Response()

    app = web.Application()
    app.add_routes([web.get("/", wait)])
    door = await open_app(app)
    _, writer = await dial(door.ports[0])
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(SAFE_S):
        await begun.wait()
        assert door.running == 1
        writer.close()
        await cancelled.wait()


async def test_a_bug_is_logged_and_answered_without_its_text(
    open_app: OpenApp, knock: Knock, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: web.Request) -> web.Response:
        raise RuntimeError("canary")

    app = web.Application()
    app.add_routes([web.get("/", fail)])
    door = await open_app(app)
    head, _, body = (await knock(door.ports[0], b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert json.loads(body)["error"]["code"] == "internal_error"
    assert b"canary" not in body
    assert "test_connection.py" in caplog.text  # the traceback


async def test_a_bug_after_the_answer_has_begun_cuts_the_connection(open_app: OpenApp, knock: Knock) -> None:
    async def fail(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        raise RuntimeError

    app = web.Application()
    app.add_routes([web.get("/", fail)])
    door = await open_app(app)
    came = await knock(door.ports[0], b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"half" in came
    assert not came.endswith(b"0\r\n\r\n")


async def test_compressed_bodies_are_not_inflated(open_app: OpenApp, knock: Knock) -> None:
    packed = zlib.compress(b"0" * 1_000_000)

    async def size(request: web.Request) -> web.Response:
        return web.Response(text=f"{len(await read_body(request, most_bytes=10_000, time_s=SAFE_S))} bytes")

    app = web.Application()
    app.add_routes([web.post("/", size)])
    door = await open_app(app)
    came = await knock(
        door.ports[0],
        b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Encoding: deflate\r\n"
        + f"Content-Length: {len(packed)}\r\n\r\n".encode()
        + packed,
    )
    assert came.endswith(f"\r\n\r\n{len(packed)} bytes".encode())


async def test_mutated_requests_get_no_5xx_and_leave_nothing_behind(
    kept_door: Door, knock: Knock, turn: Turn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    chance = random.Random(4141)
    whole = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    tokens = [
        b"\r\n",
        b"\x00",
        b":",
        b" ",
        b"\t",
        b"Host: x",
        b"chunked",
        b"-1",
        b"\xff",
        b"/",
        b"@",
        b"GET ",
        b"z" * 9_000,
    ]

    def mutated() -> bytes:
        sent = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(sent))
            sent[place : place + chance.randrange(6)] = chance.choice(tokens)
        return bytes(sent)

    statuses: Counter[bytes] = Counter()
    for _ in range(7):
        knocking = asyncio.gather(*(knock(kept_door.ports[0], mutated()) for _ in range(40)), return_exceptions=True)
        while not knocking.done():
            await turn(1)
        for answer in knocking.result():
            assert isinstance(answer, bytes | ConnectionResetError), answer
            statuses[answer.split()[1] if isinstance(answer, bytes) and answer else b"closed"] += 1
    assert not [status for status in statuses if status.startswith(b"5")]
    assert {b"200", b"400", b"421"} <= set(statuses)
    assert caplog.text == ""
    while kept_door.connections:  # noqa: ASYNC110 - the door announces nothing to wait for
        await asyncio.sleep(0)
