"""MemoryStore: the reference of what a store does, for tests and for running without a disk."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from bursar.domain.account import Standing
from bursar.domain.grant import Grant
from bursar.domain.hold import Entry, EntryKind
from bursar.storage.books import Books, Recorded
from bursar.storage.memory_reader import MemoryReader, RolledUp
from bursar.storage.store import Reader, StoreUnavailable, Sweep, Then, Transaction

T = TypeVar("T")


class MemoryStore:
    """A Store whose changes are kept at once, and for as long as it lives."""

    def __init__(self) -> None:
        self._books = Books()
        self._entries: list[Entry] = []
        self._records: list[Recorded] = []
        self._grants: dict[int, Grant] = {}
        self._rolled = RolledUp()
        self._closed = False
        self._hear: Callable[[tuple[Standing, ...]], None] = lambda standings: None

    def submit(self, change: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            future.set_result(self._keep(change))
        except Exception as error:
            future.set_exception(error)
        return future

    def hand_over(self, change: Callable[[Transaction], T], then: Then[T]) -> None:
        loop = asyncio.get_running_loop()
        try:
            loop.call_soon(then, self._keep(change), None)
        except Exception as error:
            loop.call_soon(then, None, error)

    def announce_to(self, hear: Callable[[tuple[Standing, ...]], None]) -> None:
        self._hear = hear

    async def read(self, question: Callable[[Reader], T]) -> T:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        grants = list(self._grants.values())
        return question(MemoryReader(self._books, self._entries, self._records, grants, self._rolled))

    async def roll_up(self, sweep: Sweep, most: int) -> bool:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        records = [each for each in self._records[:most] if each[0].at_ms < sweep.before_ms]
        entries = [each for each in self._may_go()[:most] if each.at_ms < sweep.before_ms]
        self._rolled.take(records, entries, sweep)
        gone = {id(each) for each in (*records, *entries)}
        self._records[:] = [each for each in self._records if id(each) not in gone]
        self._entries[:] = [each for each in self._entries if id(each) not in gone]
        return bool(gone)

    async def shrink(self, most: int) -> bool:
        return False

    async def close(self) -> None:
        self._closed = True

    def _keep(self, change: Callable[[Transaction], T]) -> T:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        answer = self._books.run(change)
        draft = self._books.take_draft()
        self._entries += draft.entries
        self._records += draft.records
        self._grants.update((grant.id, grant) for grant in draft.grants)
        if draft.latest:
            self._hear(tuple(draft.latest))
        return answer

    def _may_go(self) -> list[Entry]:
        """The lines that may be rolled up: no grant or correction of an account that never starts afresh, none of a
        hold that has not ended."""
        return [
            entry
            for entry in self._entries
            if entry.hold_id not in self._books.holds
            and not (entry.cycle_start_ms == 0 and entry.kind in (EntryKind.GRANT, EntryKind.CORRECT))
        ]
