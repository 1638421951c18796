"""One connection from a browser: closed when it asks nothing in time; what it says wrongly is repeated nowhere."""

import asyncio
import logging
from http import HTTPStatus
from typing import cast

from aiohttp import web

_log = logging.getLogger(__name__)

MOST = 128
"""Connections at once, of all tabs: each tab has one that stays, and a few while its page loads."""
HEADER_S = 10.0
"""From connecting to a whole header."""
_KEPT_S = 15.0
_LINGER_S = 1.0


class Connection(web.RequestHandler):
    """`crowd` holds all connections there are, the oldest first; this one is in it while it is open."""

    __slots__ = ("_crowd", "_header_s", "_timer")

    def __init__(self, server: web.Server, crowd: dict["Connection", None], header_s: float) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            # A later header has as long as a connection may be idle.
            keepalive_timeout=_KEPT_S,
            lingering_time=_LINGER_S,
            # What cannot be parsed may hold the token, and its traceback would end up in the user's terminal.
            logger=_silence(),
            access_log=cast(logging.Logger, None),
            auto_decompress=False,
        )
        self._crowd, self._header_s = crowd, header_s
        self._timer: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being answered: a file, or a tab for as long as it is open."""
        return self._request_in_progress

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._crowd) >= MOST:
            # Who has come to hold places, and asks nothing, makes room for who may have come to ask.
            idle = next((each for each in self._crowd if not each.busy), None)
            if idle is None:
                cast(asyncio.Transport, transport).abort()
                return
            self._crowd.pop(idle)
            idle.force_close()
        self._crowd[self] = None
        super().connection_made(transport)
        self._timer = self._loop.call_later(self._header_s, self._late)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._crowd.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what is no HTTP, or to a fault of ours: its status in words."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a page or a tab failed by a bug of ours", exc_info=exc)
        response = web.Response(status=status, text=f"{HTTPStatus(status).phrase}.\n")
        response.headers.update({"X-Content-Type-Options": "nosniff", "Server": "bursar"})
        response.force_close()
        return response

    def _late(self) -> None:
        if not self._request_count:
            self.force_close()


def _silence() -> logging.Logger:
    logger = logging.getLogger(f"{__name__}.silence")
    logger.disabled = True
    return logger
