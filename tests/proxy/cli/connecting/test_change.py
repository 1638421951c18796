"""A client's file: shown without keys, written closed to others with a copy, and put back."""

import os
import stat
from pathlib import Path

import pytest

from bursar.cli.connecting import change
from bursar.cli.connecting.client import CannotWrite

OURS = "bk-" + "a1" * 18 + "NwYs"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "client" / "settings.json"
    file.parent.mkdir()
    file.write_text("before\n")
    file.chmod(0o644)
    return file


def connected(record: Path) -> change.Connected:
    found = change.read_record(record)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f'  "apiKey": "{OURS}",', '  "apiKey": "bk-…NwYs",'),
        ("apiKey: sk-proj-abcdefghijklmnop1234", "apiKey: sk-…1234"),
        ("token = 0123456789abcdef", "token = …cdef"),
        ('  "baseUrl": "http://127.0.0.1:4141/v1"', '  "baseUrl": "http://127.0.0.1:4141/v1"'),
        ("keyboard: us", "keyboard: us"),
    ],
)
def test_no_key_is_shown_in_a_difference(line: str, shown: str, tmp_path: Path) -> None:
    assert list(change.difference(tmp_path / "f", "", f"{line}\n"))[-1] == f"+{shown}"


def test_a_file_is_written_closed_to_others_and_put_back(file: Path, tmp_path: Path) -> None:
    record = tmp_path / "data" / "connected" / "x.json"
    backup = change.write(file, "before\n", "with key\n", record, key="x", private=True)
    assert backup is not None
    assert (file.read_text(), backup.read_text()) == ("with key\n", "before\n")
    if os.name == "posix":
        assert [stat.S_IMODE(each.stat().st_mode) for each in (file, backup, record)] == [0o600] * 3
    # A second change keeps the first copy.
    assert change.write(file, "with key\n", "again\n", record, key="x", private=True) == backup
    assert backup.read_text() == "before\n"
    assert change.is_as_written(connected(record))
    change.restore(connected(record), record)
    assert file.read_text() == "before\n"
    assert [each.name for each in file.parent.iterdir()] == ["settings.json"]
    assert change.read_record(record) is None


def test_a_file_that_was_not_there_goes_again(tmp_path: Path) -> None:
    file, record = tmp_path / "new" / "f.json", tmp_path / "x.json"
    assert change.write(file, "", "text\n", record, key="x", private=True) is None
    change.restore(connected(record), record)
    assert not file.exists()


def test_without_a_key_in_it_a_file_stays_as_open_as_it_was(file: Path, tmp_path: Path) -> None:
    change.write(file, "before\n", "after\n", tmp_path / "x.json", key="x", private=False)
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_somebody_elses_change_and_copy_are_not_overwritten(file: Path, tmp_path: Path) -> None:
    record = tmp_path / "x.json"
    (file.parent / "settings.json.bursar-backup").write_text("of another time")
    with pytest.raises(CannotWrite, match="just now"):
        change.write(file, "not what is there\n", "after\n", record, key="x", private=True)
    assert file.read_text() == "before\n"
    backup = change.write(file, "before\n", "after\n", record, key="x", private=True)
    assert backup is not None
    assert backup.name == "settings.json.bursar-backup-2"
    assert (file.parent / "settings.json.bursar-backup").read_text() == "of another time"
    file.write_text("changed by hand\n")
    assert not change.is_as_written(connected(record))


def test_what_a_link_leads_to_is_written_and_the_link_stays(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(file)
    change.write(link, "before\n", "after\n", tmp_path / "x.json", key="x", private=True)
    assert link.is_symlink()
    assert file.read_text() == "after\n"


def test_what_is_no_text_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xff\xfe")
    with pytest.raises(CannotWrite):
        change.present(tmp_path / "f")
    with pytest.raises(CannotWrite):
        change.present(tmp_path)
