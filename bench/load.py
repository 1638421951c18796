"""The load client: raw sockets that ask one thing after the other, and note when what came back arrived."""

import asyncio
import gc
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:\s*chunked", re.IGNORECASE)
_END = b"\r\n0\r\n\r\n"
_LONGEST_S = 60.0


class Wrong(Exception):
    """An answer is not what it has to be: what was measured is worth nothing."""


class Answer:
    """One answer, with instants in nanoseconds of the monotonic clock. `first_ns` is that of the first event."""

    __slots__ = ("arrivals", "asked_ns", "chunked", "ended_ns", "first_ns", "head", "pieces", "status")

    def __init__(self) -> None:
        self.asked_ns = 0
        self.first_ns = 0
        self.ended_ns = 0
        self.head = b""
        self.status = 0
        self.chunked = False
        self.pieces: list[bytes] = []
        self.arrivals: list[int] = []

    @property
    def took_ns(self) -> int:
        """From the request's first byte to the answer's last."""
        return self.ended_ns - self.asked_ns

    @property
    def first_took_ns(self) -> int:
        """From the request's first byte to the answer's first event."""
        return self.first_ns - self.asked_ns


class Connection(asyncio.Protocol):
    """One kept connection, one question at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Future[Answer] | None = None
        self._answer = Answer()
        self._buffer = b""
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"the connection was closed in the middle of an answer ({error})")

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """The answer to a request. Raises Wrong where there is none."""
        self._waiting = waiting = self._loop.create_future()
        self._answer = answer = Answer()
        self._buffer = b""
        answer.asked_ns = time.monotonic_ns()
        self._transport.write(request)
        return waiting

    def close(self) -> None:
        """Ask no more."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        answer = self._answer
        if self._waiting is None:
            raise Wrong(f"bytes that nobody asked for: {data[:80]!r}")
        if not answer.head:
            data = self._read_head(self._buffer + data)
            if not answer.head:
                return
        if data:
            answer.pieces.append(data)
            answer.arrivals.append(now)
            if not answer.first_ns and b"data: " in (data if len(answer.pieces) == 1 else b"".join(answer.pieces)):
                answer.first_ns = now
        if answer.chunked:
            tail = data if len(data) >= len(_END) else b"".join(answer.pieces[-3:])
            ended = tail.endswith(_END)
        else:
            self._missing -= len(data)
            ended = self._missing <= 0
        if ended:
            answer.ended_ns = now
            waiting, self._waiting = self._waiting, None
            if not waiting.done():
                waiting.set_result(answer)

    def _read_head(self, data: bytes) -> bytes:
        """What follows the head, once it is whole."""
        ends = data.find(b"\r\n\r\n")
        if ends < 0:
            self._buffer = data
            return b""
        answer = self._answer
        answer.head = data[:ends]
        answer.status = int(data[9:12])
        answer.chunked = _CHUNKED.search(answer.head) is not None
        length = _LENGTH.search(answer.head)
        self._missing = int(length[1]) if length else 0
        if not length and not answer.chunked:
            self._fail(f"an answer of no known length: {answer.head!r}")
        return data[ends + 4 :]

    def _fail(self, why: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Wrong(why))


Check = Callable[[Answer], None]
"""Raises Wrong where an answer is not what it has to be."""


@asynccontextmanager
async def connected(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """Connections to a server of this machine, for a block in which the collector rests and nothing may hang."""
    loop = asyncio.get_running_loop()
    opened: list[Connection] = []
    gc.collect()
    gc.disable()
    try:
        while len(opened) < count:
            opened.append((await loop.create_connection(Connection, "127.0.0.1", port))[1])
        async with asyncio.timeout(_LONGEST_S):
            yield opened
    except TimeoutError:
        raise Wrong(f"no answer within {_LONGEST_S:g} s") from None
    finally:
        gc.enable()
        for connection in opened:
            connection.close()


async def all_of(tasks: Iterable[Coroutine[None, None, T]]) -> list[T]:
    """What all of them return; raises what the first to fail raises, by itself and not as one of a group."""
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(task) for task in tasks]
    except* Wrong as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in running]


async def one_by_one(connection: Connection, requests: Iterable[bytes], check: Check) -> list[Answer]:
    """The answers to requests asked one after the other, each checked, without their bytes."""
    answers = []
    for request in requests:
        answer = await connection.ask(request)
        check(answer)
        answer.pieces.clear()
        answers.append(answer)
    return answers


async def for_a_while(
    connections: Sequence[Connection], request: bytes, seconds: float, check: Check, most: int = 10**9
) -> tuple[list[Answer], float]:
    """All connections ask at once, again and again, at most so often in all; the answers, and the seconds it took."""
    answers: list[Answer] = []
    begun = time.monotonic_ns()
    until = begun + int(seconds * 1e9)

    left = iter(range(most))

    async def ask_on(connection: Connection) -> None:
        while time.monotonic_ns() < until and next(left, None) is not None:
            answer = await connection.ask(request)
            check(answer)
            answer.pieces.clear()
            answers.append(answer)

    await all_of(ask_on(connection) for connection in connections)
    return answers, (time.monotonic_ns() - begun) / 1e9


async def together(connections: Sequence[Connection], request: bytes, apart_s: float, check: Check) -> list[Answer]:
    """Each connection asks once, `apart_s` after the one before; the answers with their bytes, checked at the end."""

    async def ask_at(connection: Connection, wait_s: float) -> Answer:
        await asyncio.sleep(wait_s)
        return await connection.ask(request)

    answers = await all_of(ask_at(each, at * apart_s) for at, each in enumerate(connections))
    for answer in answers:
        check(answer)
    return answers
