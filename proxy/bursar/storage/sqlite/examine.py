"""Looking into a ledger's file without owning it, also while a proxy does."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bursar.storage.sqlite.file import ask, reason_of
from bursar.storage.sqlite.reader import SqliteReader
from bursar.storage.store import Reader, StoreUnavailable

T = TypeVar("T")


def examined(database: Path, question: Callable[[Reader], T]) -> T:
    """The answer to a question, once SQLite has found the file sound. Nothing is written.

    Raises StoreUnavailable where the file is damaged or cannot be read.
    """

    def look(connection: sqlite3.Connection) -> T:
        found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise StoreUnavailable(f"{database} is damaged ({found}); restore a backup")
        return question(SqliteReader(connection))

    try:
        return ask(database, look)
    except sqlite3.Error as error:
        raise StoreUnavailable(reason_of(error, database)) from None
