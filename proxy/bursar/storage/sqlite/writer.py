"""Writer: the one thread that writes the ledger's file, a batch at a time, and checkpoints it in between."""

import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from bursar.storage.books import Draft
from bursar.storage.sqlite.file import reason_of
from bursar.storage.sqlite.rows import write
from bursar.storage.sqlite.words import Words

Errand = Callable[[sqlite3.Connection], None]
"""Something else to do with the connection, whose errors are its own; it leaves no transaction open."""

Landed = Callable[[str | None], None]
"""Told, in the writer's thread, when a batch is on disk (None), or why it is not."""

_CHECKPOINT_PAGES = 4_000
"""How far the log may grow before it is written back: 4 MB, as SQLite does by itself."""

_ROWS_A_PAGE = 10
_PAGES_AN_ERRAND = 150
_PAGES_A_BATCH = 6
"""A batch rewrites the last page of each table, and begins a new one about every so many rows."""


class Writer(threading.Thread):
    """Takes drafts until it is told to stop; then checkpoints for the last time and closes the connection."""

    def __init__(self, connection: sqlite3.Connection, database: Path, words: Words, landed: Landed) -> None:
        super().__init__(name="bursar-ledger-writer", daemon=True)
        self._connection = connection
        self._database = database
        self._landed = landed
        self._words = words
        self._waiting: queue.SimpleQueue[Draft | Errand | None] = queue.SimpleQueue()
        self._pages = 0

    def take(self, draft: Draft) -> None:
        """Write this draft, after those taken before."""
        self._waiting.put(draft)

    def do(self, errand: Errand) -> None:
        """Do this between two drafts."""
        self._waiting.put(errand)

    def stop(self) -> None:
        """End after what was taken."""
        self._waiting.put(None)

    def run(self) -> None:
        while (task := self._waiting.get()) is not None:
            if isinstance(task, Draft):
                self._landed(self._write(task))
            else:
                task(self._connection)
                self._pages += _PAGES_AN_ERRAND
            # After the answer, so that only calls that come just now wait for it.
            if self._pages >= _CHECKPOINT_PAGES:
                self._checkpoint("PASSIVE")
        self._checkpoint("TRUNCATE")
        self._connection.close()

    def _write(self, draft: Draft) -> str | None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            rows = write(self._connection, self._words, draft)
            self._connection.execute("COMMIT")
        except Exception as error:  # a bug as well: nothing may end this thread, and nothing may stay half written
            self._roll_back()
            self._words.drop()
            return reason_of(error, self._database) if isinstance(error, sqlite3.Error) else f"a bug: {error!r}"
        self._words.keep()
        self._pages += _PAGES_A_BATCH + rows // _ROWS_A_PAGE
        return None

    def _roll_back(self) -> None:
        """SQLite has rolled back by itself after most errors; the next batch begins anew in any case."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            return

    def _checkpoint(self, mode: str) -> None:
        """Write the log back into the file. One that fails loses nothing and is tried again later."""
        self._pages = 0
        try:
            self._connection.execute(f"PRAGMA wal_checkpoint({mode})")
        except sqlite3.Error:
            return
