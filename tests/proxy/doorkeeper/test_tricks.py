"""Tricks of HTTP/1.1 that make two readers see two requests, over raw sockets: refused, or read as what they are."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bursar.doorkeeper.door import Door

Dial = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
Knock = Callable[[int, bytes], Awaitable[bytes]]

HOST = "Host: localhost"
JSON = "Content-Type: application/json"
CLOSE = "Connection: close"


def asked(line: str, *headers: str, body: str = "") -> bytes:
    return "\r\n".join([line, HOST, CLOSE, *headers, "", body]).encode("latin-1")


POST = "POST /body HTTP/1.1"
CHUNKED = "Transfer-Encoding: chunked"

NOT_HTTP = {
    "two lengths": asked(POST, JSON, "Content-Length: 2", "Content-Length: 2", body="{}"),
    "a list of lengths": asked(POST, JSON, "Content-Length: 2, 2", body="{}"),
    "a length with a sign": asked(POST, JSON, "Content-Length: +2", body="{}"),
    "a negative length": asked(POST, JSON, "Content-Length: -2", body="{}"),
    "a length in hexadecimal": asked(POST, JSON, "Content-Length: 0x2", body="{}"),
    "a length beyond all numbers": asked(POST, JSON, f"Content-Length: {'9' * 40}", body="{}"),
    "both framings": asked(POST, JSON, "Content-Length: 2", CHUNKED, body="2\r\n{}\r\n0\r\n\r\n"),
    "both framings, the other way round": asked(POST, JSON, CHUNKED, "Content-Length: 2", body="2\r\n{}\r\n0\r\n\r\n"),
    "chunked twice": asked(POST, JSON, CHUNKED, CHUNKED, body="2\r\n{}\r\n0\r\n\r\n"),
    "chunked, then nothing of the kind": asked(POST, JSON, "Transfer-Encoding: chunked, identity", body="{}"),
    "almost chunked": asked(POST, JSON, "Transfer-Encoding: xchunked", body="2\r\n{}\r\n0\r\n\r\n"),
    "chunked in HTTP/1.0": asked("POST /body HTTP/1.0", JSON, CHUNKED, "Content-Length: 2", body="{}"),
    "a folded header": asked("GET / HTTP/1.1", "X-A: b\r\n c"),
    "a blank before the colon": asked("GET / HTTP/1.1", "X-A : b"),
    "no name before the colon": asked("GET / HTTP/1.1", ": b"),
    "a NUL in a header": asked("GET / HTTP/1.1", "X-A: b\0c"),
    "a carriage return in a header": asked("GET / HTTP/1.1", "X-A: b\rX-B: c"),
    "line feeds alone": asked("GET / HTTP/1.1").replace(b"\r\n", b"\n"),
    "two types": asked(POST, "Content-Type: text/plain", JSON, "Content-Length: 2", body="{}"),
    "two hosts": asked("GET / HTTP/1.1", "Host: evil.example"),
    "a blank in the target": asked("GET / /x HTTP/1.1"),
    "a name in lower case": asked("GET / http/1.1"),
    "HTTP/2 from the first byte": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@pytest.mark.parametrize("name", NOT_HTTP)
async def test_what_could_be_read_in_two_ways_is_not_read(kept_door: Door, knock: Knock, name: str) -> None:
    came = await knock(kept_door.ports[0], NOT_HTTP[name])
    assert came.split()[1] == b"400"
    assert came.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (asked("GET http://localhost/ HTTP/1.1"), 200),
        (asked("GET http://evil.example/ HTTP/1.1"), 421),
        (asked("GET http://localhost@evil.example/ HTTP/1.1"), 421),
        (asked("GET http://evil.example#localhost/ HTTP/1.1"), 400),
        (asked("GET ftp://localhost/ HTTP/1.1"), 421),
        (asked("GET file:///etc/passwd HTTP/1.1"), 400),
        (asked("GET //evil.example/ HTTP/1.1"), 404),
        (asked("GET /../ HTTP/1.1"), 404),
        (asked("GET /%2e%2e/ HTTP/1.1"), 404),
        (asked("GET /%00 HTTP/1.1"), 404),
        (asked("CONNECT localhost:443 HTTP/1.1"), 405),
        (asked("CONNECT evil.example:443 HTTP/1.1"), 405),
        (asked("TRACE / HTTP/1.1"), 405),
        (asked("BREW / HTTP/1.1"), 400),
        (asked("OPTIONS * HTTP/1.1"), 404),
        (asked("GET / HTTP/2.0"), 505),
        (asked("GET / HTTP/1.1", "Expect: canary"), 417),
        (asked(POST, JSON, "Transfer-Encoding: gzip, chunked", body="0\r\n\r\n"), 415),
        (asked(POST, JSON, "Content-Encoding: identity, gzip", "Content-Length: 2", body="{}"), 415),
    ],
)
async def test_where_a_request_leads_is_told_by_its_target_alone(
    kept_door: Door, knock: Knock, sent: bytes, status: int
) -> None:
    came = await knock(kept_door.ports[0], sent)
    assert int(came.split()[1]) == status
    assert b"canary" not in came


@pytest.mark.parametrize("wanted", ["h2c", "websocket", "TLS/1.2, HTTP/1.1"])
async def test_no_other_protocol_is_changed_to_and_nothing_is_kept_for_one(
    kept_door: Door, dial: Dial, wanted: str
) -> None:
    reader, writer = await dial(kept_door.ports[0])
    upgrade = f"Upgrade: {wanted}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nSec-WebSocket-Version: 13\r\n"
    head = f"GET / HTTP/1.1\r\n{HOST}\r\nConnection: Upgrade, HTTP2-Settings\r\n{upgrade}"
    writer.write(f"{head}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode())
    assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
    # What follows is the next request and no other protocol's.
    writer.write(asked("GET / HTTP/1.1"))
    async with asyncio.timeout(60):
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")


async def test_whichever_way_a_connection_is_answered_no_library_is_named(kept_door: Door, knock: Knock) -> None:
    for sent in (
        asked("GET / HTTP/1.1"),
        asked("GET /nothing HTTP/1.1"),
        asked("GET / HTTP/2.0"),
        asked("GET / HTTP/1.1", "Host: evil.example"),
        asked("GET / HTTP/1.1", "Expect: x"),
        b"nonsense\r\n\r\n",
    ):
        came = await knock(kept_door.ports[0], sent)
        assert b"\r\nServer: bursar\r\n" in came
        assert b"aiohttp" not in came.lower()
        assert b"python" not in came.lower()
