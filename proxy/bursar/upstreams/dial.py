"""Dialer: opens connections to upstreams, by name, over TLS where the address says so."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import aiohappyeyeballs

P = TypeVar("P", bound=asyncio.Protocol)

_REMEMBERED_S = 60.0
_RESOLVERS = 2
_NEXT_ADDRESS_S = 0.25
"""How long one address is waited for before the next is tried beside it (RFC 8305)."""


class Origin(NamedTuple):
    """Where connections lead: what two requests must have in common to share one. `host` is a name or an address."""

    scheme: str
    host: str
    port: int


class Dialer:
    """Opens sockets. Names are looked up in threads of its own: a slow resolver must not keep others from theirs."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, "bursar-resolver")
        self._known: dict[Origin, tuple[float, asyncio.Future[list[Any]]]] = {}
        self._tls: ssl.SSLContext | None = None

    async def dial(self, origin: Origin, make: Callable[[], P]) -> P:
        """A new connection. Raises OSError; for TLS its SSLError, for a name that does not resolve its gaierror."""
        addresses = await self._addresses(origin)
        opened = await aiohappyeyeballs.start_connection(
            addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1, loop=self._loop
        )
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            context, name = (self._context(), origin.host) if origin.scheme == "https" else (None, None)
            _, protocol = await self._loop.create_connection(make, sock=opened, ssl=context, server_hostname=name)
        except BaseException:
            opened.close()
            raise
        return protocol

    def close(self) -> None:
        """Look nothing up any more."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, origin: Origin) -> list[Any]:
        """Where a name leads: asked once for all who want to know, and kept for a minute if there is an answer."""
        now = self._loop.time()
        until, asked = self._known.get(origin, (0.0, None))
        if asked is None or until < now or (asked.done() and (asked.cancelled() or asked.exception() is not None)):
            asked = self._loop.run_in_executor(self._resolvers, _look_up, origin.host, origin.port)
            asked.add_done_callback(_heard)
            self._known[origin] = now + _REMEMBERED_S, asked
        return await asyncio.shield(asked)

    def _context(self) -> ssl.SSLContext:
        """What every TLS connection trusts; reading it takes a while, so only who needs it does."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


def _look_up(host: str, port: int) -> list[Any]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "no host can have this name") from None


def _heard(asked: "asyncio.Future[list[Any]]") -> None:
    """Whoever asked may have gone; then nobody else looks at what came of it."""
    if not asked.cancelled():
        asked.exception()
