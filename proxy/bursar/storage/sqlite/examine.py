"""Looking into a ledger's file without owning it, also while a proxy does."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from bursar.storage.sqlite.file import ask, check_form, check_header, damage, reason_of
from bursar.storage.sqlite.lock import OwnerLock
from bursar.storage.sqlite.migrate import shipped_steps, version_of
from bursar.storage.sqlite.reader import SqliteReader
from bursar.storage.store import Reader, StoreUnavailable

T = TypeVar("T")


class FromBefore(StoreUnavailable):
    """The file is sound, and of an earlier release: the next start takes it over."""


def examined(database: Path, question: Callable[[Reader], T]) -> T:
    """The answer to a question, once SQLite has found the file sound. Nothing is written.

    Raises StoreUnavailable where the file is not ours, is of a newer release, is damaged or cannot be read, and
    FromBefore where it is of an earlier one.
    """
    newest = shipped_steps()[-1].version

    def look(connection: sqlite3.Connection) -> T:
        version = version_of(connection)
        check_form(database, version, newest)
        found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise StoreUnavailable(f"{database} is damaged ({damage(found)})")
        if version < newest:
            raise FromBefore(f"{database} is sound, and of an earlier version: the next start takes it over")
        return question(SqliteReader(connection))

    try:
        check_header(database)
        return ask(database, look)
    except OSError as error:
        raise StoreUnavailable(f"{database} cannot be read: {error.strerror}") from None
    except sqlite3.Error as error:
        raise StoreUnavailable(reason_of(error, database)) from None


def check_free(database: Path) -> None:
    """Raises StoreUnavailable where another process owns the file, or another program has locked it.

    To be asked where no proxy runs; one that starts at this very moment waits for it.
    """
    if not database.with_name(f"{database.name}.lock").exists():
        return  # nobody has ever owned it
    lock = OwnerLock.take(database, patience_s=0.2)
    try:
        with closing(sqlite3.connect(database, timeout=0.5, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise StoreUnavailable(reason_of(error, database)) from None
    finally:
        lock.release()
