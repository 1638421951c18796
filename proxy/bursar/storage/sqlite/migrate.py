"""Migrations: applies migrations/*.sql once each, in order, each in its own transaction, after a copy of the file."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from bursar.whole_file import settle_on_disk

APPLICATION_ID = 0x42555253
"""`BURS`: how a file of ours is told from any other SQLite file."""


@dataclass(frozen=True, slots=True)
class Step:
    """One migration: the version it leads to, and its SQL."""

    version: int
    sql: str


def shipped_steps() -> tuple[Step, ...]:
    """The migrations that this release brings, in order: 0001_….sql leads to version 1."""
    scripts = [each for each in (files(__package__) / "migrations").iterdir() if each.name.endswith(".sql")]
    return tuple(Step(int(each.name[:4]), each.read_text("utf-8")) for each in sorted(scripts, key=lambda s: s.name))


def migrate(connection: sqlite3.Connection, steps: Sequence[Step], copy_to: Path | None = None) -> None:
    """Bring the file to the last step's version.

    A file that is behind is first copied to `copy_to`, if given. Killed at any moment it leaves
    the file at one version or at the next, never between: SQLite keeps the version in the same
    transaction. Raises sqlite3.Error, after which the file is as before the failing step.
    """
    version = version_of(connection)
    missing = [step for step in steps if step.version > version]
    if missing and copy_to is not None:
        copy(connection, copy_to)
    for step in missing:
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{step.sql};\n"
                f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {step.version};\nCOMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise


def version_of(connection: sqlite3.Connection) -> int:
    """The version that the file is at; 0 where nothing was applied."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def copy(connection: sqlite3.Connection, target: Path) -> None:
    """A whole copy of the file, checked, mode 0600, which appears under its name only once it is on disk.

    Raises sqlite3.Error, also where what was copied is damaged, and OSError.
    """
    draft = target.with_name(target.name + ".part")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    draft.chmod(0o600)
    with closing(sqlite3.connect(draft)) as other:
        connection.backup(other)
        other.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        found = str(other.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged: {found}")
    settle_on_disk(draft)
    draft.replace(target)
    settle_on_disk(target.parent)
