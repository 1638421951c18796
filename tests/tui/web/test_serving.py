"""Serving: who is let in, how many, for how long; over real sockets, with a small program in the interface's place."""

import asyncio
import hashlib
import importlib.util
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from bursar_tui.web.admission import PROTOCOL
from bursar_tui.web.connection import MOST
from bursar_tui.web.serving import FILES, FULL, IDLE, LEFT, STRANGE, Limits, serve

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "tui" / "bursar_tui" / "web" / "page"

# Speaks the packets of Textual's web driver: says its size and arguments, gives back what is typed, leaves at a "q".
ECHO = r"""
import json, os, sys
give = lambda kind, data: os.write(1, kind + len(data).to_bytes(4, "big") + data)
os.write(1, b"__GANGLION__\n")
give(b"D", (os.environ["COLUMNS"] + "x" + os.environ["ROWS"] + " " + " ".join(sys.argv[1:])).encode())
while head := sys.stdin.buffer.read(5):
    data = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
    if data == b"q":
        give(b"M", b'{"type":"exit"}')
        break
    if data == b"o":
        give(b"M", b'{"type":"open_url","url":"https://example.com/top-up"}')
        give(b"M", b'{"type":"open_url","url":"javascript:alert(1)"}')
    give(b"D", data)
"""
COMMAND = [sys.executable, "-I", "-S", "-c", ECHO]


class Served:
    """What is served, and a client that comes as a browser would."""

    def __init__(self, client: ClientSession, address: str) -> None:
        self.client = client
        self.base, self.token = address.split("/#")

    @asynccontextmanager
    async def tab(self, **headers: str) -> AsyncIterator[ClientWebSocketResponse]:
        """A WebSocket as our own page opens it, but for `headers`."""
        sent = {"Origin": self.base, **headers}
        async with self.client.ws_connect(f"{self.base}/watch", protocols=(PROTOCOL, self.token), headers=sent) as tab:
            yield tab

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ClientWebSocketResponse]:
        """A tab whose interface has drawn its first."""
        async with self.tab() as tab:
            await tab.send_json({"type": "opens", "columns": 100, "rows": 30, "dark": True})
            assert (await tab.receive_bytes()).startswith(b"100x30")
            yield tab


@asynccontextmanager
async def served(limits: Limits | None = None, *, themed: bool = False) -> AsyncIterator[Served]:
    """The page and its WebSocket on a free port."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(60), ClientSession() as client, asyncio.TaskGroup() as tasks:
        task = tasks.create_task(serve(COMMAND, 0, address.set_result, limits or Limits(), themed=themed))
        yield Served(client, await address)
        task.cancel()


async def code_of(tab: ClientWebSocketResponse) -> int | None:
    """With what the other end closes, past everything that it still draws."""
    while (await tab.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
        pass
    return tab.close_code


async def test_what_is_typed_goes_in_and_what_is_drawn_comes_out() -> None:
    async with served() as there, there.opened() as tab:
        assert tab.protocol == PROTOCOL
        await tab.send_bytes(b"abc")
        assert await tab.receive_bytes() == b"abc"
        await tab.send_json({"type": "resizes", "columns": 90, "rows": 20})
        assert await tab.receive_bytes() == b'{"type": "resize", "width": 90, "height": 20}'
        await tab.send_bytes(b"q")
        assert await code_of(tab) == LEFT


async def test_it_takes_on_the_colours_of_the_browser_unless_told_otherwise() -> None:
    async with served() as there, there.tab() as tab:
        await tab.send_json({"type": "opens", "columns": 80, "rows": 24, "dark": False})
        assert await tab.receive_bytes() == b"80x24 --theme light"
    async with served(themed=True) as there, there.tab() as tab:
        await tab.send_json({"type": "opens", "columns": 80, "rows": 24, "dark": False})
        assert await tab.receive_bytes() == b"80x24 "


async def test_only_addresses_of_the_web_are_opened() -> None:
    async with served() as there, there.opened() as tab:
        await tab.send_bytes(b"o")
        assert await tab.receive_str() == "https://example.com/top-up"
        assert await tab.receive_bytes() == b"o"


async def test_pages_of_others_and_names_of_others_are_refused() -> None:
    async with served() as there:
        port = there.base.rpartition(":")[2]
        foreign: list[dict[str, str]] = [
            {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"},
            {"Host": f"evil.example:{port}"},
            {"Origin": "https://evil.example"},
            {"Origin": "http://127.0.0.1:1"},
            {"Origin": "null"},
            {"Origin": ""},
        ]
        for headers in foreign:
            with pytest.raises(WSServerHandshakeError) as refused:
                await there.tab(**headers).__aenter__()
            assert refused.value.status == 403
            if headers.get("Origin") != "" and "Host" in headers:
                async with there.client.get(there.base, headers=headers) as answer:
                    assert answer.status == 403
                    assert there.token not in await answer.text()


async def knocked(there: Served, sent: bytes) -> bytes:
    """All that comes back for these bytes, over a connection of their own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(there.base.rpartition(":")[2]))
    writer.write(sent)
    async with asyncio.timeout(60):
        came = await reader.read()
    writer.close()
    return came


