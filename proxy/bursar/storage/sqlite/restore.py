"""Going back to a backup: the ledger's file is replaced whole by one that was looked at; the present one is kept."""

import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bursar.storage.sqlite.examine import FromBefore, examined
from bursar.storage.sqlite.file import ask, make_folder, reason_of
from bursar.storage.sqlite.lock import OwnerLock
from bursar.storage.sqlite.migrate import copy
from bursar.storage.store import StoreUnavailable
from bursar.whole_file import settle_on_disk

_BESIDE = ("", "-wal", "-shm")
"""The file itself, and what SQLite has beside it while it is open or after a crash."""


def restore(backup: Path, database: Path, now: datetime) -> Path | None:
    """Put a copy of a backup in the place of the ledger; where the ledger that was there is now, if there was one.

    Raises StoreUnavailable where the backup is no sound ledger of ours, where a proxy runs on the ledger, or where
    the disk says no; then the ledger is as it was.
    """
    with suppress(FromBefore):  # the next start takes it over
        examined(backup, lambda reader: None)
    make_folder(database)
    lock = OwnerLock.take(database)
    try:
        fresh = database.with_name(f"{database.name}.restored")
        ask(backup, lambda connection: copy(connection, fresh))
        former = _put_aside(database, now)
        fresh.replace(database)
        settle_on_disk(database.parent)
    except sqlite3.Error as error:
        raise StoreUnavailable(reason_of(error, backup)) from None
    except OSError as error:
        raise StoreUnavailable(f"{database} cannot be replaced: {error.strerror}") from None
    finally:
        lock.release()
    return former


def _put_aside(database: Path, now: datetime) -> Path | None:
    """Rename the present ledger with all that belongs to it, so that nothing of it is taken for the new one's."""
    if not database.exists():
        return None
    former = database.with_name(f"{database.stem}.before-{now:%Y%m%d-%H%M%S}{database.suffix}")
    for each in reversed(_BESIDE):
        beside = database.with_name(database.name + each)
        if beside.exists():
            beside.rename(former.with_name(former.name + each))
    return former
