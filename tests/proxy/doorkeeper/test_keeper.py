"""The doorkeeper in front of real routes, over raw sockets: who is let in, whatever the method and the path."""

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable

import pytest

from bursar.doorkeeper.door import Door

Knock = Callable[[int, bytes], Awaitable[bytes]]


def request(head: str, body: bytes = b"") -> bytes:
    """A request of these lines that closes its connection; `PORT` is filled in by the caller."""
    lines = [*head.split("\n"), "Connection: close", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET / HTTP/1.1\nHost: 127.0.0.1:PORT", 200),
        ("GET / HTTP/1.1\nHost: localhost:PORT", 200),
        ("GET / HTTP/1.1\nHost: [::1]:PORT", 200),
        ("GET / HTTP/1.1\nHost: localhost", 200),
        ("GET / HTTP/1.1\nHost: public.example", 200),
        ("GET / HTTP/1.0\nHost: localhost", 200),
        ("GET http://localhost:PORT/ HTTP/1.1\nHost: localhost:PORT", 200),
        ("GET / HTTP/1.1\nHost: 127.0.0.1.evil.example:PORT", 421),
        ("GET / HTTP/1.1\nHost: localhost@evil.example", 421),
        ("GET / HTTP/1.1\nHost: evil.example#localhost", 421),
        ("GET / HTTP/1.1\nHost: localhost/evil", 421),
        ("GET / HTTP/1.1\nHost: localhost:1", 421),
        ("GET / HTTP/1.1\nHost: 0.0.0.0:PORT", 421),
        ("GET / HTTP/1.1\nHost:", 421),
        ("GET / HTTP/1.0", 421),
        ("GET / HTTP/1.1", 400),  # RFC 9112, 3.2: these two are malformed
        ("GET / HTTP/1.1\nHost: localhost\nHost: evil.example", 400),
        ("GET http://evil.example/ HTTP/1.1\nHost: localhost", 421),
        ("GET http://localhost@evil.example/ HTTP/1.1\nHost: localhost", 421),
        ("GET / HTTP/1.1\nHost: evil.example\nX-Forwarded-Host: localhost", 421),
        ("GET / HTTP/1.1\nHost: localhost\nX-Forwarded-Host: evil.example", 421),
        ("GET /nothing-here HTTP/1.1\nHost: evil.example", 421),
        ("GET /nothing-here HTTP/1.1\nHost: localhost", 404),
        ("OPTIONS / HTTP/1.1\nHost: evil.example", 421),
        ("OPTIONS * HTTP/1.1\nHost: evil.example", 421),
        ("CONNECT evil.example:443 HTTP/1.1\nHost: localhost", 405),
        ("GET / HTTP/1.1\nHost: localhost\nOrigin: https://evil.example", 403),
        ("GET / HTTP/1.1\nHost: localhost\nOrigin: null", 403),
        ("GET / HTTP/1.1\nHost: localhost\nSec-Fetch-Site: cross-site", 403),
        ("GET / HTTP/1.1\nHost: localhost\nOrigin: http://localhost:PORT\nSec-Fetch-Site: same-origin", 200),
        ("GET / HTTP/1.1\nHost: localhost\nOrigin: app://editor\nSec-Fetch-Site: cross-site", 200),
        ("GET / HTTP/1.1\nHost: localhost\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: x", 200),
        ("GET / HTTP/1.1\nHost: localhost\nExpect: canary", 417),
    ],
)
async def test_who_is_let_in(kept_door: Door, knock: Knock, head: str, status: int) -> None:
    port = kept_door.ports[0]
    came = await knock(port, request(head.replace("PORT", str(port))))
    answer, _, body = came.partition(b"\r\n\r\n")
    assert int(answer.split()[1]) == status
    assert b"evil" not in came
    assert b"canary" not in came
    assert b"access-control" not in answer.lower()
    if status in (400, 403, 417, 421):
        assert json.loads(body)["error"]["message"]


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        ("/body", "application/json", 200),
        ("/body", "text/plain", 415),
        ("/body", "application/x-www-form-urlencoded", 415),
        ("/body", "multipart/form-data; boundary=x", 415),
        ("/body", "", 415),
        ("/form", "multipart/form-data; boundary=x", 200),
        ("/form", "application/json", 415),
        ("/nothing-here", "text/plain", 415),
    ],
)
async def test_each_route_says_what_it_takes(
    kept_door: Door, knock: Knock, path: str, content_type: str, status: int
) -> None:
    typed = f"\nContent-Type: {content_type}" if content_type else ""
    came = await knock(kept_door.ports[0], request(f"POST {path} HTTP/1.1\nHost: localhost{typed}", b"{}"))
    assert int(came.split()[1]) == status


@pytest.mark.parametrize("encoding", ["deflate", "gzip", "br", "identity, deflate"])
async def test_a_compressed_body_is_refused_unread(kept_door: Door, knock: Knock, encoding: str) -> None:
    packed = zlib.compress(b"0" * 10_000_000)
    head = f"POST /body HTTP/1.1\nHost: localhost\nContent-Type: application/json\nContent-Encoding: {encoding}"
    came = await knock(kept_door.ports[0], request(head, packed))
    assert came.startswith(b"HTTP/1.1 415 ")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_over_its_limit_is_refused_with_413(kept_door: Door, knock: Knock, announced: bool) -> None:
    head = "POST /body HTTP/1.1\nHost: localhost\nContent-Type: application/json\nConnection: close"
    if announced:
        sent = head.replace("\n", "\r\n").encode() + b"\r\nContent-Length: 1001\r\n\r\n"
    else:
        sent = head.replace("\n", "\r\n").encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"0" * 1001
    came = await knock(kept_door.ports[0], sent)
    assert came.startswith(b"HTTP/1.1 413 ")


async def test_a_body_in_pieces_arrives_whole(kept_door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", kept_door.ports[0])
    writer.write(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n")
    writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(5):
        writer.write(b"2\r\n{}\r\n")
        await asyncio.sleep(0.01)
    writer.write(b"0\r\n\r\n")
    assert b"10 bytes" in await reader.read()
    writer.close()
    await writer.wait_closed()