@pytest.mark.parametrize(
    ("line", "more", "status"),
    [
        ("GET / HTTP/1.1", "", 200),
        ("GET http://evil.example/ HTTP/1.1", "", 403),
        ("CONNECT evil.example:443 HTTP/1.1", "", 403),
        ("GET / HTTP/1.1", "Host: evil.example\r\n", 400),
        ("GET / HTTP/1.1", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", 403),
        ("GET / HTTP/1.1", "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n", 403),
        ("GET / HTTP/1.1", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", 200),
        ("POST / HTTP/1.1", "Content-Type: text/plain\r\nContent-Length: 2\r\n", 405),
        ("POST / HTTP/1.1", "Content-Encoding: gzip\r\nContent-Length: 2\r\n", 405),
        (
            "OPTIONS /watch HTTP/1.1",
            "Origin: https://a.example\r\nAccess-Control-Request-Private-Network: true\r\n",
            403,
        ),
        ("GET / HTTP/1.1", "Sec-WebSocket-Protocol canary-token\r\n", 400),
        ("GET /canary\x1b[2J HTTP/1.1", "", 400),
        ("canary", "", 400),
    ],
)
async def test_what_comes_otherwise_is_refused_and_repeated_nowhere(
    capfd: pytest.CaptureFixture[str], line: str, more: str, status: int
) -> None:
    async with served() as there:
        host = f"Host: {there.base.removeprefix('http://')}\r\nConnection: close\r\n"
        came = await knocked(there, f"{line}\r\n{host}{more}\r\n{'{}' if 'Length' in more else ''}".encode())
        assert int(came.split()[1]) == status
        assert b"canary" not in came
        assert b"aiohttp" not in came
        assert b"access-control" not in came.lower()
    said = capfd.readouterr()
    assert said.out + said.err == ""


async def test_whoever_asks_nothing_holds_no_place() -> None:
    async with served(Limits(header_s=0.2)) as there:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(there.base.rpartition(":")[2]))
        writer.write(b"GET / HTTP/1.1\r\nHost: l")
        async with asyncio.timeout(60):
            assert await reader.read() == b""
        writer.close()
    async with served() as there, there.opened() as tab:
        port = int(there.base.rpartition(":")[2])
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST + 20)]
        host = there.base.removeprefix("http://")
        came = await knocked(there, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert came.startswith(b"HTTP/1.1 200 ")
        await tab.send_bytes(b"abc")
        assert await tab.receive_bytes() == b"abc"
        for _, writer in crowd:
            writer.close()


async def test_without_the_token_nothing_opens() -> None:
    async with served() as there:
        for offered in ((), (PROTOCOL,), (PROTOCOL, "guessed"), (there.token,)):
            with pytest.raises(WSServerHandshakeError) as refused:
                await there.client.ws_connect(
                    f"{there.base}/watch", protocols=offered, headers={"Origin": there.base}
                ).__aenter__()
            assert refused.value.status == 403


async def test_no_more_tabs_than_there_may_be() -> None:
    async with served(Limits(tabs=1)) as there:
        async with there.opened() as first:
            async with there.tab() as second:
                assert await code_of(second) == FULL
            await first.send_bytes(b"q")
            assert await code_of(first) == LEFT
        async with there.opened() as third:
            assert not third.closed


async def test_a_tab_that_nobody_looks_at_ends() -> None:
    async with served(Limits(hidden_s=0.05)) as there, there.opened() as tab:
        await tab.send_json({"type": "shows", "visible": False})
        assert await code_of(tab) == IDLE


async def test_a_tab_that_nobody_touches_ends() -> None:
    async with served(Limits(idle_s=0.3)) as there, there.opened() as tab:
        assert await code_of(tab) == IDLE


async def test_a_tab_that_does_not_open_is_closed() -> None:
    async with served(Limits(opening_s=0.05)) as there, there.tab() as tab:
        assert await code_of(tab) == STRANGE


@pytest.mark.parametrize("text", ["{}", "what", '{"type":"shows","visible":true}'])
async def test_a_tab_that_opens_strangely_is_closed(text: str) -> None:
    async with served() as there, there.tab() as tab:
        await tab.send_str(text)
        assert await code_of(tab) == STRANGE


async def test_what_is_said_strangely_or_at_too_great_length_closes_the_tab() -> None:
    async with served() as there:
        async with there.opened() as tab:
            await tab.send_str('{"type":"deliver_chunk_request"}')
            assert await code_of(tab) == STRANGE
        async with there.opened() as tab:
            await tab.send_bytes(b"x" * 70_000)
            assert await code_of(tab) == 1009


async def test_tabs_are_told_when_the_command_ends() -> None:
    async with ClientSession() as client:
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(serve(COMMAND, 0, address.set_result, Limits()))
            async with Served(client, await address).opened() as tab:
                task.cancel()
                assert await code_of(tab) == 1001


async def test_every_answer_is_closed_to_the_outside() -> None:
    async with served() as there:
        for path in (*FILES, "/nowhere", "/watch"):
            async with there.client.get(there.base + path) as answer:
                assert answer.status == {"/nowhere": 404, "/watch": 403}.get(path, 200)
                policy = answer.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; script-src 'self';")
                assert "frame-ancestors 'none'" in policy
                assert answer.headers["X-Frame-Options"] == "DENY"
                assert answer.headers["Cache-Control"] == "no-store"
                assert there.token not in await answer.text()


def test_the_page_names_nothing_outside() -> None:
    for file in (PAGE / "index.html", *PAGE.rglob("*.css"), PAGE / "terminal.js", PAGE / "xterm" / "addon-fit.js"):
        text = re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search(r"""(?:https?:)?//[\w-]+\.|url\(|@import""", text), file


def test_what_is_shipped_is_what_was_published() -> None:
    spec = importlib.util.spec_from_file_location("make_xterm", ROOT / ".ci" / "make_xterm.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (PAGE / "xterm").iterdir()}
    assert found == {name: expected for name, (_, _, expected) in made.FILES.items()}
