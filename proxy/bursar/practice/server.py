"""The practice server: an upstream that answers like OpenAI, deterministically, and breaks on request.

    async with practice_server() as practice:
        practice.base_url      # http://127.0.0.1:N/v1
        practice.tally         # what it really served

From another process `GET /practice/tally` tells the same (`?idle=1`: once nothing is in flight) and
`POST /practice/reset` starts afresh; neither takes a key.

It listens on loopback alone, keeps no text and logs none.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial

from aiohttp import web

from bursar.domain.clock import Clock, SystemClock
from bursar.practice.dispatch import answer_other_origin, answer_request
from bursar.practice.memo import Counter, Memo
from bursar.practice.state import GRANTED_NANO, Setup, State
from bursar.practice.tally import Tally
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import Vocabularies

HOST = "127.0.0.1"
_SHUTDOWN_S = 0.01
"""How long a handler may take to end by itself when the server closes; then it is cancelled."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A running practice server."""

    base_url: str
    """`http://127.0.0.1:N/v1`."""
    port: int
    tally: Tally
    other_origin_url: str
    """Another origin, to which the redirects point."""
    _state: State

    def reset(self) -> None:
        """As after the start: counts, wallet, and what it remembers of requests."""
        self._state.reset()


@cache
def _own_counter() -> TextCounter:
    """The counter of all practice servers that are given none: a vocabulary takes 80 MB."""
    return TextCounter(Vocabularies())


@asynccontextmanager
async def practice_server(
    port: int = 0,
    *,
    speed: float | None = None,
    keys: Collection[str] | None = None,
    pause_scale: float = 1.0,
    granted_nano: int = GRANTED_NANO,
    counter: Counter | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Practice]:
    """A practice server for as long as the block lasts; nothing of it is left afterwards.

    `port` 0 takes a free one. `speed` is chunks a second for models whose name states no rate (0: as
    fast as they go; None: each as its name says). `keys` are the only ones accepted, or None for any and
    none. `pause_scale` is how long a second of a fault's pauses lasts. `counter` may be one that is
    loaded already. Raises OSError where the port is taken.
    """
    setup = Setup(None if keys is None else frozenset(keys), speed, pause_scale, granted_nano)
    memo = Memo(_own_counter() if counter is None else counter)
    # Loading a vocabulary takes half a second, which the first request is not to wait for.
    await asyncio.to_thread(memo.count, HOST)
    async with AsyncExitStack() as stack:
        aside = stack.enter_context(ThreadPoolExecutor(1, "bursar-practice"))
        state = State(setup, SystemClock() if clock is None else clock, memo, aside)
        other = await stack.enter_async_context(_listening(0, lambda request: answer_other_origin(request, state)))
        state.other_origin_url = f"http://{HOST}:{other}"
        bound = await stack.enter_async_context(_listening(port, lambda request: answer_request(request, state)))
        yield Practice(f"http://{HOST}:{bound}/v1", bound, state.tally, state.other_origin_url, state)


Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def _listening(port: int, answer: Answer) -> AsyncIterator[int]:
    """A listener on loopback with its port; afterwards every connection is cut and every handler is over."""
    connections: set[asyncio.Task[None]] = set()

    async def answer_kept(request: web.BaseRequest) -> web.StreamResponse:
        if request.task not in connections:
            connections.add(request.task)
            request.task.add_done_callback(connections.discard)
        return await answer(request)

    # What aiohttp says of a bad request quotes it, so it says nothing.
    quiet = logging.getLogger(f"{__name__}.http")
    quiet.disabled = True
    # Without handler_cancellation nobody would notice that a client has left.
    server = web.Server(answer_kept, handler_cancellation=True, access_log=None, logger=quiet, auto_decompress=False)
    listener = await asyncio.get_running_loop().create_server(server, HOST, port)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        transports = [connection.transport for connection in server.connections]
        await server.shutdown(_SHUTDOWN_S)
        # A client that does not read keeps a closing transport open.
        for transport in transports:
            if transport is not None:
                transport.abort()
        if connections:
            await asyncio.wait(connections)
        await listener.wait_closed()


async def serve_forever(
    port: int = 0, *, speed: float | None = None, announce: Callable[[str], None] | None = None
) -> None:
    """What `bursar practice` runs: says `listening on http://127.0.0.1:N/v1` and serves, till SIGTERM or SIGINT
    (where the platform hands them to a loop) or cancellation. `announce` is print, flushed, where none is given.
    Raises OSError where the port is taken.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        practice = await stack.enter_async_context(practice_server(port, speed=speed))
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, stopped.set)
                stack.callback(loop.remove_signal_handler, number)
        if announce is None:
            announce = partial(print, flush=True)
        announce(f"listening on {practice.base_url}")
        await stopped.wait()
