"""Command: `bursar watch --web` as a user starts it, with the real interface behind each tab, and in a real browser."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse
from tui.doors import local_door
from tui.snapshots import NOW_MS, busy

from bursar.contract.events import ExchangeOpened
from bursar.contract.places import Places
from bursar.feed import Feed
from bursar_tui.web.admission import PROTOCOL
from bursar_tui.web.command import open_in_browser
from bursar_tui.web.serving import LEFT

ROOT = Path(__file__).resolve().parents[3]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--window-size=1200,760",
    "about:blank",
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder whose name is short enough for a socket."""
    with TemporaryDirectory(prefix="bursar-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
async def feed(home: Path) -> AsyncIterator[Feed]:
    """What happens at the proxy of that folder."""
    async with local_door(Places(home / "config.toml", home / "data", home / "run", home / "log"), busy()) as feed:
        yield feed


class Command:
    """The running command, and the address it gave out."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.process = process
        self.address = address
        self.base, self.token = address.split("/#")

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[ClientWebSocketResponse]:
        """A tab, as our page opens it."""
        protocols, headers = (PROTOCOL, self.token), {"Origin": self.base}
        async with (
            ClientSession() as client,
            client.ws_connect(f"{self.base}/watch", protocols=protocols, headers=headers) as tab,
        ):
            await tab.send_json({"type": "opens", "columns": 120, "rows": 30, "dark": True})
            yield tab

    def interfaces(self) -> list[int]:
        """The processes behind the tabs."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        if not children.exists():
            pytest.skip("this system does not say which processes a process has started")
        return [int(each) for each in children.read_text().split()]


@asynccontextmanager
async def command(home: Path) -> AsyncIterator[Command]:
    """`python -m bursar_tui --web`, which has said where it is."""
    paths = os.pathsep.join([str(ROOT / "proxy"), str(ROOT / "tui")])
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": paths, "BURSAR_HOME": str(home), "LANG": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bursar_tui", "--web"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=environ,
    )
    try:
        async with asyncio.timeout(60):
            assert process.stdout is not None
            said = (await process.stdout.readuntil(b"Ctrl-C ends it.\n")).decode()
            found = re.search(r"http://127\.0\.0\.1:\d+/#\S+", said)
            assert found is not None, said
            yield Command(process, found[0])
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def until(tab: ClientWebSocketResponse, wanted: bytes) -> None:
    """Read on until something has been drawn."""
    drawn = b""
    while wanted not in drawn:
        drawn += await tab.receive_bytes()


async def test_the_interface_of_the_terminal_is_in_the_tab(home: Path, feed: Feed) -> None:
    async with command(home) as web, web.tab() as tab:
        await until(tab, b"laptop-day")
        feed.publish(ExchangeOpened(NOW_MS, "new1", "laptop", "", "aider", "newcomer", True, 10))
        await until(tab, b"newcomer")
        await tab.send_bytes(b"4")
        await until(tab, b"autocomplete")
        await tab.send_bytes(b"q")
        while not tab.closed:
            await tab.receive()
        assert tab.close_code == LEFT
        # The terminal is as it was when the command ends too, and the command says nothing else.
        web.process.send_signal(signal.SIGTERM)
        rest, _ = await web.process.communicate()
        assert rest == b""
        assert web.process.returncode == 0


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes by a file descriptor")
async def test_no_interface_outlives_its_tab_or_the_command(home: Path, feed: Feed) -> None:
    async with command(home) as web, AsyncExitStack() as tabs:
        first, second = await tabs.enter_async_context(web.tab()), await tabs.enter_async_context(web.tab())
        await until(first, b"laptop-day")
        await until(second, b"laptop-day")
        ends = [gone(pid) for pid in web.interfaces()]
        assert len(ends) == 2
        await first.close()
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        web.process.kill()
        await asyncio.gather(*ends)


