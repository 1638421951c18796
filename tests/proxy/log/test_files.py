"""The files: private, bounded in size and number, and read back in pages from the newest line on."""

import logging
import os
import sys
from pathlib import Path

import pytest

from bursar.contract.log_line import Level, LogLine
from bursar.log.files import LogFiles, PrivateFile
from bursar.log.lines import written


def write(folder: Path, lines: list[LogLine], size: int = 4_000, files: int = 3) -> list[str]:
    """Write lines; what the file had to say of failures."""
    said: list[str] = []
    handler = PrivateFile(LogFiles(folder), size, files, said.append)
    for line in lines:
        handler.handle(logging.LogRecord("x", logging.INFO, "", 0, written(line), None, None))
    handler.close()
    return said


def numbered(count: int) -> list[LogLine]:
    return [
        LogLine(number, number, Level.WARNING if number % 5 == 0 else Level.INFO, "ledger", f"line {number}")
        for number in range(1, count + 1)
    ]


def test_pages_go_back_through_all_files_without_a_gap(tmp_path: Path) -> None:
    write(tmp_path, numbered(60))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bursar.jsonl", "bursar.jsonl.1"]
    files, before, found = LogFiles(tmp_path), None, list[int]()
    while True:
        page = files.page(before, 7)
        found += [line.number for line in page.lines]
        before = page.next
        if before is None:
            break
    assert found == list(range(60, 0, -1))


def test_they_are_bounded_in_size_and_number(tmp_path: Path) -> None:
    write(tmp_path, numbered(1_000))
    each = list(tmp_path.iterdir())
    assert len(each) == 3
    assert sum(file.stat().st_size for file in each) <= 3 * 4_000
    assert LogFiles(tmp_path).page(limit=1).lines[0].number == 1_000


def test_a_page_has_what_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path, numbered(30))
    page = LogFiles(tmp_path).page(limit=3, least=Level.WARNING)
    assert [line.number for line in page.lines] == [30, 25, 20]
    assert page.next == 20
    assert [line.number for line in LogFiles(tmp_path).page(having="LINE 2 7").lines] == [27]
    assert LogFiles(tmp_path / "nowhere").page().lines == ()


def test_long_lines_and_half_of_one_are_read_over(tmp_path: Path) -> None:
    long = LogLine(2, 2, Level.ERROR, "x", "m", trace="y" * 200_000)
    write(tmp_path, [numbered(1)[0], long], size=1_000_000)
    with LogFiles(tmp_path).newest.open("ab") as file:
        file.write(b'{"number":3,"time":"20')
    assert [line.number for line in LogFiles(tmp_path).page().lines] == [2, 1]
    assert LogFiles(tmp_path).page().lines[0] == long


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
def test_only_this_user_may_read_them(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = tmp_path / "log"
        folder.mkdir(mode=0o700)
        (folder / "bursar.jsonl").touch(mode=0o644)
        write(folder, numbered(60))
    finally:
        os.umask(before)
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_a_link_is_not_followed_and_a_failure_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "bursar.jsonl").symlink_to(tmp_path / "elsewhere")
    said = write(tmp_path / "log", numbered(3))
    assert len(said) == 1
    assert "cannot be written" in said[0]
    assert not (tmp_path / "elsewhere").exists()
