"""AdminClient against whatever may listen at the local door: nobody, the dead, the silent, the broken, the foreign."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from fakes.turned import turned

from bursar.contract.client import AdminClient, ClientLimits, NoAnswer, NotRunning, Refused
from bursar.contract.codec import CONTRACT, Mismatch, Numbered, Opening, encode
from bursar.contract.commands import IssueKey
from bursar.contract.events import KeyRevoked, Stopping
from bursar.contract.places import Places
from bursar.contract.questions import running
from bursar.contract.snapshot import Snapshot

PATIENT = ClientLimits(answer_s=60, silence_s=60)
SOON_ENDED = ClientLimits(answer_s=60, silence_s=1)
SHORT = ClientLimits(answer_s=0.3, silence_s=0.3)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

Play = Callable[..., Awaitable[list[bytes]]]


@pytest.fixture
def places() -> Iterator[Places]:
    with TemporaryDirectory(prefix="bursar-") as folder:
        root = Path(folder)
        (root / "run").mkdir()
        yield Places(root / "config.toml", root / "data", root / "run", root / "log")


@pytest.fixture
async def play(places: Places) -> AsyncIterator[Play]:
    """Listens at the admin socket and answers each request with the same pieces, one after the other.

    Hangs up only where the pieces say so. Gives the list to which the heads of requests are added.
    """
    servers: list[asyncio.Server] = []
    playing: list[asyncio.Task[None]] = []
    leaving = asyncio.Event()

    async def listening(*answer: bytes) -> list[bytes]:
        heads: list[bytes] = []

        async def play_it(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            playing.append(cast("asyncio.Task[None]", asyncio.current_task()))
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            for piece in answer:
                writer.write(piece)
                await asyncio.sleep(0.02)
            if b"Connection: close" not in b"".join(answer):
                await leaving.wait()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

        servers.append(await asyncio.start_unix_server(play_it, str(places.admin_socket)))
        return heads

    yield listening
    leaving.set()
    for server in servers:
        server.close()
    await asyncio.gather(*playing)


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def opening(contract: int = CONTRACT) -> bytes:
    return encode(Opening(contract, "run", 0, Snapshot("run", "0.1.0", 1, "http://127.0.0.1:4141/v1", 1))) + b"\n"


async def test_without_a_socket_nothing_runs(places: Places) -> None:
    assert not running(places)
    with pytest.raises(NotRunning, match="bursar serve"):
        async with AdminClient(places):
            pass


async def test_a_socket_that_a_dead_process_left_is_nothing_that_runs(places: Places) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(str(places.admin_socket))
    assert not running(places)
    async with AdminClient(places, PATIENT) as client:
        with pytest.raises(NotRunning, match="bursar serve"):
            await client.status()
        with pytest.raises(NotRunning):
            await anext(client.watch())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"{}",
        b'{"url": "http://127.0.0.1:1"}',
        b'{"url": "http://evil.example:80", "token": "t"}',
        b'{"url": "http://127.0.0.1:99999", "token": "t"}',
        b'{"url": "", "token": "t"}',
    ],
)
async def test_a_file_that_leads_nowhere_is_nothing_that_runs(places: Places, content: bytes) -> None:
    places.admin_token.write_bytes(content)
    assert not running(places)
    with pytest.raises(NotRunning):
        async with AdminClient(places, PATIENT) as client:
            await client.status()


async def test_a_token_is_not_sent_where_nobody_listens(places: Places) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    places.admin_token.write_text(json.dumps({"url": f"http://127.0.0.1:{port}", "token": "t"}))
    async with AdminClient(places, PATIENT) as client:
        with pytest.raises(NotRunning):
            await client.status()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="silence"),
        pytest.param(HEAD, id="a head and silence"),
        pytest.param(HEAD + chunk(b'{"half"'), id="half an answer"),
        pytest.param(HEAD + b"zz\r\nbroken", id="no chunk size"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99\r\n\r\n{}", id="cut short"),
        pytest.param(b"Connection: close\r\n\r\n", id="no HTTP"),
    ],
)
async def test_what_does_not_answer_properly_is_given_up_in_time(places: Places, play: Play, answer: bytes) -> None:
    await play(answer)
    # Who listens there never hangs up.
    async with asyncio.timeout(60), AdminClient(places, SHORT) as client:
        with pytest.raises(NoAnswer, match="does not answer"):
            await client.status()


async def test_a_no_is_the_proxys_own(places: Places, play: Play) -> None:
    await play(b'HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n{"code": "key_exists", "message": "there is one"}')
    async with AdminClient(places, PATIENT) as client:
        with pytest.raises(Refused, match="there is one") as raised:
            await client.issue_key(IssueKey("laptop"))
    assert (raised.value.problem.code, raised.value.status) == ("key_exists", 409)


@pytest.mark.parametrize("status", [b"302 Found\r\nLocation: http://evil.example/", b"502 Bad Gateway", b"200 OK"])
async def test_an_answer_of_somebody_else_is_no_answer_of_the_proxy(places: Places, play: Play, status: bytes) -> None:
    heads = await play(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\n\r\n<html>")
    async with AdminClient(places, PATIENT) as client:
        with pytest.raises((Refused, Mismatch)):
            await client.status()
    assert len(heads) == 1


async def test_an_answer_of_another_shape_is_a_mismatch(places: Places, play: Play) -> None:
    await play(HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + chunk(b'{"version": 7}') + b"0\r\n\r\n")
    async with AdminClient(places, PATIENT) as client:
        with pytest.raises(Mismatch, match="same version"):
            await client.status()


async def test_every_request_is_for_bursar_and_json(places: Places, play: Play) -> None:
    heads = await play(b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    async with AdminClient(places, PATIENT) as client:
        await client.stop()
        await client.revoke_key("a/b ?c")
    assert [head.split(b" HTTP")[0] for head in heads] == [b"POST /stop", b"DELETE /keys/a%2Fb%20%3Fc"]
    for head in heads:
        assert b"\r\nHost: bursar\r\n" in head
        assert b"\r\nContent-Type: application/json\r\n" in head


async def test_a_watch_gives_what_came_and_ends_where_silence_begins(
    places: Places, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = turned(monkeypatch)
    first, second = encode(Numbered(1, KeyRevoked(1, "a"))), encode(Numbered(2, Stopping(2)))
    await play(
        HEAD + chunk(opening()[:100]),
        chunk(opening()[100:] + b"\n\n" + first[:5]),
        chunk(first[5:] + b"\n" + second + b"\n" + b'{"half'),
    )
    async with AdminClient(places, PATIENT) as client:
        watch = client.watch()
        assert isinstance(await anext(watch), Opening)
        assert [await anext(watch), await anext(watch)] == [
            Numbered(1, KeyRevoked(1, "a")),
            Numbered(2, Stopping(2)),
        ]
        rest = asyncio.ensure_future(anext(watch, None))
        await turn(PATIENT.silence_s - 1)
        assert not rest.done()
        await turn(2)
        assert rest.done()
        assert rest.result() is None


@pytest.mark.parametrize("end", [b"0\r\n\r\n", b"zz\r\n", b""])
async def test_a_watch_ends_quietly_however_the_stream_does(places: Places, play: Play, end: bytes) -> None:
    await play(HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + chunk(opening()), end)
    async with AdminClient(places, SOON_ENDED) as client:
        assert len([each async for each in client.watch()]) == 1


async def test_empty_lines_keep_a_watch_alive(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = turned(monkeypatch)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + chunk(opening()))
        for _ in range(8):
            await turn(PATIENT.silence_s / 3)
            writer.write(chunk(b"\n"))
        writer.write(chunk(encode(Numbered(1, Stopping(1))) + b"\n") + b"0\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_unix_server(answer, str(places.admin_socket))
    async with AdminClient(places, PATIENT) as client:
        assert [each async for each in client.watch()][1:] == [Numbered(1, Stopping(1))]
    server.close()


async def test_a_snapshot_larger_than_any_buffer_is_read(places: Places, play: Play) -> None:
    snapshot = Snapshot("run", "0.1.0", 1, "x" * 3_000_000, 1)
    line = encode(Opening(CONTRACT, "run", 0, snapshot)) + b"\n"
    await play(HEAD + chunk(line))
    async with AdminClient(places, PATIENT) as client, aclosing(client.watch()) as watch:
        first = await anext(watch)
    assert isinstance(first, Opening)
    assert first.snapshot == snapshot


async def test_another_contract_is_one_sentence(places: Places, play: Play) -> None:
    await play(HEAD + chunk(b'{"contract": 99, "everything": "else", "differs": true}\n'))
    async with AdminClient(places, PATIENT) as client:
        with pytest.raises(Mismatch, match=f"contract 99, this program {CONTRACT}"):
            await anext(client.watch())


async def test_resuming_names_run_and_number(places: Places, play: Play) -> None:
    heads = await play(HEAD + chunk(encode(Opening(CONTRACT, "run-1", 7)) + b"\n"))
    async with AdminClient(places, SOON_ENDED) as client:
        assert [each async for each in client.watch(("run-1", 7))] == [Opening(CONTRACT, "run-1", 7)]
    assert heads[0].startswith(b"GET /watch?since=run-1:7 HTTP/1.1\r\n")
