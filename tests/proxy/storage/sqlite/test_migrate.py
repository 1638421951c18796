"""Migrations: each once, in order, whole or not at all, and after a copy of what was there."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bursar.storage.sqlite.file import open_file
from bursar.storage.sqlite.migrate import Step, migrate, shipped_steps, version_of
from bursar.storage.store import StoreUnavailable

FIRST = Step(1, "CREATE TABLE a (n INTEGER); INSERT INTO a VALUES (1), (2), (3);")
SECOND = Step(2, "CREATE TABLE b (n INTEGER); INSERT INTO b SELECT n * 10 FROM a; DROP TABLE a")
THIRD = Step(3, "UPDATE b SET n = n + 1; CREATE INDEX b_n ON b (n);")
BROKEN = Step(4, "UPDATE b SET n = 0; CREATE TABLE b (n INTEGER);")


def tables(database: Path) -> dict[str, list[int]]:
    """All that a file made of the steps above has."""
    with closing(sqlite3.connect(database)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [n for (n,) in connection.execute(f"SELECT n FROM {name} ORDER BY n")] for name in names}  # noqa: S608 - names of this test


def test_shipped_steps_are_numbered_from_one_without_a_gap() -> None:
    assert [step.version for step in shipped_steps()] == list(range(1, len(shipped_steps()) + 1))


def test_each_step_happens_once_in_order(tmp_path: Path) -> None:
    database = tmp_path / "ledger.sqlite3"
    for steps in ((FIRST,), (FIRST, SECOND), (FIRST, SECOND), (FIRST, SECOND, THIRD)):
        with closing(open_file(database, False, steps)) as connection:
            assert version_of(connection) == steps[-1].version
    assert tables(database) == {"b": [11, 21, 31]}


def test_what_was_there_is_copied_before(tmp_path: Path) -> None:
    database = tmp_path / "ledger.sqlite3"
    open_file(database, False, (FIRST,)).close()
    open_file(database, False, (FIRST, SECOND, THIRD)).close()
    copied = tmp_path / "ledger.sqlite3.form1"
    assert tables(copied) == {"a": [1, 2, 3]}
    assert copied.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"ledger.sqlite3", "ledger.sqlite3.form1"}


def test_a_step_that_fails_leaves_the_form_before(tmp_path: Path) -> None:
    database = tmp_path / "ledger.sqlite3"
    open_file(database, False, (FIRST, SECOND, THIRD)).close()
    with pytest.raises(StoreUnavailable, match="table b already exists"):
        open_file(database, False, (FIRST, SECOND, THIRD, BROKEN))
    with closing(open_file(database, False, (FIRST, SECOND, THIRD))) as connection:
        assert version_of(connection) == 3
    assert tables(database) == {"b": [11, 21, 31]}


KILLED_WHILE_MIGRATING = """
import os, signal, sqlite3, sys
from pathlib import Path
from test_migrate import FIRST, SECOND, THIRD
from bursar.storage.sqlite.file import open_file
from bursar.storage.sqlite.migrate import migrate

def migrate_until_killed(database, left):
    def step():
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    connection = sqlite3.connect(database, isolation_level=None)
    connection.set_progress_handler(step, 1)
    migrate(connection, (FIRST, SECOND, THIRD), Path(f"{database}.form1"))
    os._exit(0)

for point in range(5, 2000, 15):
    database = Path(sys.argv[1]) / f"{point}.sqlite3"
    open_file(database, False, (FIRST,)).close()
    child = os.fork()
    if not child:
        migrate_until_killed(database, point)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status))
"""


def test_no_kill_leaves_anything_between_two_forms(tmp_path: Path) -> None:
    forms = {1: {"a": [1, 2, 3]}, 2: {"b": [10, 20, 30]}, 3: {"b": [11, 21, 31]}}
    subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_MIGRATING, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        timeout=60,
        check=True,
    )
    found = []
    for database in tmp_path.glob("*.sqlite3"):
        with closing(sqlite3.connect(database)) as connection:
            found.append(version_of(connection))
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert tables(database) == forms[found[-1]]
    assert set(found) == {1, 2, 3}
    assert len(found) >= 20


def test_a_file_without_any_form_needs_no_copy(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "fresh.sqlite3", isolation_level=None)) as connection:
        migrate(connection, (FIRST,))
        assert version_of(connection) == 1
