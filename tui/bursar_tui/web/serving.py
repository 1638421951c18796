"""Serving: the page, its files and its WebSocket on loopback; each tab gets an interface of its own."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import cast

from aiohttp import WSCloseCode, WSMsgType, web

from bursar_tui.web.admission import PROTOCOL, host_of, is_ours, knows, navigates
from bursar_tui.web.connection import HEADER_S, Connection
from bursar_tui.web.session import Drawn, Session, started
from bursar_tui.web.told import Opens, Resizes, Shows, size_of, told

MOST_TABS = 8
OPENING_S = 5.0
ROOM_S = 0.5
"""How long a tab waits for another one's place: one that is loaded again comes before its process has ended."""

HIDDEN_S = 600.0
"""A tab that nobody looks at ends after so long; its page starts afresh when it is looked at again."""

IDLE_S = 12 * 3600.0
"""And one in view, when nobody has touched it for so long."""

_LARGEST_MESSAGE = 64 * 1024
_HEARTBEAT_S = 20.0
_SHUTDOWN_S = 8.0

LEFT, IDLE, FAULT, FULL, STRANGE = 4000, 4001, 4002, 4003, 4004
"""Why a WebSocket was closed; `page/terminal.js` has the sentences."""

_HTML, _JS, _CSS = "text/html", "text/javascript", "text/css"
FILES = {
    "/": ("index.html", _HTML),
    "/terminal.js": ("terminal.js", _JS),
    "/terminal.css": ("terminal.css", _CSS),
    "/xterm.js": ("xterm/xterm.js", _JS),
    "/xterm.css": ("xterm/xterm.css", _CSS),
    "/addon-fit.js": ("xterm/addon-fit.js", _JS),
}

