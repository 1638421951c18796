"""Segments: what is kept is found, goes whole, and leaves nothing behind, whatever the disk and other ends did."""

import resource
import shutil
import stat
import sys
from pathlib import Path

import pytest

from bursar.content.segments import HOUR_MS, Segments, Sort, kept_of_keys
from bursar.domain.exchange import instant_of, new_exchange_id

NOW_MS = 1_795_312_107_000
MOST = 10_000_000


def bodies(files: Segments, exchange_id: str) -> list[tuple[str, bytes]]:
    return sorted((segment.sort.value, body) for segment, body in files.find(exchange_id))


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_what_is_kept_is_found_by_its_call_also_by_the_next_process(tmp_path: Path) -> None:
    files, ids = Segments(tmp_path / "content"), [new_exchange_id(NOW_MS + each) for each in range(3)]
    for each in ids:
        files.append(Sort.MEDIA, "laptop", each, b"picture of " + each.encode(), MOST)
        files.append(Sort.TEXT, "laptop", each, b"text of " + each.encode(), MOST)
    again = Segments(tmp_path / "content")
    again.open()
    for each in ids:
        assert bodies(again, each) == [
            ("media", b"picture of " + each.encode()),
            ("text", b"text of " + each.encode()),
        ]
    assert bodies(again, new_exchange_id(NOW_MS)) == []
    assert bodies(again, "../../../etc/passwd") == []
    assert again.total == files.total == len(on_disk(tmp_path))
    (kept,) = kept_of_keys(again)
    assert (kept.key, kept.since_ms, kept.text_bytes + kept.media_bytes) == (
        "laptop",
        NOW_MS - NOW_MS % HOUR_MS,
        again.total,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_it_is_closed_to_everybody_else(tmp_path: Path) -> None:
    files = Segments(tmp_path / "content")
    files.append(Sort.TEXT, "laptop", new_exchange_id(NOW_MS), b"text", MOST)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "content").rglob("*") if path.is_file()}
    folders = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "content", tmp_path / "content/key-laptop")}
    assert (modes, folders) == ({0o600}, {0o700})


@pytest.mark.parametrize("key", ["laptop", "Laptop", "con", "a.", "A-b_c.D", "0"])
def test_keys_that_some_systems_cannot_tell_apart_have_folders_of_their_own(tmp_path: Path, key: str) -> None:
    files, each = Segments(tmp_path), new_exchange_id(NOW_MS)
    files.append(Sort.TEXT, key, each, b"text", MOST)
    (folder,) = tmp_path.iterdir()
    assert folder.name == folder.name.lower()
    assert not folder.name.endswith(".")
    assert [kept.key for kept in kept_of_keys(files)] == [key]
    assert files.forget(key.swapcase() if key.swapcase() != key else "other") == 0
    assert files.forget(key) > 0
    assert list(tmp_path.rglob("*")) == []


def test_what_is_forgotten_is_in_no_file_any_more(tmp_path: Path) -> None:
    files, ids = Segments(tmp_path / "content"), [new_exchange_id(NOW_MS + each) for each in range(4)]
    for number, each in enumerate(ids):
        key = "laptop" if number < 3 else "ci"
        for sort in Sort:
            files.append(sort, key, each, f"canary {number}".encode() * 50_000, MOST)
    assert files.forget_call(ids[1]) == 2 * 8 * 50_000
    assert b"canary 1" not in on_disk(tmp_path)
    assert bodies(files, ids[1]) == []
    assert len(bodies(files, ids[0])) == len(bodies(files, ids[2])) == 2
    files.forget("laptop")
    assert b"canary 0" not in on_disk(tmp_path)
    assert b"canary 3" in on_disk(tmp_path)
    files.forget()
    assert list(tmp_path.iterdir()) == []
    files.append(Sort.TEXT, "laptop", ids[0], b"and on", MOST)
    assert bodies(files, ids[0]) == [("text", b"and on")]


