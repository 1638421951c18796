"""Backups: one copy of the ledger a day beside it, the oldest given up for the newest."""

from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

FOLDER = "backups"


def backups_of(database: Path) -> list[Path]:
    """The backups of a ledger, the oldest first."""
    return sorted((database.parent / FOLDER).glob(f"{database.stem}-????-??-??{database.suffix}"))


async def back_up_daily(
    database: Path, today: date, kept: int, back_up: Callable[[Path], Awaitable[None]]
) -> Path | None:
    """Make today's backup by `back_up`, unless there is one, and remove all but the last `kept`; the new one, if any.

    With a `kept` of 0 nothing is made or removed. Raises OSError and what `back_up` raises, and
    then has removed nothing.
    """
    target = database.parent / FOLDER / f"{database.stem}-{today:%Y-%m-%d}{database.suffix}"
    if kept == 0 or target.exists():
        return None
    if not target.parent.exists():
        target.parent.mkdir(mode=0o700)
    await back_up(target)
    for old in backups_of(database)[:-kept]:
        old.unlink(missing_ok=True)
    return target
