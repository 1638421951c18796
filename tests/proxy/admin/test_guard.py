"""Who gets in at the local door: every route there is, asked by everybody who may not."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from typing import Any

import pytest

from bursar.contract.places import Places

KEY = "bk-" + "a" * 40


def routes(app: Any) -> list[tuple[str, str]]:
    """Method and path of every route, as the router has them, with something in each place of a path."""
    return [(route.method, re.sub(r"\{[^}]*\}", "x", route.resource.canonical)) for route in app.router.routes()]


def asked(method: str, path: str, *, host: str = "bursar", more: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: 2\r\n{more}\r\n{{}}".encode()


async def at_socket(places: Places, sent: bytes) -> tuple[int, bytes]:
    """Status and body of the answer at the Unix socket."""
    reader, writer = await asyncio.open_unix_connection(str(places.admin_socket))
    return await _exchange(reader, writer, sent)


async def at_port(port: int, sent: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    return await _exchange(reader, writer, sent)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> tuple[int, bytes]:
    writer.write(sent)
    async with asyncio.timeout(60):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert b"access-control" not in head.lower()
    return int(head.split()[1]), body


async def test_there_are_routes_to_guard(local: Any) -> None:
    assert len(routes(local.app)) >= 9


@pytest.mark.parametrize(
    "presented",
    ["", f"Authorization: Bearer {KEY}", f"x-api-key: {KEY}", "Authorization: Bearer ", "Authorization: Basic TOKEN"],
)
async def test_on_loopback_no_route_opens_without_the_token(local_by_loopback: Any, presented: str) -> None:
    token = json.loads(local_by_loopback.places.admin_token.read_bytes())["token"]
    presented = presented.replace("TOKEN", token)
    port = local_by_loopback.door.ports[0]
    for method, path in [*routes(local_by_loopback.app), ("GET", "/nothing-here")]:
        status, body = await at_port(port, asked(method, path, more=f"{presented}\r\n" if presented else ""))
        assert status == 401, (method, path)
        assert token.encode() not in body


async def test_on_loopback_the_token_opens(local_by_loopback: Any) -> None:
    door = json.loads(local_by_loopback.places.admin_token.read_bytes())
    assert door["url"] == f"http://127.0.0.1:{local_by_loopback.door.ports[0]}"
    more = f"Authorization: Bearer {door['token']}\r\n"
    assert (await at_port(local_by_loopback.door.ports[0], asked("GET", "/status", more=more)))[0] == 200
    wrong = f"Authorization: Bearer {door['token'][:-1]}\r\n"
    assert (await at_port(local_by_loopback.door.ports[0], asked("GET", "/status", more=wrong)))[0] == 401


@pytest.mark.parametrize(
    ("host", "more", "status"),
    [
        ("bursar", "", 200),
        ("localhost", "", 421),
        ("127.0.0.1", "", 421),
        ("bursar.evil.example", "", 421),
        ("bursar:80", "", 421),
        ("bursar@evil.example", "", 421),
        ("", "", 421),
        ("bursar", "Host: evil.example\r\n", 400),
        ("bursar", "X-Forwarded-Host: evil.example\r\n", 421),
        ("bursar", "Origin: http://bursar\r\n", 403),
        ("bursar", "Origin: null\r\n", 403),
        ("bursar", "Sec-Fetch-Site: none\r\n", 403),
        ("bursar", "Sec-Fetch-Site: same-origin\r\n", 403),
        ("bursar", "Content-Encoding: gzip\r\n", 415),
    ],
)
async def test_what_a_browser_could_send_is_refused(local: Any, host: str, more: str, status: int) -> None:
    came, body = await at_socket(local.places, asked("GET", "/status", host=host, more=more))
    assert came == status
    if status != 200:
        problem = json.loads(body)
        assert set(problem) == {"code", "message"}


async def test_a_command_must_be_json(local: Any) -> None:
    for path in ("/stop", "/reload", "/keys"):
        sent = asked("POST", path).replace(b"application/json", b"text/plain")
        assert (await at_socket(local.places, sent))[0] == 415
    assert not local.stopped.is_set()


async def test_what_cannot_be_parsed_is_a_problem_without_its_bytes(local: Any) -> None:
    status, body = await at_socket(local.places, b"GET /status HTTP/1.1\r\nHost: bursar\r\ncanary canary\r\n\r\n")
    assert status == 400
    assert json.loads(body)["code"] == "invalid_request"
    assert b"canary" not in body


KNOCK_AS_NOBODY = """
import json, os, socket, sys
path, requests = sys.argv[1], json.loads(sys.argv[2])
os.setgid(65534); os.setuid(65534)
for request in requests:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        try:
            sock.connect(path)
            sock.sendall(request.encode())
            print(sock.recv(12).decode())
        except OSError as error:
            print(type(error).__name__)
"""


async def knock_as_nobody(places: Places, requests: list[bytes]) -> list[str]:
    """What another user gets for each request."""
    texts = json.dumps([request.decode() for request in requests])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KNOCK_AS_NOBODY, str(places.admin_socket), texts, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    return out.decode().split("\n")[:-1]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become another user")
async def test_another_user_reaches_no_route(local: Any) -> None:
    requests = [asked(method, path) for method, path in routes(local.app)]
    assert set(await knock_as_nobody(local.places, requests)) == {"PermissionError"}


@pytest.mark.skipif(
    not hasattr(socket, "SO_PEERCRED") or os.getuid() != 0, reason="needs peer credentials, and root to become another"
)
async def test_another_user_is_refused_even_where_the_files_would_let_it_in(local: Any) -> None:
    local.places.admin_socket.chmod(0o666)
    for folder in (local.places.runtime_dir, local.places.runtime_dir.parent):
        folder.chmod(0o755)
    requests = [asked(method, path) for method, path in routes(local.app)]
    assert set(await knock_as_nobody(local.places, requests)) == {"HTTP/1.1 403"}
