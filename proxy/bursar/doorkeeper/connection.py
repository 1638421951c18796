"""One connection at a door: aiohttp's own, with limits on what a silent, slow or broken client may take."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import msgspec
from aiohttp import web
from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader

from bursar.domain.refusals import BadRequest, Refusal

logger = logging.getLogger(__name__)

SPARE_CONNECTIONS = 64
"""How many connections beyond the limit are told so; those beyond these are dropped without a word."""

SIGN = {"Server": "bursar"}
"""What an answer says of who gives it: strangers at a public host need not know which libraries of which age."""

Words = Callable[[Refusal], bytes]
"""A refusal as the JSON body in which a door says no where no handler can."""


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """What one connection, and all of them, may take. Times in seconds, sizes in bytes.

    `header_s` is from connecting, or from the first byte of a later request, to a whole header;
    `idle_s` from an answer to the next request; `linger_s` how long the rest of a request that was
    refused is read and thrown away, so that the refusal arrives.
    """

    header_s: float = 10.0
    idle_s: float = 75.0
    linger_s: float = 2.0
    connections: int = 512
    line_bytes: int = 8_190
    field_bytes: int = 16_384
    headers: int = 128


class TooManyConnections(Refusal):
    """The door has all the connections it takes."""

    status, code, type, may_retry = 503, "too_many_connections", "api_error", True


def openai_error(refusal: Refusal) -> bytes:
    """A refusal as OpenAI's error object."""
    error = {"message": refusal.message, "type": refusal.type, "param": refusal.param, "code": refusal.code}
    return msgspec.json.encode({"error": error})


class Connection(web.RequestHandler):
    """A connection that is closed when it is silent, slow or not understood.

    `crowd` holds all the connections of the door; this one is in it while it is open.
    """

    __slots__ = ("_body", "_crowd", "_deaf", "_header_due", "_limits", "_retiring", "_timer", "_words")

    def __init__(self, server: web.Server, crowd: set["Connection"], limits: DoorLimits, words: Words) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=limits.idle_s,
            logger=logger,
            access_log=cast(logging.Logger, None),
            max_line_size=limits.line_bytes,
            max_field_size=limits.field_bytes,
            max_headers=limits.headers,
            lingering_time=limits.linger_s,
            auto_decompress=False,
        )
        self._crowd, self._limits, self._words = crowd, limits, words
        self._body: StreamReader | None = None  # of the request being answered
        self._deaf = False  # whatever else arrives is thrown away
        self._retiring = False
        self._header_due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, body: StreamReader) -> None:
        """A whole header has arrived and its request is being answered."""
        self._header_due = None
        self._body = body

    @property
    def coming(self) -> bool:
        """Whether a header is awaited: the first since connecting, or the rest of one."""
        return self._header_due is not None

    @property
    def retiring(self) -> bool:
        """Whether the answer under way is its last, and has to say so."""
        return self._retiring

    def retire(self, *, coming: bool = False) -> None:
        """Answer what has begun, then close; what has not begun is not answered, unless `coming` and it may be coming.

        Called before the connection is made, it means that there will be one answer at most.
        """
        self._retiring = True
        made = self.transport is not None
        if made and self._body is None and not (coming and self.coming):
            self.force_close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        others = len(self._crowd)
        self._crowd.add(self)
        if others < self._limits.connections:
            super().connection_made(transport)
            self._await_header()
            return
        self._deaf = True
        stream = cast(asyncio.Transport, transport)
        if others >= self._limits.connections + SPARE_CONNECTIONS:
            stream.abort()
            return
        stream.write(_whole(TooManyConnections("too many connections are open; close some"), self._words))
        _say_no_more(stream)
        self._timer = self._loop.call_later(self._limits.linger_s, stream.abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._crowd.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        super().data_received(data)
        if self._body is not None:
            # A body that cannot be parsed only queues an error behind the handler that waits for it.
            if self._messages and not isinstance(self._messages[-1][0], RawRequestMessage) and not self._body.is_eof():
                self._body.set_exception(web.RequestPayloadError("not well-formed"))
        elif data and self._header_due is None:
            self._await_header()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what could not be parsed, or to a bug that no handler of the door's own caught.

        aiohttp's text quotes the line it could not parse, which may hold a key: it is neither
        answered nor logged. Raises ConnectionResetError where an answer has begun.
        """
        if status == HTTPStatus.BAD_REQUEST:
            self._header_due = None
            self._deaf = True
            refusal: Refusal = BadRequest("the request is not well-formed HTTP/1.1")
        else:
            logger.error("a request failed in a way that was not foreseen", exc_info=exc)
            refusal = Refusal("the proxy failed; its log says why")
        if request.writer.output_size > 0:
            raise ConnectionResetError("an answer has begun and cannot be replaced")
        body = self._words(refusal)
        response = web.Response(status=refusal.status, body=body, headers=SIGN, content_type="application/json")
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Sends what is left of the answer; after one to unparsable bytes, waits until it has been read."""
        if self._retiring:
            resp.force_close()
        try:
            finished = await super().finish_response(request, resp, start_time)
            if self._deaf and self.transport is not None:
                # Closing while unread bytes wait would reset the connection and take the answer with it.
                _say_no_more(self.transport)
                await asyncio.sleep(self._limits.linger_s)
            return finished
        finally:
            self._body = None

    def _await_header(self) -> None:
        self._header_due = self._loop.time() + self._limits.header_s
        if self._timer is None:
            self._timer = self._loop.call_at(self._header_due, self._check_header)

    def _check_header(self) -> None:
        """One timer serves all headers of a connection: it looks again where it has rung too early."""
        self._timer = None
        if self._header_due is None:
            return
        if self._loop.time() < self._header_due:
            self._timer = self._loop.call_at(self._header_due, self._check_header)
        else:
            self.force_close()


def _say_no_more(transport: asyncio.Transport) -> None:
    if transport.can_write_eof():
        transport.write_eof()


def _whole(refusal: Refusal, words: Words) -> bytes:
    """A refusal as a complete HTTP/1.1 answer."""
    body = words(refusal)
    head = (
        f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
