"""SqliteStore: the ledger in one SQLite file, with its figures kept in memory and changes written in groups.

Only this process writes the file, so what it has read or written it need not read again: a change
runs at once, on the figures in memory, and whatever has gathered while one batch was on its way to
the disk is the next. Nobody is told of a change before it is on disk.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from bursar.domain.account import Standing
from bursar.storage.books import Books, Draft
from bursar.storage.sqlite.file import ask, make_folder, open_file, reason_of
from bursar.storage.sqlite.load import load
from bursar.storage.sqlite.lock import OwnerLock
from bursar.storage.sqlite.migrate import Step, copy, shipped_steps
from bursar.storage.sqlite.reader import SqliteReader
from bursar.storage.sqlite.rolling import roll_up, shrink
from bursar.storage.sqlite.words import Words
from bursar.storage.sqlite.writer import Writer
from bursar.storage.store import Reader, StoreUnavailable, Sweep, Then, Transaction

T = TypeVar("T")

_READERS = 2

_PATIENCE_S = 0.01
"""How long a change that nobody waits for is kept, at most, to have company: most calls end while others begin."""

_CLOSED = "the ledger is closed"

_log = logging.getLogger(__name__)


class _Batch:
    """Changes that reach the disk together: who waits for them, and, once it is complete, what they did."""

    __slots__ = ("answers", "draft", "errors", "is_urgent", "told")

    def __init__(self) -> None:
        self.draft: Draft | None = None
        self.is_urgent = False
        self.answers: list[tuple[asyncio.Future[Any], Any]] = []
        self.errors: list[tuple[asyncio.Future[Any], Exception]] = []
        self.told: list[tuple[Then[Any], Any, Exception | None]] = []

    @property
    def is_empty(self) -> bool:
        return not (self.answers or self.errors or self.told)

    def succeed(self) -> None:
        for future, answer in self.answers:
            if not future.done():
                future.set_result(answer)
        for future, error in self.errors:
            if not future.done():
                future.set_exception(error)
        self._tell()

    def fail(self, reason: str) -> None:
        for future, _ in (*self.answers, *self.errors):
            if not future.done():
                future.set_exception(StoreUnavailable(reason))
        self.told = [(then, None, StoreUnavailable(reason)) for then, _, _ in self.told]
        self._tell()

    def _tell(self) -> None:
        for then, answer, problem in self.told:
            try:
                then(answer, problem)
            except Exception:  # a bug, which does not keep the others from being told
                _log.exception("what was to be done after a change was not done")


class SqliteStore:
    """A Store in one file, which it owns from `open` to `close`."""

    def __init__(self, database: Path, opened: "_Opened") -> None:
        self._database = database
        self._lock = opened.lock
        self._books = opened.books
        self._loop = asyncio.get_running_loop()
        self._readers = ThreadPoolExecutor(_READERS, "bursar-ledger-reader")
        self._gathering = _Batch()
        self._flying: _Batch | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._at_rest: asyncio.Future[None] | None = None
        self._closed = False
        self._hear: Callable[[tuple[Standing, ...]], None] = lambda standings: None
        self._writer = Writer(opened.connection, database, opened.words, self._tell_loop)
        self._writer.start()

    @classmethod
    async def open(
        cls, database: Path, *, durability: str = "normal", steps: Sequence[Step] | None = None
    ) -> "SqliteStore":
        """Open the ledger's file, or make it; `steps` are the migrations, by default those shipped.

        What is kept with durability `normal` survives any end of the process, with `full` also a
        loss of power, at the price of a disk flush for each batch.
        Raises StoreUnavailable, with what to do, where another process owns it, where it is not
        ours, damaged or of a newer release, and where it cannot be written.
        """
        return cls(database, await asyncio.to_thread(_open, database, durability == "full", steps or shipped_steps()))

    def submit(self, change: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.set_exception(StoreUnavailable(_CLOSED))
            return future
        batch = self._gathering
        try:
            batch.answers.append((future, self._books.run(change)))
        except Exception as error:
            # It has seen what is not on disk yet, so it too is told only once that is.
            batch.errors.append((future, error))
        if not batch.is_urgent:
            batch.is_urgent = True
            if self._flying is not None:
                return future
            if len(self._books.holds) > 1:
                # At the end of this turn of the loop, so that whoever else is ready joins the batch.
                self._loop.call_soon(self._send)
            else:
                self._send()
        return future

    def hand_over(self, change: Callable[[Transaction], T], then: Then[T]) -> None:
        if self._closed:
            self._loop.call_soon(then, None, StoreUnavailable(_CLOSED))
            return
        batch = self._gathering
        try:
            batch.told.append((then, self._books.run(change), None))
        except Exception as error:
            batch.told.append((then, None, error))
        if self._timer is None and self._flying is None and not batch.is_urgent:
            self._timer = self._loop.call_later(_PATIENCE_S, self._run_out)

    def announce_to(self, hear: Callable[[tuple[Standing, ...]], None]) -> None:
        self._hear = hear

    async def read(self, question: Callable[[Reader], T]) -> T:
        def answer() -> T:
            try:
                return ask(self._database, lambda connection: question(SqliteReader(connection)))
            except sqlite3.Error as error:
                raise StoreUnavailable(reason_of(error, self._database)) from None

        if self._closed:
            raise StoreUnavailable(_CLOSED)
        return await self._loop.run_in_executor(self._readers, answer)

    async def roll_up(self, sweep: Sweep, most: int) -> bool:
        return await self._errand(lambda connection: roll_up(connection, sweep, most))

    async def shrink(self, most: int) -> bool:
        return await self._errand(lambda connection: shrink(connection, most))

    async def back_up(self, copy_to: Path) -> None:
        """A copy of the file as of one moment, checked, mode 0600, while changes go on. Raises StoreUnavailable."""

        def take() -> None:
            try:
                ask(self._database, lambda connection: copy(connection, copy_to))
            except sqlite3.Error as error:
                raise StoreUnavailable(reason_of(error, self._database)) from None
            except OSError as error:
                raise StoreUnavailable(f"{copy_to} cannot be written: {error.strerror}") from None

        if self._closed:
            raise StoreUnavailable(_CLOSED)
        await self._loop.run_in_executor(self._readers, take)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._flying is None:
            self._send()
        if self._flying is not None:
            self._at_rest = self._loop.create_future()
            await self._at_rest
        self._writer.stop()
        await asyncio.to_thread(self._let_go)

    async def _errand(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Have the writer do something between two batches."""
        if self._closed:
            raise StoreUnavailable(_CLOSED)
        future: asyncio.Future[T] = self._loop.create_future()

        def tell(answer: T | None, error: Exception | None) -> None:
            if not future.done():
                if error is None:
                    future.set_result(cast(T, answer))
                else:
                    future.set_exception(error)

        def run(connection: sqlite3.Connection) -> None:
            answer: T | None = None
            problem: Exception | None = None
            try:
                answer = job(connection)
            except sqlite3.Error as error:
                problem = StoreUnavailable(reason_of(error, self._database))
            except Exception as error:  # a bug: whoever asked is told, and the writer goes on
                problem = error
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(tell, answer, problem)

        self._writer.do(run)
        return await future

    def _let_go(self) -> None:
        self._writer.join()
        self._readers.shutdown()
        self._lock.release()

    def _run_out(self) -> None:
        """Somebody's patience has run out. A batch that left before has not stopped the timer, so a change may leave
        early: a timer for each would cost more than that."""
        self._timer = None
        self._send()

    def _send(self) -> None:
        """Begin the next batch, unless one is on its way or there is none."""
        batch = self._gathering
        if self._flying is not None or batch.is_empty:
            return
        batch.draft = self._books.take_draft()
        self._flying, self._gathering = batch, _Batch()
        if batch.draft.is_empty:
            self._land(None)
        else:
            self._writer.take(batch.draft)

    def _tell_loop(self, problem: str | None) -> None:
        """In the writer's thread: what became of the batch. A loop that has ended needs not know."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._land, problem)

    def _land(self, problem: str | None) -> None:
        """The batch on its way is on disk, or it is not, and then nothing that was built on it can be."""
        batch, self._flying = self._flying, None
        if batch is None or batch.draft is None:
            return
        if problem is None:
            if batch.draft.past:
                self._books.forget_past()
            try:
                if batch.draft.latest:
                    self._hear(tuple(batch.draft.latest))
            except Exception:  # a bug, which does not keep those who wait from being told
                _log.exception("where accounts stand was not announced")
            batch.succeed()
        else:
            self._books.drop(batch.draft)
            # Whoever is told may hand over the next change at once: that one has seen nothing of what is gone.
            lost, self._gathering = self._gathering, _Batch()
            batch.fail(problem)
            lost.fail(problem)
        if self._gathering.is_urgent or self._closed:
            self._send()
        elif self._timer is None and not self._gathering.is_empty:
            self._timer = self._loop.call_later(_PATIENCE_S, self._run_out)
        if self._at_rest is not None and self._flying is None:
            self._at_rest.set_result(None)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What opening a file takes time for."""

    lock: OwnerLock
    connection: sqlite3.Connection
    books: Books
    words: Words


def _open(database: Path, full: bool, steps: Sequence[Step]) -> _Opened:
    make_folder(database)
    lock = OwnerLock.take(database)
    try:
        connection = open_file(database, full, steps)
        try:
            return _Opened(lock, connection, load(connection), Words(connection))
        except sqlite3.Error as error:
            connection.close()
            raise StoreUnavailable(reason_of(error, database)) from None
    except BaseException:
        lock.release()
        raise