_POLICY = (
    "default-src 'none'; script-src 'self'; img-src data:; connect-src 'self' ws://{host}; "
    # xterm.js writes the measures and colours of its cells into style elements.
    "style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)


def closed_headers(host: str) -> dict[str, str]:
    """What every answer says to the browser: nothing from outside, nothing framed, nothing kept."""
    return {
        "Content-Security-Policy": _POLICY.format(host=host),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Server": "bursar",
    }


@web.middleware
async def guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what does not ask for this machine by name, and every page but ours."""
    host = host_of(request.headers.getall("Host", ()))
    if (
        host is None
        or not request.raw_path.startswith("/")
        or not is_ours(request.headers.getall("Origin", ()), host, required=False)
        or not navigates(request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Sec-Fetch-Mode", ""))
    ):
        return web.Response(status=403, text="Not from here.\n", headers=closed_headers("127.0.0.1"))
    try:
        answer = await handler(request)
    except web.HTTPException as error:
        error.headers.update(closed_headers(host))
        raise
    if not answer.prepared:
        answer.headers.update(closed_headers(host))
    return answer


@dataclass(frozen=True, slots=True)
class Limits:
    """How many tabs there may be, and how long each may be left alone, in seconds."""

    tabs: int = MOST_TABS
    hidden_s: float = HIDDEN_S
    idle_s: float = IDLE_S
    opening_s: float = OPENING_S
    header_s: float = HEADER_S


class Tabs:
    """The tabs that are open, each with its interface: `command`, with its theme added where it has none."""

    def __init__(self, command: Sequence[str], token: str, limits: Limits, *, themed: bool) -> None:
        self._command = tuple(command)
        self._token = token
        self._limits = limits
        self._themed = themed
        self._open: set[web.WebSocketResponse] = set()
        self._places = asyncio.Semaphore(limits.tabs)

    def app(self) -> web.Application:
        """What is served."""
        app = web.Application(middlewares=[guarded])
        for path in FILES:
            app.router.add_get(path, self._file)
        app.router.add_get("/watch", self._watch)
        app.on_shutdown.append(self._close)
        return app

    async def _file(self, request: web.Request) -> web.Response:
        name, kind = FILES[request.path]
        folder = resources.files("bursar_tui.web") / "page"
        return web.Response(body=folder.joinpath(*name.split("/")).read_bytes(), content_type=kind, charset="utf-8")

    async def _close(self, app: web.Application) -> None:
        del app
        for socket in tuple(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        """One tab, from its opening to its end."""
        host = host_of(request.headers.getall("Host", ())) or ""
        ours = is_ours(request.headers.getall("Origin", ()), host, required=True)
        if not ours or not knows(request.headers.getall("Sec-WebSocket-Protocol", ()), self._token):
            raise web.HTTPForbidden(text="Open the address that `bursar watch --web` printed.\n")
        socket = web.WebSocketResponse(
            protocols=(PROTOCOL,), heartbeat=_HEARTBEAT_S, max_msg_size=_LARGEST_MESSAGE, compress=False
        )
        await socket.prepare(request)
        try:
            async with asyncio.timeout(ROOM_S):
                await self._places.acquire()
        except TimeoutError:
            await socket.close(code=FULL)
            return socket
        self._open.add(socket)
        try:
            await self._play(socket)
        finally:
            self._open.discard(socket)
            self._places.release()
        return socket

    async def _play(self, socket: web.WebSocketResponse) -> None:
        try:
            opened = told(await socket.receive_str(timeout=self._limits.opening_s))
        except (TimeoutError, TypeError, ValueError):
            opened = None
        if not isinstance(opened, Opens):
            await socket.close(code=STRANGE)
            return
        async with started(self._dressed(opened), size_of(opened), os.environ) as session:
            async with asyncio.TaskGroup() as tasks:
                showing = tasks.create_task(_show(session, socket))
                code = await self._listen(session, socket)
                showing.cancel()
            await socket.close(code=code)

    def _dressed(self, opened: Opens) -> tuple[str, ...]:
        """The command, with the theme of the browser where the user chose none."""
        return self._command if self._themed else (*self._command, "--theme", "dark" if opened.dark else "light")

    async def _listen(self, session: Session, socket: web.WebSocketResponse) -> int:
        """Hand over what is typed until the tab ends or is left alone for too long; the code to close it with."""
        now_s = asyncio.get_running_loop().time
        patience_s = self._limits.idle_s
        try:
            async with asyncio.timeout(patience_s) as left_alone:
                async for message in socket:
                    if message.type is WSMsgType.BINARY:
                        await session.type(message.data)
                    elif message.type is WSMsgType.TEXT:
                        said = told(message.data)
                        if isinstance(said, Resizes):
                            await session.resize(size_of(said))
                        elif isinstance(said, Shows):
                            patience_s = self._limits.idle_s if said.visible else self._limits.hidden_s
                        else:
                            return STRANGE
                    left_alone.reschedule(now_s() + patience_s)
        except TimeoutError:
            return IDLE
        except ValueError:
            return STRANGE
        return LEFT


async def _show(session: Session, socket: web.WebSocketResponse) -> None:
    """Hand over what is drawn until the interface ends, and close the tab."""
    try:
        async for packet in session.packets():
            if isinstance(packet, Drawn):
                await socket.send_bytes(packet.data)
            else:
                await socket.send_str(packet.url)
        await socket.close(code=LEFT if await session.ended_well() else FAULT)
    except ConnectionError:
        return


async def serve(
    command: Sequence[str], port: int, ready: Callable[[str], None], limits: Limits, *, themed: bool = False
) -> None:
    """Serve until cancelled; `ready` is told the address, which has the token behind its `#`, where no server sees it.

    `command` is the interface of a tab; `themed` says that it names its theme. Raises OSError where the port is taken.
    """
    token = secrets.token_urlsafe(32)
    runner = web.AppRunner(
        Tabs(command, token, limits, themed=themed).app(), access_log=None, shutdown_timeout=_SHUTDOWN_S
    )
    await runner.setup()
    server, crowd = cast(web.Server, runner.server), dict[Connection, None]()
    try:
        listening = await asyncio.get_running_loop().create_server(
            lambda: Connection(server, crowd, limits.header_s), "127.0.0.1", port
        )
        try:
            ready(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/#{token}")
            await asyncio.Event().wait()
        finally:
            listening.close()
    finally:
        await runner.cleanup()