def test_text_and_media_go_each_at_their_time_and_never_late(tmp_path: Path) -> None:
    files = Segments(tmp_path)
    ids = [new_exchange_id(NOW_MS - hours * HOUR_MS) for hours in (0, 5, 20)]
    for each in ids:
        files.append(Sort.TEXT, "laptop", each, b"text", MOST)
        files.append(Sort.MEDIA, "laptop", each, b"media", MOST)
    files.retire(NOW_MS - 20 * HOUR_MS, NOW_MS - 4 * HOUR_MS)
    assert [[sort for sort, _ in bodies(files, each)] for each in ids] == [["media", "text"], ["text"], []]


def test_the_oldest_gives_way_and_there_is_never_more_than_may_be(tmp_path: Path) -> None:
    files, most = Segments(tmp_path), 100_000
    ids = [new_exchange_id(NOW_MS + each) for each in range(100)]
    for each in ids:
        files.append(Sort.TEXT, "laptop", each, b"x" * 5_000, most)
        assert len(on_disk(tmp_path)) == files.total <= most
    found = [bool(bodies(files, each)) for each in ids]
    assert found == sorted(found)
    assert sum(found) > 15
    files.append(Sort.TEXT, "laptop", ids[0], b"y" * most, most)
    assert files.total <= most


def test_half_a_frame_is_passed_over_and_nothing_is_appended_to_it(tmp_path: Path) -> None:
    files, ids = Segments(tmp_path), [new_exchange_id(NOW_MS + each) for each in range(3)]
    for each in ids[:2]:
        files.append(Sort.TEXT, "laptop", each, each.encode() * 100, MOST)
    (path,) = tmp_path.rglob("*.text")
    whole = path.read_bytes()
    for length in (len(whole) - 1, len(whole) - 1_390, len(whole) // 2 + 10, 3, 0):
        path.write_bytes(whole[:length])
        after = Segments(tmp_path)
        after.open()
        assert len(bodies(after, ids[0])) == (length > len(whole) // 2)
        assert bodies(after, ids[1]) == []
        after.append(Sort.TEXT, "laptop", ids[2], b"after", MOST)
        assert bodies(after, ids[2]) == [("text", b"after")]
        after.forget_call(ids[2])
    path.write_bytes(whole[:-1] + b"?")
    assert bodies(after, ids[1]) == []


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
def test_what_the_disk_takes_in_part_is_taken_back(tmp_path: Path) -> None:
    files, first, second = Segments(tmp_path), new_exchange_id(NOW_MS), new_exchange_id(NOW_MS + 1)
    files.append(Sort.TEXT, "laptop", first, b"first", MOST)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            files.append(Sort.TEXT, "laptop", second, b"x" * 5_000, MOST)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert bodies(files, first) == [("text", b"first")]
    assert b"xxxx" not in on_disk(tmp_path)
    files.append(Sort.TEXT, "laptop", second, b"second", MOST)
    assert bodies(files, second) == [("text", b"second")]


def test_what_the_ledger_may_need_of_the_disk_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, each = Segments(tmp_path / "content"), new_exchange_id(NOW_MS)
    monkeypatch.setattr("bursar.content.segments.LEAST_FREE", shutil.disk_usage(tmp_path).free + 10**9)
    with pytest.raises(OSError, match="left to the ledger"):
        files.append(Sort.TEXT, "laptop", each, b"text", MOST)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "2026-11-22-01.000.text").write_bytes(b"theirs")
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "key-laptop").symlink_to(elsewhere)
    (folder / "note.txt").write_text("mine")
    files = Segments(folder)
    files.open()
    assert files.total == 0
    assert files.forget() == 0
    assert (elsewhere / "2026-11-22-01.000.text").read_bytes() == b"theirs"
    assert (folder / "note.txt").exists()


def test_when_a_call_began_is_in_its_id() -> None:
    assert instant_of(new_exchange_id(NOW_MS)) == NOW_MS
    for wrong in ("", "abc", "i" * 14, "0" * 15, "1" * 13 + "é"):
        assert instant_of(wrong) is None
