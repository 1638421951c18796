"""One owner: a second one is refused within two seconds and told who the first is; a dead one does not matter."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bursar.storage.sqlite import lock
from bursar.storage.sqlite.lock import OwnerLock
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import StoreUnavailable

OWNER = """
import asyncio, sys
from pathlib import Path
from bursar.storage.sqlite.store import SqliteStore

async def own():
    await SqliteStore.open(Path(sys.argv[1]))
    print("open", flush=True)
    await asyncio.Event().wait()

asyncio.run(own())
"""


@contextmanager
def owner(database: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the ledger open."""
    with subprocess.Popen([sys.executable, "-c", OWNER, str(database)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


async def reopened(database: Path) -> None:
    store = await SqliteStore.open(database)
    await store.close()


class Waited:
    """The time of somebody who waits, and does nothing else."""

    def __init__(self) -> None:
        self.s = 0.0

    def monotonic(self) -> float:
        return self.s

    def sleep(self, seconds: float) -> None:
        self.s += seconds


def test_a_second_owner_is_told_of_the_first_within_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, waited = tmp_path / "ledger.sqlite3", Waited()
    with owner(database) as first:
        monkeypatch.setattr(lock, "time", waited)
        with pytest.raises(StoreUnavailable, match=f"in use by process {first.pid}"):
            asyncio.run(reopened(database))
    assert 0.5 < waited.s < 2


def test_what_a_dead_owner_locked_is_taken_over(tmp_path: Path) -> None:
    database = tmp_path / "ledger.sqlite3"
    with owner(database) as first:
        first.kill()
        first.wait()
        asyncio.run(reopened(database))


def test_a_lock_file_that_nobody_holds_does_not_matter(tmp_path: Path) -> None:
    database = tmp_path / "ledger.sqlite3"
    left = tmp_path / "ledger.sqlite3.lock"
    left.write_text(f"{os.getppid()}\n and much more that was left there\n")
    asyncio.run(reopened(database))
    assert left.read_text() == f"{os.getpid()}\n"


def test_an_owner_that_is_just_ending_is_waited_for(tmp_path: Path) -> None:
    database = tmp_path / "ledger.sqlite3"
    first = OwnerLock.take(database)
    with pytest.raises(StoreUnavailable):
        OwnerLock.take(database, patience_s=0)
    first.release()
    OwnerLock.take(database, patience_s=0).release()


def test_a_refused_opening_lets_the_lock_go(tmp_path: Path) -> None:
    database = tmp_path / "ledger.sqlite3"
    database.write_text("not ours")
    with pytest.raises(StoreUnavailable):
        asyncio.run(reopened(database))
    OwnerLock.take(database, patience_s=0).release()
