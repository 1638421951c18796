"""Wire: one HTTP/1.1 connection to an upstream, strict about which bytes belong to which answer."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from multidict import CIMultiDict

_READ_AHEAD = 128 * 1024
"""Bytes of an answer that wait for their reader before the upstream has to wait as well."""
_LONGEST_FRAME = 128 * 1024
"""Bytes of headers, trailers and chunk sizes between two pieces of a body: nothing honest comes near it."""
_BODILESS = (204, 304)


class Failure(Enum):
    """How a connection can fail whoever waits for its answer."""

    SILENT = auto()
    """It ended before the headers of an answer were there."""
    CUT = auto()
    """It ended, or its framing went wrong, in the middle of an answer."""
    MALFORMED = auto()
    """What came is not HTTP."""


class WireFailed(Exception):
    """An answer that cannot be had. `untouched` says that not one byte of it came."""

    def __init__(self, failure: Failure, *, untouched: bool = False) -> None:
        super().__init__(failure.name)
        self.failure = failure
        self.untouched = untouched


class Response:
    """An answer whose headers are there; its body is what came so far and what is still to come."""

    __slots__ = ("_ended", "_failure", "_pass_on", "_waiter", "_wire", "ahead", "headers", "pieces", "status")

    def __init__(self, wire: "Wire", status: int, headers: CIMultiDict[str]) -> None:
        self.status = status
        self.headers = headers
        self._wire = wire
        self.pieces: list[bytes] = []
        """What has come of the body and was not read; for Wire alone, as `ahead` is: the bytes that brought it."""
        self.ahead = 0
        self._waiter: asyncio.Future[None] | None = None
        self._pass_on: Callable[[bytes], bool] | None = None
        self._ended = False
        self._failure: Failure | None = None

    @property
    def ended(self) -> bool:
        """Whether all of the body was read, to its exact end."""
        return self._ended and self._failure is None and not self.pieces

    async def read(self, pass_on: Callable[[bytes], bool] | None = None) -> bytes:
        """All bytes of the body that have come since the last time, at least one; empty at its exact end.

        Raises WireFailed where the body breaks off, once what came before was read. What comes while it is
        waited for is offered to `pass_on` first, which may take it: then the wait goes on. Raises what that raises.
        """
        while not self.pieces:
            if self._failure is not None:
                raise WireFailed(self._failure)
            if self._ended:
                return b""
            self._waiter = self._wire.loop.create_future()
            self._pass_on = pass_on
            try:
                await self._waiter
            finally:
                self._waiter = self._pass_on = None
        pieces, self.pieces = self.pieces, []
        if self.ahead >= _READ_AHEAD and not self._ended:
            self._wire.resume()
        self.ahead = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Want no more of it. Only an answer that came to its exact end leaves its connection fit for another."""
        if not self._ended:
            self._wire.abort()

    # --- for Wire -------------------------------------------------------------------------------

    def end(self, failure: Failure | None = None) -> None:
        """The exact end of the body, or what it broke off by."""
        self._ended, self._failure = True, failure
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def offer(self, size: int) -> bool:
        """So many bytes have come: give what they brought to whoever waits; whether it is more than is read ahead."""
        pieces, waiter = self.pieces, self._waiter
        if not pieces:
            return False
        if waiter is not None and not waiter.done():
            if self._pass_on is not None:
                try:
                    if self._pass_on(pieces[0] if len(pieces) == 1 else b"".join(pieces)):
                        pieces.clear()
                        return False
                except Exception as error:
                    # It is the reader's own, who hears of it as if it had read.
                    waiter.set_exception(error)
                    return False
            waiter.set_result(None)
        self.ahead += size
        return self.ahead >= _READ_AHEAD


class Wire(asyncio.Protocol):
    """One connection, which is asked one thing at a time.

    `at_rest` is told when an answer came to its exact end, so that the connection can be asked again;
    `lost` when the connection is no more. Bytes that nobody asked for close it.
    """

    def __init__(self, at_rest: Callable[["Wire"], None], lost: Callable[["Wire"], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self._at_rest = at_rest
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        # What servers get wrong and every client forgives; none of it changes where a body ends.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)
        self._asked: asyncio.Future[Response] | None = None
        self._fields: list[tuple[str, str]] = []
        self._response: Response | None = None
        self._by_close = False
        self._keeps = False
        self._complete = False
        self._beyond = False
        self._touched = False
        self._frame = 0

    @property
    def is_open(self) -> bool:
        """Whether it can be asked."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: bytes, body: bytes) -> Response:
        """Send a request; its answer, once the headers are there. Raises WireFailed."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise WireFailed(Failure.SILENT, untouched=True)
        self._asked = self.loop.create_future()
        self._touched = self._complete = self._beyond = False
        self._frame = 0
        if len(body) <= _READ_AHEAD:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        try:
            return await self._asked
        except BaseException:
            self.abort()
            raise

    def resume(self) -> None:
        """Read on, after the reader was waited for."""
        if self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        parser = self._parser
        if self._asked is None or parser is None:
            # Nobody asked for these bytes: the connection must not be used again.
            self.abort()
            return
        self._touched = True
        self._frame += len(data)
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if not self._complete:
                self._fail(Failure.MALFORMED if self._response is None else Failure.CUT)
                return
            self._beyond = True
        if self._complete:
            self._finish()
        elif self._frame > _LONGEST_FRAME:
            self._fail(Failure.MALFORMED if self._response is None else Failure.CUT)
        elif self._response is not None and self._response.offer(len(data)) and self._transport is not None:
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if self._response is not None and self._by_close and error is None:
            self._response.end()
        elif self._asked is not None:
            self._fail(Failure.SILENT if self._response is None else Failure.CUT)
        self._asked = self._response = self._transport = None
        # The parser knows us: without this only the garbage collector would free us both.
        self._parser = None
        self._lost(self)

    # --- httptools ------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Anything after the answer is nobody's."""
        if self._complete:
            self._beyond = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers are passed over."""
        if self._response is None:
            self._fields.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The headers are there; those of an informational answer are passed over."""
        parser, asked = self._parser, self._asked
        fields, self._fields = self._fields, []
        if parser is None or asked is None or self._beyond or (status := parser.get_status_code()) < 200:
            return
        headers = CIMultiDict(fields)
        framed = "Content-Length" in headers or "Transfer-Encoding" in headers
        self._by_close = not framed and status not in _BODILESS
        self._response = Response(self, status, headers)
        if not asked.done():
            asked.set_result(self._response)

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        self._frame = 0
        if self._response is not None and not self._complete:
            self._response.pieces.append(piece)

    def on_message_complete(self) -> None:
        """The exact end of an answer, if it was not an informational one."""
        if self._response is not None and not self._complete:
            self._complete = True
            self._keeps = self._parser is not None and self._parser.should_keep_alive()

    def _finish(self) -> None:
        """The answer is whole: the connection can be asked again if nothing is left on it either way."""
        response, transport = self._response, self._transport
        self._asked = self._response = None
        if response is not None:
            response.end()
        if transport is None or not self._keeps or self._beyond or transport.get_write_buffer_size():
            self.abort()
        else:
            transport.resume_reading()
            self._at_rest(self)

    def _fail(self, failure: Failure) -> None:
        asked, response = self._asked, self._response
        self._asked = self._response = None
        if response is not None:
            response.end(failure)
        elif asked is not None and not asked.done():
            asked.set_exception(WireFailed(failure, untouched=not self._touched))
        self.abort()
