"""A door: an aiohttp application behind listening sockets, with the limits of `connection.py`, closed in good order."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import cast

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.http import RawRequestMessage

from bursar.domain.refusals import BadRequest
from bursar.doorkeeper.connection import Connection, Crowd, DoorLimits, Handler, Words, openai_error
from bursar.doorkeeper.listen import BACKLOG
from bursar.doorkeeper.whole_answer import SIGN

_ENDING_S = 0.05
"""How long aiohttp waits, twice, for what still runs when no handler should."""
_UNDOING_S = 10.0
"""How long a cancelled handler may take to undo what it began."""
_COMING_S = 0.5
"""How long somebody who has connected may still take to ask, once the door closes."""
_LOOK_S = 0.01
_AF_UNIX = getattr(socket, "AF_UNIX", None)


class Door:
    """An open door. Made by `open_door`."""

    def __init__(
        self, app: web.Application, sockets: Sequence[socket.socket], limits: DoorLimits, words: Words
    ) -> None:
        app.on_response_prepare.append(_sign)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=_ENDING_S, auto_decompress=False
        )
        self._sockets = tuple(sockets)
        self._limits = limits
        self._words = words
        self._app = app
        self._search = cast(Handler, app._handle)
        self._crowd = Crowd()
        self._routes: dict[tuple[str, str], tuple[web.UrlMappingMatchInfo, Handler]] = {}
        self._closing = self._hurried = False
        self._patience: asyncio.Timeout | None = None
        self._listening: list[asyncio.Server] = []
        self.ports: tuple[int, ...] = tuple(
            each.getsockname()[1] for each in sockets if each.family in (socket.AF_INET, socket.AF_INET6)
        )
        """The port of each address, in the order of the sockets; none for a Unix socket."""
        self._paths = [
            (path, path.stat().st_ino)
            for path in (Path(each.getsockname()) for each in sockets if each.family == _AF_UNIX)
        ]

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._crowd.open)

    @property
    def running(self) -> int:
        """How many requests are being answered."""
        return len(self._crowd.answering)

    async def start(self) -> None:
        """Let clients in. Called once, by `open_door`."""
        await self._runner.setup()
        server = self._runner.server
        if server is None:
            raise RuntimeError("the application did not start")
        self._routes = _fixed_routes(self._app)

        def connection() -> Connection:
            made = Connection(server, self._crowd, self._limits, self._words, self._choose)
            if self._closing:
                made.retire(coming=True)
            return made

        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            self._listening.append(await loop.create_server(connection, sock=sock, backlog=BACKLOG))

    async def close(self, grace_s: float) -> None:
        """Take no more connections, give running requests `grace_s` seconds, cancel the rest and wait for them.

        Whoever has connected is answered, if the request comes within a moment.
        """
        ends_s = asyncio.get_running_loop().time() + grace_s
        self._closing = True
        await _let_in()
        for listening in self._listening:
            listening.close()
        for sock in self._sockets:
            sock.close()
        for path, inode in self._paths:
            with suppress(FileNotFoundError):
                # A path that another process has taken over since is its own.
                if path.stat().st_ino == inode:
                    path.unlink()
        await _let_in()
        for connection in tuple(self._crowd.open):
            connection.retire(coming=True)
        await self._until_nobody_comes(min(grace_s, _COMING_S))
        for connection in tuple(self._crowd.open):
            connection.retire()
        if not self._hurried:
            await self._until_quiet(ends_s - asyncio.get_running_loop().time())
        # Once each: aiohttp would cancel a second time when the connection goes, in the midst of their undoing.
        for connection in tuple(self._crowd.answering):
            connection.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_UNDOING_S):
                await self._crowd.until_quiet()
        await self._runner.cleanup()

    def hurry(self) -> None:
        """Give running requests no more time, whether the door closes already or will."""
        self._hurried = True
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time())

    async def _until_quiet(self, time_s: float) -> None:
        """Wait until nothing runs, for so long, and no longer once somebody hurries."""
        with suppress(TimeoutError):
            async with asyncio.timeout(time_s) as self._patience:
                await self._crowd.until_quiet()
        self._patience = None

    async def _until_nobody_comes(self, time_s: float) -> None:
        for _ in range(round(time_s / _LOOK_S)):
            if self._hurried or not any(each.coming for each in self._crowd.open):
                return
            await asyncio.sleep(_LOOK_S)

    def _choose(self, request: web.BaseRequest, message: RawRequestMessage) -> Handler:
        """Who answers a request.

        A path that is fixed is found by one look, and led to its handler as the application would lead it there,
        through the same middlewares; what is not found so, the application looks for itself.
        """
        if message.version > HttpVersion11:
            return partial(self._refuse, status=505, sentence="this is HTTP/1.1 and no later version")
        expected = message.headers.get(hdrs.EXPECT)
        if expected is not None and expected.lower() != "100-continue":
            # aiohttp's own answer repeats the header.
            return partial(self._refuse, status=417, sentence="no Expect but 100-continue is understood")
        found = self._routes.get((message.method, message.path)) if expected is None else None
        if found is None:
            return self._search
        request._match_info, handler = found  # type: ignore[attr-defined]  # an application's requests have one
        return handler

    async def _refuse(self, request: web.BaseRequest, *, status: int, sentence: str) -> web.StreamResponse:
        return self._no(status, sentence)

    def _no(self, status: int, sentence: str) -> web.Response:
        """An answer to what no handler gets to see."""
        body = self._words(BadRequest(sentence))
        response = web.Response(status=status, body=body, headers=SIGN, content_type="application/json")
        response.force_close()
        return response


def _fixed_routes(app: web.Application) -> dict[tuple[str, str], tuple[web.UrlMappingMatchInfo, Handler]]:
    """Where requests for the paths without a variable part are led, by method and path."""
    found: dict[tuple[str, str], tuple[web.UrlMappingMatchInfo, Handler]] = {}
    for resource in app.router.resources():
        if not isinstance(resource, web.PlainResource):
            continue
        for route in resource:
            info = web.UrlMappingMatchInfo({}, route)
            info.add_app(app)
            info.freeze()
            handler = route.handler
            for middleware in reversed(app.middlewares):
                handler = partial(middleware, handler=handler)
            found.setdefault((route.method, resource.canonical), (info, cast(Handler, handler)))
    return found


async def _sign(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(SIGN)


async def _let_in() -> None:
    """Let the event loop take what the kernel has already: whoever has connected, and what they have asked."""
    for _ in range(3):
        await asyncio.sleep(0)


async def open_door(
    app: web.Application,
    sockets: Sequence[socket.socket],
    *,
    limits: DoorLimits | None = None,
    words: Words = openai_error,
) -> Door:
    """Open `app` at `sockets` (of `listen_on`, `listen_at`, or handed over by the service manager).

    A handler is cancelled when its client leaves; bodies are never inflated; nothing is logged
    of a request. `words` says no where no handler of `app` can.
    """
    door = Door(app, sockets, limits or DoorLimits(), words)
    try:
        await door.start()
    except BaseException:
        await door.close(0)
        raise
    return door
