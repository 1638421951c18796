"""A door: an aiohttp application behind listening sockets, with the limits of `connection.py`, closed in good order."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from aiohttp import HttpVersion11, web

from bursar.domain.refusals import BadRequest
from bursar.doorkeeper.connection import SIGN, Connection, DoorLimits, Words, openai_error
from bursar.doorkeeper.listen import BACKLOG

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
        self._crowd: set[Connection] = set()
        self._running: set[asyncio.Task[object]] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
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
        return len(self._crowd)

    @property
    def running(self) -> int:
        """How many requests are being answered."""
        return len(self._running)

    async def start(self) -> None:
        """Let clients in. Called once, by `open_door`."""
        await self._runner.setup()
        server = self._runner.server
        if server is None:
            raise RuntimeError("the application did not start")
        server.request_handler = self._counted(server.request_handler)

        def connection() -> Connection:
            made = Connection(server, self._crowd, self._limits, self._words)
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
        for connection in tuple(self._crowd):
            connection.retire(coming=True)
        await self._until_nobody_comes(min(grace_s, _COMING_S))
        for connection in tuple(self._crowd):
            connection.retire()
        if not self._hurried:
            await self._until_quiet(ends_s - asyncio.get_running_loop().time())
        # Once each: aiohttp would cancel a second time when the connection goes, in the midst of their undoing.
        for task in tuple(self._running):
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_UNDOING_S):
                await self._quiet.wait()
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
                await self._quiet.wait()
        self._patience = None

    async def _until_nobody_comes(self, time_s: float) -> None:
        for _ in range(round(time_s / _LOOK_S)):
            if self._hurried or not any(each.coming for each in self._crowd):
                return
            await asyncio.sleep(_LOOK_S)

    def _counted(
        self, answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        async def counted(request: web.BaseRequest) -> web.StreamResponse:
            if isinstance(request.protocol, Connection):
                request.protocol.begin(request.content)
            if request.version > HttpVersion11:
                return self._no(505, "this is HTTP/1.1 and no later version")
            if request.headers.get("Expect", "100-continue").lower() != "100-continue":
                # aiohttp's own answer repeats the header.
                return self._no(417, "no Expect but 100-continue is understood")
            task = cast("asyncio.Task[object]", asyncio.current_task())
            self._running.add(task)
            self._quiet.clear()
            try:
                return await answer(request)
            finally:
                self._running.discard(task)
                if not self._running:
                    self._quiet.set()

        return counted

    def _no(self, status: int, sentence: str) -> web.Response:
        """An answer to what no handler gets to see."""
        body = self._words(BadRequest(sentence))
        response = web.Response(status=status, body=body, headers=SIGN, content_type="application/json")
        response.force_close()
        return response


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
