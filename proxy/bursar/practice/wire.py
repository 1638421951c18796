"""Wire: one HTTP answer, written byte by byte on the client's own connection.

aiohttp reads the requests and keeps the connections; every answer is written here, because a fault is
made of the very bytes that a server library would not let pass, and because it is the shorter way.
"""

import os
import socket
import struct
from http import HTTPStatus

from aiohttp import HttpVersion11, web

_LINGER_NONE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_REASONS = {status.value: status.phrase for status in HTTPStatus} | {529: "Site is overloaded"}

JSON_TYPE = b"application/json"
STREAM_TYPE = b"text/event-stream; charset=utf-8"
LAST_CHUNK = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"


class Said(web.StreamResponse):
    """Tells aiohttp that the answer is out already, and whether the connection may be used again."""

    def __init__(self, *, keep: bool) -> None:
        super().__init__()
        self._keep_alive = keep

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing: the head is out."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing: the end is out."""


class Wire:
    """The way to the client. Raises ConnectionResetError where the client has gone."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self.keep = request.keep_alive
        """Whether the connection may be used again after this answer."""
        self.chunked = request.version >= HttpVersion11
        self.began = False
        """Whether any byte has gone out."""

    def send(self, data: bytes) -> None:
        """Hand `data` to the socket, without waiting."""
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        self.began = True
        transport.write(data)

    async def drain(self) -> None:
        """Wait while the client reads too slowly."""
        await self._request.writer.drain()

    def head(self, status: int, content_type: bytes, *, length: int | None = None, headers: bytes = b"") -> bytes:
        """The head of an answer. Without `length` the body is chunked, or ends with the connection (HTTP/1.0).

        `headers` are whole lines, each with its CRLF.
        """
        if length is not None:
            frame = b"Content-Length: %d\r\n" % length
        elif self.chunked:
            frame = b"Transfer-Encoding: chunked\r\n"
        else:
            frame = b""
            self.keep = False
        if not self.keep:
            frame += b"Connection: close\r\n"
        kind = b"Content-Type: %b\r\n" % content_type if content_type else b""
        return b"%b%b%b%b\r\n" % (status_line(status), kind, frame, headers)

    def answer(self, status: int, body: bytes, content_type: bytes = JSON_TYPE, headers: bytes = b"") -> None:
        """A whole answer."""
        self.send(self.head(status, content_type, length=len(body), headers=headers) + body)

    def chunk(self, data: bytes) -> bytes:
        """`data` as one chunk of the body."""
        return b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data

    def event(self, payload: bytes) -> bytes:
        """`payload` as one server-sent event, in one chunk of the body."""
        if self.chunked:
            return b"%x\r\ndata: %b\n\n\r\n" % (len(payload) + 8, payload)
        return b"data: %b\n\n" % payload

    def last(self) -> bytes:
        """The end of a chunked body."""
        return LAST_CHUNK if self.chunked else b""

    def close(self) -> None:
        """End the connection in good order once what was written is out."""
        self.keep = False

    def hang_up(self) -> None:
        """End the connection now, whatever is still on its way to us."""
        self.keep = False
        if self._request.transport is not None:
            self._request.transport.close()

    def reset(self) -> None:
        """End the connection at once, with a TCP reset."""
        self.keep = False
        transport = self._request.transport
        if transport is None:
            return
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        transport.abort()


def status_line(status: int) -> bytes:
    """`HTTP/1.1 200 OK`, with its CRLF."""
    return f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n".encode()
