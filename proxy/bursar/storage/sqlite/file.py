"""The ledger's file: made, looked at before anything touches it, and opened for its one owner."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from bursar.storage.sqlite.migrate import APPLICATION_ID, Step, migrate, version_of
from bursar.storage.store import StoreUnavailable
from bursar.whole_file import settle_on_disk

T = TypeVar("T")

_MAGIC = b"SQLite format 3\0"
_ID_AT = 68
"""Where a database's header keeps its application id (https://www.sqlite.org/fileformat2.html, 1.3)."""

_PAGE_BYTES = 1024
"""Small: a batch appends to each table, and writes the whole last page of each, three times over to the disk."""

_INCREMENTAL = 2
"""Pages that are no longer used can be given back, in steps (https://www.sqlite.org/pragma.html#pragma_auto_vacuum)."""

_BUSY_S = 2.0
"""How long a foreign program that locks the file is waited for; nothing of ours ever does."""

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_LOCKED: "another program has locked it",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore a backup",
    sqlite3.SQLITE_NOTADB: "it is damaged; restore a backup",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; are file and folder there, and are they yours?",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
}


class FromLater(StoreUnavailable):
    """The file is of a newer release."""


def reason_of(error: sqlite3.Error, database: Path) -> str:
    """What a SQLite error means, in a sentence without its full stop."""
    code = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    words = _REASONS.get(code & 0xFF) if code is not None else None
    return f"{database} cannot be used: {words or error} ({name})"


def open_file(database: Path, full: bool, steps: Sequence[Step]) -> sqlite3.Connection:
    """The one connection that writes and checkpoints; `full` flushes the disk for each batch.

    A file that is not there, or is empty, is made, mode 0600, in a folder of mode 0700. A file that
    is not ours, is damaged, or is of a newer release is refused and not one byte of it is changed.
    Raises StoreUnavailable for all that can go wrong.
    """
    try:
        if not database.exists() or database.stat().st_size == 0:
            _make(database, steps)
        check_header(database)
        if not os.access(database, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise StoreUnavailable(f"{database} cannot be used: it is read-only")
        _look(database, steps[-1].version)
        database.chmod(0o600)
        return _open(database, full, steps)
    except OSError as error:
        raise StoreUnavailable(f"{database} cannot be used: {error.strerror}") from None
    except sqlite3.Error as error:
        raise StoreUnavailable(reason_of(error, database)) from None


def make_folder(database: Path) -> None:
    """Make the folder of a database, for its owner alone whatever the umask, where it is not there."""
    if not database.parent.exists():
        try:
            database.parent.mkdir(parents=True)
            database.parent.chmod(0o700)
        except OSError as error:
            raise StoreUnavailable(f"{database.parent} cannot be made: {error.strerror}") from None


def ask(database: Path, question: Callable[[sqlite3.Connection], T], *, unchanging: bool = False) -> T:
    """The answer to a question by a connection of its own, which cannot write and never checkpoints.

    Where nobody writes and no log is left, `unchanging` leaves no trace beside the file either.
    SQLite before 3.51.3 may damage a file that two connections write or checkpoint at one moment
    (https://www.sqlite.org/wal.html, "The WAL-Reset Bug"); so only one ever does.
    """
    where = f"{database.absolute().as_uri()}?mode=ro{'&immutable=1' if unchanging else ''}"
    with closing(sqlite3.connect(where, uri=True, timeout=_BUSY_S, isolation_level=None)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("BEGIN")  # all that the question reads is of one moment
        return question(connection)


def _make(database: Path, steps: Sequence[Step]) -> None:
    """Make a file whole under another name first, so that no end of the process leaves half a file under this one."""
    draft = database.with_name(database.name + ".new")
    for leftover in (draft, draft.with_name(draft.name + "-journal")):
        leftover.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    draft.chmod(0o600)
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")  # before the first table, or it takes a VACUUM
        migrate(connection, steps)
    settle_on_disk(draft)
    draft.replace(database)
    settle_on_disk(database.parent)


def check_header(database: Path) -> None:
    """Raises StoreUnavailable for a file that is not ours, without any part of SQLite having seen it."""
    with database.open("rb") as file:
        header = file.read(100)
    if header[: len(_MAGIC)] != _MAGIC:
        raise StoreUnavailable(f"{database} is no ledger of Bursar (it is no SQLite file); it was left as it is")
    if int.from_bytes(header[_ID_AT : _ID_AT + 4], "big") != APPLICATION_ID:
        raise StoreUnavailable(f"{database} is no ledger of Bursar (another program made it); it was left as it is")


def _look(database: Path, newest: int) -> None:
    """Raises StoreUnavailable for a damaged or a newer file, and sqlite3.Error for one that cannot be read."""

    def look(connection: sqlite3.Connection) -> tuple[int, str]:
        return version_of(connection), str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])

    log = database.with_name(f"{database.name}-wal")
    version, found = ask(database, look, unchanging=not log.exists() or log.stat().st_size == 0)
    check_form(database, version, newest)
    if found != "ok":
        raise StoreUnavailable(f"{database} is damaged ({damage(found)}); it was left as it is; restore a backup")


def check_form(database: Path, version: int, newest: int) -> None:
    """Raises FromLater for a file of a newer release."""
    if version > newest:
        raise FromLater(
            f"{database} was made by a newer Bursar (form {version}, this one knows {newest}); it was left as it is"
        )


def damage(found: str) -> str:
    """What SQLite found, in its own words, which may have a heading before them."""
    return found.strip().splitlines()[-1]


def _open(database: Path, full: bool, steps: Sequence[Step]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        database, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
        # The writer checkpoints by itself, after it has answered; a commit never waits for one.
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA mmap_size = 0")
        connection.execute("BEGIN IMMEDIATE")  # fails at once where nothing can be written
        connection.execute("ROLLBACK")
        version = version_of(connection)
        if version < steps[-1].version:
            migrate(connection, steps, database.with_name(f"{database.name}.form{version}"))
        _make_shrinkable(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_shrinkable(connection: sqlite3.Connection) -> None:
    """Write a file that was made without it anew, so that it can give space back; where that fails, another time."""
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] == _INCREMENTAL:
        return
    with suppress(sqlite3.OperationalError):
        connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
        connection.execute("VACUUM")
