"""WholeAnswer: an answer that is written in one piece, at once, by whoever has it."""

from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

SIGN = {"Server": "bursar"}
"""What an answer says of who gives it: strangers at a public host need not know which libraries of which age."""


class WholeAnswer(web.StreamResponse):
    """An answer on its way: nothing of it is left to prepare or to write. Made by `write_whole`.

    What aiohttp's own responses can do beside that, and look for with each answer (cookies, compression, bodies of
    many kinds, hooks), costs more than writing a small answer.
    """

    @property
    def prepared(self) -> bool:
        return True

    @property
    def keep_alive(self) -> bool:
        """Whether the connection may be asked again."""
        return self._keep_alive is not False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Nothing."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing."""


def may_be_written_whole(request: web.BaseRequest) -> bool:
    """Whether the answer to a request has the plainest form of HTTP/1.1: a head, and a body of a known length."""
    return request.version == HttpVersion11 and request.method != hdrs.METH_HEAD


async def write_whole(
    request: web.BaseRequest, status: int, headers: Mapping[str, str], content_type: str, body: bytes
) -> WholeAnswer:
    """Write an answer with its head in one piece. `status` is one of those that have a body.

    Waits only where the connection is full. Raises ConnectionError where the client has gone, and ValueError for a
    header that would not be one line: it is aiohttp's writer that puts the head together and looks at each value.
    """
    answer = WholeAnswer(status=status)
    head = CIMultiDict(headers)
    head.update(SIGN)
    head[hdrs.CONTENT_TYPE] = content_type
    head[hdrs.CONTENT_LENGTH] = str(len(body))
    if hdrs.DATE not in head:
        head[hdrs.DATE] = _date(int(time()))
    if not request.keep_alive:
        head[hdrs.CONNECTION] = "close"
        answer.force_close()
    writer = request.writer
    await writer.write_headers(_status_line(status), head)
    await writer.write_eof(body)
    return answer


@lru_cache(64)
def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"


@lru_cache(2)
def _date(second: int) -> str:
    """A second of Unix time as HTTP has it (RFC 9110, 5.6.7)."""
    return formatdate(second, usegmt=True)