def gone(pid: int) -> "asyncio.Future[None]":
    """Done when the process has ended."""
    descriptor, loop = os.pidfd_open(pid), asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def noticed() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        ended.set_result(None)

    loop.add_reader(descriptor, noticed)
    return ended


def test_no_argument_of_the_browser_has_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def noted(url: str) -> bool:
        told.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", noted)
    with ExitStack() as until_the_end:
        assert open_in_browser("http://127.0.0.1:4000/#secret", until_the_end)
        assert "secret" not in told[0]
        leads = Path(told[0].removeprefix("file://"))
        assert 'location.replace("http://127.0.0.1:4000/#secret")' in leads.read_text("utf-8")
        if os.name == "posix":
            assert leads.stat().st_mode & 0o077 == 0
            assert leads.parent.stat().st_mode & 0o077 == 0
    assert not leads.exists()


class Page:
    """A page of Chromium, spoken to in its debugging protocol."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self.asked: list[str] = []
        self.said: list[str] = []

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command and its result; what happens meanwhile is noted."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while (message := await self._hear()).get("id") != number:
            pass
        assert "error" not in message, message
        return dict(message["result"])

    async def go(self, url: str) -> None:
        """To another page, until it is loaded."""
        await self.call("Page.navigate", url=url)
        while (await self._hear()).get("method") != "Page.loadEventFired":
            pass

    async def _hear(self) -> dict[str, Any]:
        message: dict[str, Any] = await self._socket.receive_json()
        about = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.asked.append(about["request"]["url"])
        elif message.get("method") == "Network.webSocketCreated":
            self.asked.append(about["url"])
        elif message.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
            self.said.append(json.dumps(about))
        return message

    async def press(self, key: str) -> None:
        """One key, down and up."""
        text = {"Enter": "\r"}.get(key, key)
        code = {"Enter": 13}.get(key, ord(key[0].upper()))
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text, windowsVirtualKeyCode=code)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    async def until(self, wanted: str) -> None:
        """Wait until the page shows a text."""
        waits = """new Promise(done => {
            const look = () => document.body.innerText.replaceAll('\\u00a0', ' ').includes(%s)
                ? done(true) : setTimeout(look, 20);
            look();
        })"""
        await self.call("Runtime.evaluate", expression=waits % json.dumps(wanted), awaitPromise=True)


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Page]:
    """A page of a Chromium of its own."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, f"--user-data-dir={folder}", *QUIET, stderr=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stderr is not None
        while b"DevTools listening on" not in (line := await process.stderr.readline()):
            assert line, "Chromium ended"
        devtools = line.decode().split("ws://")[1].split("/")[0]
        async with ClientSession() as client:
            async with client.get(f"http://{devtools}/json/list") as answer:
                pages = [each for each in await answer.json() if each["type"] == "page"]
            async with client.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Network", "Page", "Runtime", "Log"):
                    await page.call(f"{domain}.enable")
                yield page
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
async def test_a_browser_shows_it_and_asks_nobody_else(home: Path, feed: Feed) -> None:
    async with command(home) as web, browser(home / "browser") as page:
        await page.go(web.address)
        await page.until("laptop-day")
        await page.press("4")
        await page.until("autocomplete")
        feed.publish(ExchangeOpened(NOW_MS, "new1", "laptop", "", "aider", "newcomer", True, 10))
        await page.press("1")
        await page.until("newcomer")
        await page.press("q")
        await page.until("Press Enter to open it again")
        await page.press("Enter")
        await page.until("newcomer")
        where = await page.call("Runtime.evaluate", expression="location.href")
        assert where["result"]["value"] == f"{web.base}/"
        host = web.base.removeprefix("http://")
        assert {re.sub(r"^\w+://", "", url).split("/")[0] for url in page.asked if not url.startswith("data:")} == {
            host
        }
        assert any(url.startswith("ws://") for url in page.asked)
        assert not any(web.token in url for url in page.asked)
        assert page.said == []
