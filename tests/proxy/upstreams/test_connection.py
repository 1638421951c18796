"""The traps of the HTTP client below us, each played by a raw server over real sockets."""

import asyncio
import zlib
from collections.abc import AsyncIterator

import pytest
from fakes.raw_server import Play, RawServer, StartRaw, raw_servers

from bursar.config.schema import Times
from bursar.domain.clock import FixedClock
from bursar.domain.refusals import (
    Refusal,
    UpstreamBroke,
    UpstreamKeyRefused,
    UpstreamOverloaded,
    UpstreamUnreachable,
)
from bursar.upstreams.connection import Connection
from bursar.upstreams.openai_compatible import OpenAiCompatible

SECRET = "sk-canary-7f3a"


def plays(answer: bytes, *, close: bool = False) -> Play:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        if close:
            writer.close()

    return play


def whole(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@pytest.fixture
async def raw_server() -> AsyncIterator[StartRaw]:
    async with raw_servers() as start:
        yield start


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    made = Connection()
    yield made
    await made.close()


def upstream(server: RawServer, connection: Connection, url: str = "") -> OpenAiCompatible:
    times = Times(connect_s=2, first_event_s=60, stall_s=60, progress_s=60, total_s=60)
    return OpenAiCompatible(
        "main", "openai_compatible", url or server.url, SECRET, connection, FixedClock(), times=times
    )


async def ask(main: OpenAiCompatible, body: bytes = b"{}") -> bytes:
    async with main.open("/chat/completions", body) as answer:
        pieces = []
        while piece := await answer.read():
            pieces.append(piece)
        return b"".join(pieces)


async def test_an_answer_comes_whole_and_its_connection_is_kept(raw_server: StartRaw, connection: Connection) -> None:
    server = await raw_server(plays(whole(b"one")))
    main = upstream(server, connection)
    assert [await ask(main), await ask(main)] == [b"one", b"one"]
    assert [number for number, _ in server.requests] == [0, 0]
    head = server.requests[0][1].decode()
    assert head.startswith("POST /v1/chat/completions HTTP/1.1\r\n")
    assert f"Authorization: Bearer {SECRET}\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head


async def test_bytes_nobody_asked_for_never_become_the_next_answer(
    raw_server: StartRaw, connection: Connection
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(b"one"))
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(whole(b"planted"))
        await writer.drain()

    server = await raw_server(play, plays(whole(b"two")))
    main = upstream(server, connection)
    assert await ask(main) == b"one"
    await asyncio.sleep(0.1)
    assert await ask(main) == b"two"


async def test_bytes_in_the_same_packet_neither(raw_server: StartRaw, connection: Connection) -> None:
    server = await raw_server(plays(whole(b"one") + whole(b"planted")), plays(whole(b"two")))
    main = upstream(server, connection)
    assert [await ask(main), await ask(main)] == [b"one", b"two"]


async def test_a_malformed_chunk_ends_the_read_at_once(raw_server: StartRaw, connection: Connection) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"3\r\none\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(b"zz\r\ntwo\r\n")
        await writer.drain()
        await reader.read()

    server = await raw_server(play)
    async with asyncio.timeout(60):
        with pytest.raises(UpstreamBroke):
            await ask(upstream(server, connection))


async def test_a_kept_connection_that_just_closed_is_replaced_once(
    raw_server: StartRaw, connection: Connection
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 1:
            writer.write(whole(b"one"))
            await writer.drain()
        else:
            writer.close()

    server = await raw_server(play, plays(whole(b"two")))
    main = upstream(server, connection)
    assert [await ask(main), await ask(main)] == [b"one", b"two"]
    assert [number for number, _ in server.requests] == [0, 0, 1]


async def test_a_fresh_connection_that_closes_is_not_tried_again(raw_server: StartRaw, connection: Connection) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await raw_server(play)
    main = upstream(server, connection)
    opening = main.open("/chat/completions", b"{}")
    with pytest.raises(UpstreamBroke):
        await opening.__aenter__()
    assert opening.delivered
    assert len(server.requests) == 1


BROKEN = {
    "not http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a header of 1 MiB": b"HTTP/1.1 200 OK\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n",
    "an end inside the announced length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    "an end inside a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nshort",
    "no gzip though it says so": whole(b"plain", headers="Content-Encoding: gzip\r\n"),
    "an encoding nobody asked for": whole(b"x", headers="Content-Encoding: br\r\n"),
    "a redirect": whole(b"", "307 Temporary Redirect", "Location: http://127.0.0.2:9/\r\n"),
}


@pytest.mark.parametrize("fault", BROKEN)
async def test_what_is_no_answer_is_refused(fault: str, raw_server: StartRaw, connection: Connection) -> None:
    server = await raw_server(plays(BROKEN[fault], close=True))
    async with asyncio.timeout(60):
        with pytest.raises(UpstreamBroke) as caught:
            await ask(upstream(server, connection))
    assert SECRET not in caught.value.message
    assert len(server.requests) == 1


async def test_a_103_first_is_passed_over(raw_server: StartRaw, connection: Connection) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    server = await raw_server(plays(hints + whole(b"one")))
    main = upstream(server, connection)
    assert [await ask(main), await ask(main)] == [b"one", b"one"]
    assert [number for number, _ in server.requests] == [0, 0]


async def test_gzip_is_inflated_in_steps(raw_server: StartRaw, connection: Connection) -> None:
    bomb = zlib.compress(b"\0" * 50_000_000, 9, 31)
    server = await raw_server(plays(whole(bomb, headers="Content-Encoding: gzip\r\n")))
    largest = total = 0
    async with upstream(server, connection).open("/chat/completions", b"{}") as answer:
        while piece := await answer.read():
            largest, total = max(largest, len(piece)), total + len(piece)
    assert total == 50_000_000
    assert largest <= 64 * 1024


async def test_an_echoed_key_is_not_told_on(raw_server: StartRaw, connection: Connection) -> None:
    body = f'{{"error":{{"message":"Incorrect API key provided: {SECRET}","code":"invalid_api_key"}}}}'.encode()
    server = await raw_server(plays(whole(body, "401 Unauthorized")))
    with pytest.raises(UpstreamKeyRefused) as caught:
        await ask(upstream(server, connection))
    assert SECRET not in str(caught.value) + caught.value.message + repr(caught.value)
    assert "[key]" in caught.value.message


async def test_a_huge_error_is_read_only_as_far_as_anybody_looks(raw_server: StartRaw, connection: Connection) -> None:
    bomb = zlib.compress(b"x" * 30_000_000, 9, 31)
    server = await raw_server(plays(whole(bomb, "500 No", "Content-Encoding: gzip\r\n")))
    with pytest.raises(UpstreamOverloaded) as caught:
        await ask(upstream(server, connection))
    assert len(caught.value.message) < 1000


async def test_only_harmless_headers_are_handed_on(raw_server: StartRaw, connection: Connection) -> None:
    planted = "Set-Cookie: a=b\r\nAccess-Control-Allow-Origin: *\r\nStrict-Transport-Security: x\r\nX-Key: y\r\n"
    server = await raw_server(plays(whole(b"{}", headers=planted + "x-request-id: 7\r\nX-RateLimit-Limit: 5\r\n")))
    async with upstream(server, connection).open("/chat/completions", b"{}") as answer:
        assert {name.lower(): value for name, value in answer.headers.items()} == {
            "x-request-id": "7",
            "x-ratelimit-limit": "5",
        }


UNREACHABLE = {
    "refused": "http://127.0.0.1:9/v1",
    "no such name": "http://no-such-host.invalid/v1",
    "https against a plain server": "https://127.0.0.1:{port}/v1",
}


@pytest.mark.parametrize("fault", UNREACHABLE)
async def test_no_connection_is_no_charge(fault: str, raw_server: StartRaw, connection: Connection) -> None:
    server = await raw_server(plays(b"HTTP/1.1 400 Bad Request\r\n\r\n", close=True))
    main = upstream(server, connection, UNREACHABLE[fault].format(port=server.port))
    opening = main.open("/chat/completions", b"{}")
    with pytest.raises(Refusal) as caught:
        await opening.__aenter__()
    assert isinstance(caught.value, UpstreamUnreachable)
    assert not opening.delivered


async def test_a_body_above_a_mebibyte_is_sent_whole(raw_server: StartRaw, connection: Connection) -> None:
    body = b"x" * (3 << 20)
    server = await raw_server(plays(whole(b"ok")))
    assert await ask(upstream(server, connection), body) == b"ok"
    assert server.requests[0][1].endswith(body)
