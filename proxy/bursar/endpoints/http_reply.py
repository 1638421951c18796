"""Reply over HTTP: what the client gets, through an aiohttp response."""

import asyncio
from collections.abc import Mapping

from aiohttp import HttpVersion11, web

from bursar.doorkeeper.connection import Connection
from bursar.doorkeeper.whole_answer import may_be_written_whole, write_whole
from bursar.endpoints.limit_headers import with_own
from bursar.pipeline.reply import ReplyState

_STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}


LINGER_S = 0.25
"""How long a connection stays after the sentence that says why its answer breaks off: there are clients that read
nothing of what comes together with the end. Those that have understood close it first."""


AT_ONCE_BYTES = 32 * 1024
"""A whole answer up to this size goes out without waiting for the client: a free connection takes it in one piece."""


class EventStream(web.StreamResponse):
    """A stream that can be left without its proper end, which the server would otherwise write."""

    # aiohttp's own responses keep their headers for their first bytes; a stream sends its first event with them.
    _send_headers_immediately = False
    broken_off = False
    transport: asyncio.Transport | None = None
    """The connection to close in place of that end."""

    async def write_eof(self, data: bytes = b"") -> None:
        if not self.broken_off:
            await super().write_eof(data)
        elif self.transport is not None:
            # The handler has returned: the call is over, settled and counted, and nobody waits for this.
            try:
                await asyncio.sleep(LINGER_S)
            finally:
                self.transport.close()


class HttpReply:
    """One reply to one client; see `pipeline.reply.Reply`.

    A stream that waits for its upstream says so every `keep_alive_s` with a comment, so that no
    client or middlebox takes silence for the end. `own` are headers of ours beside the pipeline's.

    A write that meets a connection which has just gone ends the call as its cancellation would a moment later.
    """

    def __init__(self, request: web.Request, keep_alive_s: float, own: Mapping[str, str] | None = None) -> None:
        self._request = request
        self._keep_alive_s = keep_alive_s
        self._own = own or {}
        self._state = ReplyState.WAITING
        self._stream: EventStream
        self._transport: asyncio.Transport | None = None
        self._chunked = False
        self._written = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self.response: web.StreamResponse
        """What the handler returns to the server; there once the reply has begun, or was sent."""
        self._status = 0

    @property
    def status(self) -> int:
        return self._status

    @property
    def state(self) -> ReplyState:
        return self._state

    async def begin(self, headers: Mapping[str, str]) -> None:
        """Promise status 200 and a stream of events: its headers go out with what is written first."""
        self._stream = self.response = EventStream()
        if self._request.version >= HttpVersion11:
            self._stream.enable_chunked_encoding()
            self._chunked = True
        self._stream.headers.update(_STREAM_HEADERS)
        self._stream.headers.update(with_own(self._own, headers))
        self._state, self._status = ReplyState.BEGUN, 200
        try:
            await self._stream.prepare(self._request)
        except ConnectionResetError:
            raise asyncio.CancelledError from None
        self._transport = self._request.transport
        self._written = self._loop.time()
        self._timer = self._loop.call_later(self._keep_alive_s, self._keep_alive)

    async def write(self, piece: bytes) -> None:
        """More of the stream; waits while the client does not read."""
        self._written = self._loop.time()
        try:
            await self._stream.write(piece)
        except ConnectionResetError:
            raise asyncio.CancelledError from None

    def write_at_once(self, piece: bytes) -> bool:
        """More of the stream where nothing waits to be sent, so that the connection takes it in this turn of the loop.

        What aiohttp's own writing adds to that is a count of bytes, by which it knows when to wait.
        """
        transport = self._transport
        if transport is None or transport.is_closing() or transport.get_write_buffer_size():
            return False
        self._written = self._loop.time()
        transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)
        return True

    async def finish(self, last: bytes = b"") -> None:
        """The last of the stream and its proper end, in one write."""
        self._stop()
        try:
            await self._stream.write_eof(last)
        except ConnectionResetError:
            raise asyncio.CancelledError from None
        self._state = ReplyState.FINISHED

    async def break_off(self, why: bytes = b"") -> None:
        """Close the connection without the stream's proper end, once what was written could be read."""
        if why:
            await self.write(why)
        self._stop()
        self._state = ReplyState.BROKEN_OFF
        self._stream.broken_off = True
        self._stream.transport = self._request.transport
        if not why and self._stream.transport is not None:
            self._stream.transport.close()

    async def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer at once: what a free connection takes at once before the call is settled, which comes next in
        the same turn of the loop; all else when the handler returns it, so that no hold waits for a slow reader."""
        self._state, self._status = ReplyState.FINISHED, status
        headers = with_own(self._own, headers)
        if len(body) <= AT_ONCE_BYTES and self._is_free() and may_be_written_whole(self._request):
            try:
                self.response = await write_whole(self._request, status, headers, "application/json", body)
                return
            except ConnectionError:
                pass  # a client that has just gone is noticed by the server, which tries once more
        self.response = web.Response(status=status, headers=headers, body=body, content_type="application/json")

    def _is_free(self) -> bool:
        """Whether nothing waits to be sent, and the connection will go on after this answer."""
        protocol = self._request.protocol
        transport = protocol.transport
        if transport is None or transport.get_write_buffer_size() > 0:
            return False
        return not (isinstance(protocol, Connection) and protocol.retiring)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _keep_alive(self) -> None:
        """Write a comment if nothing was written for a while; a client that does not read gets none."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        now = self._loop.time()
        if now - self._written < self._keep_alive_s:
            now = self._written
        else:
            self._request.writer.send_headers()
            self.write_at_once(b": keep-alive\n\n")
        self._timer = self._loop.call_at(now + self._keep_alive_s, self._keep_alive)
