"""One connection and the pool of them: whose bytes are whose, who waits for whom, and what is used again."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fakes.raw_server import Play, RawServer, StartRaw, raw_servers, read_request
from yarl import URL

from bursar.domain.refusals import Refusal, UpstreamBroke
from bursar.upstreams.connection import Connection, Delivery, address
from bursar.upstreams.wire import Response, WireFailed


@pytest.fixture
async def raw_server() -> AsyncIterator[StartRaw]:
    async with raw_servers() as start:
        yield start


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    made = Connection()
    yield made
    await made.close()


def plays(answer: bytes, *, close: bool = False) -> Play:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        if close:
            writer.close()

    return play


def whole(body: bytes, headers: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


async def send(connection: Connection, url: str, body: bytes = b"{}") -> Response:
    to = address("POST", URL(url), {"X-Test": "1"})
    return await connection.send(to, body, upstream="main", connect_s=2, delivery=Delivery())


async def ask(connection: Connection, url: str, body: bytes = b"{}") -> bytes:
    response = await send(connection, url, body)
    try:
        return b"".join([piece async for piece in pieces(response)])
    finally:
        response.close()


async def pieces(response: Response) -> AsyncIterator[bytes]:
    while piece := await response.read():
        yield piece


def connections(server: RawServer) -> list[int]:
    return [number for number, _ in server.requests]


async def test_an_upstream_waits_for_a_reader_that_does_not_read(raw_server: StartRaw, connection: Connection) -> None:
    size, written = 64 << 20, 0

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        if len(server.requests) > 1:
            writer.write(whole(b"two"))
            return
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        while written < size:
            writer.write(b"x" * 65536)
            await writer.drain()
            written += 65536

    server = await raw_server(play)
    response = await send(connection, server.url)
    before = -1
    while before != written:
        before = written
        await asyncio.sleep(0.2)
    assert written < 32 << 20, "what nobody reads stays with the upstream"
    assert sum([len(piece) async for piece in pieces(response)]) == size
    assert await ask(connection, server.url) == b"two"
    assert connections(server) == [0, 0]


async def test_a_kept_connection_that_broke_off_an_answer_is_no_reason_to_ask_again(
    raw_server: StartRaw, connection: Connection
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(b"one") if len(server.requests) == 1 else b"HTTP/1.1 200 OK\r\nContent-")
        await writer.drain()
        if len(server.requests) > 1:
            writer.close()

    server = await raw_server(play)
    assert await ask(connection, server.url) == b"one"
    with pytest.raises(UpstreamBroke):
        await ask(connection, server.url)
    assert len(server.requests) == 2


NOT_KEPT = {
    "http 1.0, ended by closing": (b"HTTP/1.0 200 OK\r\n\r\none", True),
    "no length, ended by closing": (b"HTTP/1.1 200 OK\r\n\r\none", True),
    "asked to close": (whole(b"one", "Connection: close\r\n"), False),
    "more than its length": (whole(b"one") + b"\r\n\r\nHTTP", False),
}


@pytest.mark.parametrize("answer", NOT_KEPT)
async def test_only_an_exact_end_keeps_a_connection(answer: str, raw_server: StartRaw, connection: Connection) -> None:
    played, close = NOT_KEPT[answer]
    server = await raw_server(plays(played, close=close), plays(whole(b"two")))
    assert [await ask(connection, server.url), await ask(connection, server.url)] == [b"one", b"two"]
    assert connections(server) == [0, 1]


REFUSED = {
    "length and transfer coding": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\none",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\none",
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\none",
    "a control character in a header": b"HTTP/1.1 200 OK\r\nX-Y: a\x00b\r\nContent-Length: 3\r\n\r\none",
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 200_000,
    "trailers without end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n"
    + b"X-Y: z\r\n" * 200_000,
}


@pytest.mark.parametrize("answer", REFUSED)
async def test_what_is_ambiguous_or_endless_is_no_answer(
    answer: str, raw_server: StartRaw, connection: Connection
) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(REFUSED[answer])
        await reader.read()

    server = await raw_server(play)
    async with asyncio.timeout(60):
        with pytest.raises((Refusal, WireFailed)):
            await ask(connection, server.url)


async def test_what_came_before_a_break_is_read_first(raw_server: StartRaw, connection: Connection) -> None:
    server = await raw_server(plays(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none", close=True))
    response = await send(connection, server.url)
    assert await response.read() == b"one"
    with pytest.raises(WireFailed):
        await response.read()


async def test_what_is_taken_as_it_comes_wakes_nobody(raw_server: StartRaw, connection: Connection) -> None:
    taken: list[bytes] = []
    more = asyncio.Event()

    def take(piece: bytes) -> bool:
        taken.append(piece)
        more.set()
        return len(taken) != 3

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in b"12345":
            await more.wait()
            more.clear()
            writer.write(b"1\r\n%c\r\n" % piece)
        await more.wait()
        writer.write(b"0\r\n\r\n")

    server = await raw_server(play)
    response = await send(connection, server.url)
    asyncio.get_running_loop().call_soon(more.set)
    assert await response.read(take) == b"3", "what is left is read, and nothing that was taken"
    assert await response.read(take) == b"", "the end is told to the reader alone"
    assert taken == [b"1", b"2", b"3", b"4", b"5"]


async def test_what_taking_raises_is_raised_to_the_reader(raw_server: StartRaw, connection: Connection) -> None:
    def fail(piece: bytes) -> bool:
        raise ZeroDivisionError(piece)

    go = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        await go.wait()
        writer.write(b"one")

    server = await raw_server(play)
    response = await send(connection, server.url)
    asyncio.get_running_loop().call_soon(go.set)
    with pytest.raises(ZeroDivisionError):
        await response.read(fail)
    response.close()


async def test_who_was_called_off_is_offered_nothing_more(raw_server: StartRaw, connection: Connection) -> None:
    offered: list[bytes] = []
    go = asyncio.Event()

    def take(piece: bytes) -> bool:
        offered.append(piece)
        return True

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        await go.wait()
        writer.write(b"one")

    server = await raw_server(play)
    response = await send(connection, server.url)
    reading = asyncio.ensure_future(response.read(take))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    go.set()
    assert await response.read() == b"one"
    assert not offered
    response.close()


async def test_an_answer_that_nobody_reads_on_costs_its_connection(
    raw_server: StartRaw, connection: Connection
) -> None:
    gone = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none")
        await reader.read()
        gone.set()

    server = await raw_server(play, plays(whole(b"two")))
    response = await send(connection, server.url)
    response.close()
    async with asyncio.timeout(60):
        await gone.wait()
    assert await ask(connection, server.url) == b"two"


async def test_who_leaves_while_waiting_takes_the_connection_along(
    raw_server: StartRaw, connection: Connection
) -> None:
    gone = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        gone.set()

    server = await raw_server(play)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ask(connection, server.url)
    async with asyncio.timeout(60):
        await gone.wait()


async def test_what_runs_at_once_has_a_connection_each(raw_server: StartRaw, connection: Connection) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = server.requests[-1][1].rpartition(b"\r\n\r\n")[2]
        await asyncio.sleep(0.05)
        writer.write(whole(body))

    server = await raw_server(echo)
    bodies = [b"%d" % number for number in range(20)]
    assert await asyncio.gather(*(ask(connection, server.url, body) for body in bodies)) == bodies
    assert len(set(connections(server))) == 20


async def test_what_rests_too_long_is_closed(raw_server: StartRaw) -> None:
    gone = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(whole(b"one"))
        await reader.read()
        gone.set()

    server, connection = await raw_server(play, plays(whole(b"two"))), Connection(kept_s=0.1)
    try:
        assert await ask(connection, server.url) == b"one"
        async with asyncio.timeout(60):
            await gone.wait()
        assert await ask(connection, server.url) == b"two"
    finally:
        await connection.close()


def test_a_header_is_one_header() -> None:
    for value in ("a\r\nX-Other: b", "a\nb", "a\0b"):
        with pytest.raises(ValueError, match="header"):
            address("POST", URL("http://127.0.0.1/v1"), {"X-Test": value})
    assert address("GET", URL("http://[::1]:8080/v1/a?b=c#d"), {}).head == (
        b"GET /v1/a?b=c HTTP/1.1\r\nHost: [::1]:8080"
    )


async def test_a_trusted_certificate_is_asked_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    try:
        made = await asyncio.create_subprocess_exec(
            "openssl",
            *command,
            *names,
            "-keyout",
            str(key),
            "-out",
            str(certificate),
            stderr=asyncio.subprocess.DEVNULL,
        )
    except FileNotFoundError:
        pytest.skip("it takes the openssl program to make a certificate")
    assert await made.wait() == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await read_request(reader):
            writer.write(whole(b"one"))
            await writer.drain()
        writer.close()

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server, connection = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context), Connection()
    async with server:
        try:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            assert [await ask(connection, url), await ask(connection, url)] == [b"one", b"one"]
            assert opened == 1
        finally:
            await connection.close()
