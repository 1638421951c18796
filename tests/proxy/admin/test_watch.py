"""GET /watch over a real socket: the state first, what was missed, signs of life, and readers that do not read."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from bursar.contract.codec import Numbered, Opening, decode
from bursar.contract.events import ConfigurationRejected, KeyRevoked, Stopping
from bursar.contract.places import Places

OpenLocal = Callable[..., Awaitable[Any]]


@contextlib.asynccontextmanager
async def watching(places: Places, query: str = "", limit: int = 2**20) -> AsyncIterator[asyncio.StreamReader]:
    """A raw watch, whose head has been read. HTTP/1.0, so that the lines come without chunk sizes."""
    reader, writer = await asyncio.open_unix_connection(str(places.admin_socket), limit=limit)
    writer.write(f"GET /watch{query} HTTP/1.0\r\nHost: bursar\r\n\r\n".encode())
    async with asyncio.timeout(60):
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 ")
    yield reader
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def line(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(60):
        return await reader.readline()


async def test_the_state_comes_first_then_each_event(local: Any) -> None:
    async with watching(local.places) as reader:
        opening = decode(await line(reader), Opening)
        assert opening.snapshot is not None
        assert (opening.run, opening.seq) == ("run-1", 0)
        for number in range(1, 5):
            local.feed.publish(KeyRevoked(number, f"key-{number}"))
        seen = [decode(await line(reader), Numbered) for _ in range(4)]
    assert seen == [Numbered(number, KeyRevoked(number, f"key-{number}")) for number in range(1, 5)]


async def test_two_watchers_see_the_same(local: Any) -> None:
    async with watching(local.places) as first, watching(local.places) as second:
        openings = [await line(first), await line(second)]
        local.feed.publish(Stopping(1))
        assert await line(first) == await line(second)
    assert openings[0] == openings[1]


async def test_who_comes_back_gets_what_it_missed(local: Any) -> None:
    for number in range(1, 6):
        local.feed.publish(KeyRevoked(number, "x"))
    async with watching(local.places, "?since=run-1:3") as reader:
        assert decode(await line(reader), Opening) == Opening(1, "run-1", 3)
        assert decode(await line(reader), Numbered).seq == 4
        assert decode(await line(reader), Numbered).seq == 5
    async with watching(local.places, "?since=run-0:3") as reader:
        opening = decode(await line(reader), Opening)
        assert opening.snapshot is not None
        assert opening.seq == 5


@pytest.mark.parametrize("since", ["", "run-1", "run-1:", ":3", "run-1:x", "run-1:-1", "run-1:%C2%B2"])
async def test_a_position_that_is_none_is_refused(local: Any, since: str) -> None:
    reader, writer = await asyncio.open_unix_connection(str(local.places.admin_socket))
    writer.write(f"GET /watch?since={since} HTTP/1.0\r\nHost: bursar\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.split()[1] == b"400"
    assert json.loads(body)["code"] == "invalid_parameter"
    writer.close()
    await writer.wait_closed()


async def test_silence_is_broken_by_empty_lines(open_local: OpenLocal, short_places: Places) -> None:
    opened = await open_local(short_places, heartbeat_s=0.05)
    async with watching(short_places) as reader:
        await line(reader)
        assert [await line(reader) for _ in range(3)] == [b"\n"] * 3
        opened.feed.publish(Stopping(1))
        while (last := await line(reader)) == b"\n":
            pass
        assert decode(last, Numbered).of == Stopping(1)


async def test_a_reader_that_does_not_read_is_cut_off_and_holds_up_nobody(
    open_local: OpenLocal, short_places: Places
) -> None:
    opened = await open_local(short_places, patience_s=0.2)
    long_text = ("x" * 1_000,) * 10
    async with watching(short_places, limit=1_024) as slow, watching(short_places) as quick:
        await line(quick)
        for number in range(1, 201):
            opened.feed.publish(ConfigurationRejected(number, long_text))
            opened.feed.flush()
            assert decode(await line(quick), Numbered).seq == number
        async with asyncio.timeout(60):
            while opened.door.connections > 1:  # noqa: ASYNC110 - the door announces nothing to wait for
                await asyncio.sleep(0.01)
        came = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := await slow.read(65_536):
                came += len(piece)
        assert came < 200 * 10_000
        opened.feed.publish(Stopping(1))
        assert decode(await line(quick), Numbered).of == Stopping(1)


async def test_a_watcher_that_leaves_is_forgotten(local: Any) -> None:
    async with watching(local.places) as reader:
        await line(reader)
        assert (local.door.running, local.feed.watching) == (1, 1)
    async with asyncio.timeout(60):
        while local.door.running:  # noqa: ASYNC110 - the door announces nothing to wait for
            await asyncio.sleep(0.01)
    assert local.feed.watching == 0


async def test_closing_the_feed_ends_every_watch_properly(local: Any) -> None:
    async with watching(local.places) as reader:
        await line(reader)
        local.feed.publish(Stopping(1))
        local.feed.close()
        assert decode(await line(reader), Numbered).of == Stopping(1)
        assert await line(reader) == b""
        async with asyncio.timeout(60):
            await local.door.close(5)
