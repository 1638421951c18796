"""One connection at a door: aiohttp's own, with limits on what a silent, slow or broken client may take."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import msgspec
from aiohttp import web
from aiohttp.http import RawRequestMessage, StreamWriter
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import ERROR

from bursar.domain.refusals import BadRequest, Refusal
from bursar.doorkeeper.whole_answer import SIGN, WholeAnswer

logger = logging.getLogger(__name__)

SPARE_CONNECTIONS = 64
"""How many connections beyond the limit are told so; those beyond these are dropped without a word."""

Words = Callable[[Refusal], bytes]
"""A refusal as the JSON body in which a door says no where no handler can."""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

Choose = Callable[[web.BaseRequest, RawRequestMessage], Handler]
"""Who answers a request whose header has been understood."""


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


class Crowd:
    """All the connections of a door: those that are open, and those for whose request a handler runs."""

    __slots__ = ("_quiet", "answering", "open")

    def __init__(self) -> None:
        self.open: set[Connection] = set()
        self.answering: set[Connection] = set()
        self._quiet: asyncio.Event | None = None

    def answered(self, connection: "Connection") -> None:
        """The handler of a connection has returned, or was left."""
        self.answering.discard(connection)
        if self._quiet is not None and not self.answering:
            self._quiet.set()

    async def until_quiet(self) -> None:
        """Wait until no handler runs."""
        if self.answering:
            self._quiet = asyncio.Event()
            await self._quiet.wait()


class Connection(web.RequestHandler):
    """A connection that is closed when it is silent, slow or not understood.

    `crowd` knows of this one while it is open, and while it answers; `choose` says who answers.
    """

    __slots__ = ("_body", "_choose", "_crowd", "_deaf", "_header_due", "_limits", "_timer", "_words", "retiring")

    def __init__(self, server: web.Server, crowd: Crowd, limits: DoorLimits, words: Words, choose: Choose) -> None:
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
        self._crowd, self._limits, self._words, self._choose = crowd, limits, words, choose
        self._body: StreamReader | None = None  # of the request being answered
        self._deaf = False  # whatever else arrives is thrown away
        self.retiring = False
        """Whether the answer under way is its last, and has to say so."""
        self._header_due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def coming(self) -> bool:
        """Whether a request is awaited: the first since connecting, the rest of a header, or its turn."""
        return self._header_due is not None or (self._body is None and bool(self._messages))

    def retire(self, *, coming: bool = False) -> None:
        """Answer what has begun, then close; what has not begun is not answered, unless `coming` and it may be coming.

        Called before the connection is made, it means that there will be one answer at most.
        """
        self.retiring = True
        made = self.transport is not None
        if made and self._body is None and not (coming and self.coming):
            self.force_close()

    def cancel(self) -> None:
        """Cancel the handler that runs, unless it is being cancelled because its client has gone."""
        if self._task_handler is not None:
            self._task_handler.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        others = len(self._crowd.open)
        self._crowd.open.add(self)
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
        self._crowd.open.discard(self)
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
        elif data and self._header_due is None and not self._messages:
            self._await_header()

    async def start(self) -> None:
        """Answer the requests of this connection, one after the other in the order in which they came.

        aiohttp's own makes a task for each of them and waits for it, which takes two turns of the loop more. Here they
        are answered in the connection's task. A request that is cancelled ends its connection either way.
        """
        try:
            while not self._force_close and await self._answer_next():
                pass
        except asyncio.CancelledError:
            self.force_close()
            raise
        except Exception:
            logger.exception("a connection failed in a way that was not foreseen")
            self.force_close()
        if not self._force_close:
            self._task_handler = None
            if self.transport is not None:
                self.transport.close()

    async def _answer_next(self) -> bool:
        """Wait for a request and answer it; whether another one may follow."""
        if not self._messages:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        message, body = self._messages.popleft()
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        factory, task, writer = self._request_factory, self._task_handler, StreamWriter(self, self._loop)
        if factory is None or task is None:
            return False  # the connection has just gone
        handler: Handler = self._not_understood
        if isinstance(message, RawRequestMessage):
            request = factory(message, body, self, writer, task)
            handler = self._choose(request, message)
        else:
            request = factory(ERROR, body, self, writer, task)
        self._header_due, self._body = None, body
        self._crowd.answering.add(self)
        try:
            response, gone = await self._handle_request(request, None, handler)
            ended = not gone and (body.is_eof() or await self._rest_read(body))
        except ConnectionError:
            return False
        finally:
            self._body = None
            self._crowd.answered(self)
        if not (ended and response.keep_alive) or self.retiring or self._close or self._force_close:
            return False
        # The timer looks again where it has rung too early.
        self._next_keepalive_close_time = self._loop.time() + self._limits.idle_s
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)
        return True

    async def _not_understood(self, request: web.BaseRequest) -> web.StreamResponse:
        return self.handle_error(request, HTTPStatus.BAD_REQUEST)

    async def _rest_read(self, body: StreamReader) -> bool:
        """Read and throw away the rest of a request, so that its answer arrives; whether it came to its end."""
        with suppress(TimeoutError, web.RequestPayloadError):
            async with asyncio.timeout(self._limits.linger_s):
                while not (body.is_eof() or self._force_close):
                    await body.readany()
        return body.is_eof()

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
        if self.retiring:
            resp.force_close()
        if isinstance(resp, WholeAnswer) and not self._upgraded:
            return resp, False
        self._crowd.answered(self)
        finished = await super().finish_response(request, resp, start_time)
        if self._deaf and self.transport is not None:
            # Closing while unread bytes wait would reset the connection and take the answer with it.
            _say_no_more(self.transport)
            await asyncio.sleep(self._limits.linger_s)
        return finished

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
