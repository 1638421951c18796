"""Files appear whole, for their user alone whatever the umask, and follow no link that somebody planted."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bursar.whole_file import write_whole, written_beside

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")


@pytest.fixture(autouse=True)
def open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_file_and_folder_are_their_users_alone(tmp_path: Path) -> None:
    target = tmp_path / "new" / "secret"
    write_whole(target, b"one")
    assert (mode(target), mode(target.parent), target.read_bytes()) == (0o600, 0o700, b"one")
    target.chmod(0o666)
    write_whole(target, b"two")
    assert (mode(target), target.read_bytes()) == (0o600, b"two")
    write_whole(target, b"three", 0o644)
    assert (mode(target), target.read_bytes()) == (0o644, b"three")
    assert list(target.parent.iterdir()) == [target]


def test_a_link_in_its_place_is_replaced_and_what_it_leads_to_is_left_alone(tmp_path: Path) -> None:
    elsewhere, target = tmp_path / "elsewhere", tmp_path / "target"
    elsewhere.write_bytes(b"not ours")
    target.symlink_to(elsewhere)
    write_whole(target, b"ours")
    assert not target.is_symlink()
    assert (target.read_bytes(), elsewhere.read_bytes()) == (b"ours", b"not ours")


def test_a_name_beside_that_is_taken_is_not_written_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere, target = tmp_path / "elsewhere", tmp_path / "target"
    monkeypatch.setattr("secrets.token_hex", lambda size: "guessed")
    (tmp_path / ".target.guessed").symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        write_whole(target, b"ours")
    assert not elsewhere.exists()
    assert not target.exists()


def test_it_can_be_read_by_nobody_else_before_it_has_its_mode_and_what_fails_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")

    def fail() -> None:
        with written_beside(target, b"new") as new:
            assert mode(new) == 0o600
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
