"""The ledger's file: for its owner alone, made whole or not at all, and nothing of a file that is not ours touched."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fakes.samples import record

from bursar.storage.sqlite.migrate import APPLICATION_ID, Step, shipped_steps
from bursar.storage.sqlite.store import SqliteStore
from bursar.storage.store import StoreUnavailable, Transaction

NOBODY = 65534


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.sqlite3"


def filled(database: Path, records: int = 3, steps: tuple[Step, ...] | None = None) -> list[str]:
    """A closed ledger with so many more records; the exchanges of all of them, the last first."""

    def add(transaction: Transaction) -> None:
        for number in range(records):
            transaction.add_record(record(f"x{number}", cost_nano=number))

    async def fill() -> list[str]:
        store = await SqliteStore.open(database, steps=steps)
        await store.submit(add)
        rows = await store.read(lambda reader: reader.history(None, 1000))
        await store.close()
        return [row.exchange_id for _, row in rows]

    return asyncio.run(fill())


def refusal(database: Path) -> str:
    """Why the file is not opened."""
    with pytest.raises(StoreUnavailable) as refused:
        asyncio.run(SqliteStore.open(database))
    assert "\n" not in refused.value.reason
    return refused.value.reason


def seen(database: Path) -> tuple[bytes, int, int]:
    """All that must not change of a file that is left alone."""
    return database.read_bytes(), database.stat().st_mtime_ns, database.stat().st_mode


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """As a user whom file modes hold for."""
    if os.geteuid() != 0:
        yield
        return
    for path in (*folder.parents, folder):
        if path.stat().st_mode & 0o111 != 0o111 and path.stat().st_uid == 0:
            path.chmod(path.stat().st_mode | 0o111)
    for path in (folder, *folder.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_file_and_folder_are_for_their_owner_alone_whatever_the_umask(database: Path, mask: int) -> None:
    async def modes() -> dict[str, int]:
        store = await SqliteStore.open(database)
        await store.submit(lambda transaction: transaction.add_record(record()))
        modes = {path.name: path.stat().st_mode & 0o777 for path in database.parent.iterdir()}
        await store.close()
        return modes

    with umask(mask):
        names = asyncio.run(modes())
    assert database.parent.stat().st_mode & 0o777 == 0o700
    assert set(names) == {
        "ledger.sqlite3",
        "ledger.sqlite3-wal",
        "ledger.sqlite3-shm",
        "ledger.sqlite3.lock",
    }
    assert set(names.values()) == {0o600}


def test_a_file_that_became_readable_for_others_is_closed_to_them(database: Path) -> None:
    filled(database)
    database.chmod(0o644)
    filled(database)
    assert database.stat().st_mode & 0o777 == 0o600


def test_what_was_kept_is_there_after_reopening(database: Path) -> None:
    filled(database, 3)
    assert filled(database, 2) == ["x1", "x0", "x2", "x1", "x0"]


def test_the_file_says_whose_it_is_and_of_which_form(database: Path) -> None:
    filled(database)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (shipped_steps()[-1].version,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_empty_file_is_taken_for_a_new_one(database: Path) -> None:
    database.parent.mkdir()
    database.touch()
    filled(database)


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\0" + bytes(84), b"x"])
def test_a_file_that_is_no_ledger_is_left_as_it_is(database: Path, content: bytes) -> None:
    database.parent.mkdir()
    database.write_bytes(content)
    database.chmod(0o644)
    before = seen(database)
    assert "no ledger of Bursar" in refusal(database)
    assert seen(database) == before


def test_another_programs_database_is_left_as_it_is(database: Path) -> None:
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE theirs (a)")
    before, names = seen(database), set(database.parent.iterdir())
    assert "another program made it" in refusal(database)
    assert seen(database) == before
    assert set(database.parent.iterdir()) - names == {database.with_name("ledger.sqlite3.lock")}


def test_a_newer_form_is_left_as_it_is(database: Path) -> None:
    filled(database)
    filled(database, steps=(*shipped_steps(), Step(99, "CREATE TABLE tomorrow (a)")))
    before, names = seen(database), set(database.parent.iterdir())
    assert "made by a newer Bursar" in refusal(database)
    assert set(database.parent.iterdir()) == names
    assert seen(database) == before


def test_a_damaged_file_is_left_as_it_is(database: Path) -> None:
    filled(database, 200)
    content = bytearray(database.read_bytes())
    for page in range(8 * 1024, len(content), 1024):
        content[page : page + 64] = b"\xff" * 64
    database.write_bytes(content)
    before = seen(database)
    assert "damaged" in refusal(database)
    assert seen(database) == before


def test_a_file_that_cannot_be_written_is_refused_at_the_start(database: Path) -> None:
    filled(database)
    with unprivileged(database.parent):
        database.chmod(0o400)
        assert "read-only" in refusal(database)
        database.chmod(0o600)
        database.parent.chmod(0o500)
        assert str(database) in refusal(database)
        database.parent.chmod(0o700)
        filled(database)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file/data" in refusal(tmp_path / "file" / "data" / "ledger.sqlite3")


KILLED_WHILE_MAKING = """
import asyncio, os, signal, sys
from pathlib import Path
from bursar.storage.sqlite.store import SqliteStore

left, database = int(sys.argv[1]), Path(sys.argv[2])

def count(event, arguments):
    global left
    if event.split(".")[0] in ("open", "os", "sqlite3"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

async def make():
    asyncio.get_running_loop()
    sys.addaudithook(count)
    store = await SqliteStore.open(database)
    await store.close()

asyncio.run(make())
"""


def test_no_kill_while_it_is_made_leaves_half_a_file(database: Path) -> None:
    points = 0
    while True:
        points += 3
        ended = subprocess.run([sys.executable, "-c", KILLED_WHILE_MAKING, str(points), str(database)], timeout=60)
        if ended.returncode == 0:
            break
        assert ended.returncode == -9
        filled(database)
        for path in database.parent.iterdir():
            path.unlink()
    assert points > 10
