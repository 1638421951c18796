"""`bursar restore`: back to a backup that was looked at; what is replaced is kept; never while a proxy runs."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

Bursar = Callable[..., Any]


@pytest.fixture
def backup(bursar: Bursar, home: Path) -> Path:
    """A backup with one key in it, of a ledger that has two by now."""
    home.mkdir()
    (home / "config.toml").write_text("[server]\nport = 0\n")
    assert bursar("key", "issue", "first").status == 0
    made = home / "data" / "backups" / "ledger-2026-11-20.sqlite3"
    made.parent.mkdir()
    with (
        closing(sqlite3.connect(home / "data" / "ledger.sqlite3")) as connection,
        closing(sqlite3.connect(made)) as other,
    ):
        connection.backup(other)
    assert bursar("key", "issue", "second").status == 0
    return made


def keys(bursar: Bursar) -> list[str]:
    return [each["name"] for each in bursar("key", "list", "--json").json]


def test_there_and_back(bursar: Bursar, backup: Path, home: Path) -> None:
    listed = bursar("restore").out.splitlines()
    assert listed[1].startswith(str(backup))
    assert listed[1].endswith("sound")
    ran = bursar("restore", str(backup), "--json").json
    assert keys(bursar) == ["first"]
    database, former = home / "data" / "ledger.sqlite3", Path(ran["former"])
    assert database.stat().st_mode & 0o777 == 0o600
    assert bursar("doctor", "--offline").status == 0
    assert bursar("restore", str(former)).out.startswith(
        f"{database} is that of {former.name} again. The one before is"
    )
    assert keys(bursar) == ["first", "second"]


def test_where_the_ledger_is_damaged_or_gone(bursar: Bursar, backup: Path, home: Path) -> None:
    database = home / "data" / "ledger.sqlite3"
    database.write_bytes(b"\xa5" * 8192)
    assert bursar("restore", str(backup)).status == 0
    assert keys(bursar) == ["first"]
    database.unlink()
    ran = bursar("restore", str(backup))
    assert (ran.status, ran.out) == (0, f"{database} is that of {backup.name} again.\n")
    assert keys(bursar) == ["first"]


def test_what_is_no_backup_changes_nothing(bursar: Bursar, backup: Path, home: Path) -> None:
    before = (home / "data" / "ledger.sqlite3").read_bytes()
    content = bytearray(backup.read_bytes())
    content[4096:12288] = b"\xa5" * 8192
    for wrong, why in ((b"dear diary", "no SQLite file"), (bytes(content), "damaged")):
        backup.write_bytes(wrong)
        ran = bursar("restore", str(backup))
        assert ran.status == 1
        assert why in ran.err
        assert why in bursar("restore").out
    assert "There is no file" in bursar("restore", str(home / "nothing")).err
    assert (home / "data" / "ledger.sqlite3").read_bytes() == before


def test_one_that_does_not_add_up(bursar: Bursar, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as connection, connection:
        account = connection.execute("INSERT INTO word (text) VALUES ('cap:x')").lastrowid
        connection.execute("INSERT INTO standing VALUES (?, 0, NULL, 5, 5, 0, 5)", (account,))
    assert "does not add up" in bursar("restore", str(backup)).err


def test_not_while_a_proxy_runs(bursar: Bursar, proxy: str, tmp_path: Path) -> None:
    ran = bursar("restore", str(tmp_path / "anything"))
    assert ran.status == 1
    assert "stop it first (bursar stop)" in ran.err


def test_no_backup_yet(bursar: Bursar, home: Path) -> None:
    assert bursar("restore").out.startswith("There is no backup of ")
