"""A file is trusted only where nobody else chooses what is read: not its mode alone, but the whole way to it."""

import os
from pathlib import Path

import pytest

from bursar.secrets.secret import SecretUnavailable
from bursar.secrets.secret_file import read_private, write_private

CANARY = "sk-canary-0123456789"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and owners are those of POSIX")
as_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "keys" / "main"
    write_private(file, CANARY)
    return file


def test_our_own_is_read_through_links_of_ours_too(file: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").symlink_to("keys")
    (tmp_path / "link").symlink_to(tmp_path / "folder" / ".." / "keys" / "main")
    for path in (file, tmp_path / "link", tmp_path / "folder" / "main", tmp_path / "keys" / ".." / "keys" / "main"):
        assert read_private(path) == CANARY + "\n"


@pytest.mark.parametrize("mode", [0o770, 0o777, 0o702])
def test_a_folder_that_others_may_change_is_refused_with_the_command(file: Path, mode: int) -> None:
    file.parent.chmod(mode)
    with pytest.raises(SecretUnavailable, match=f"chmod go-w {file.parent}") as refused:
        read_private(file)
    assert "canary" not in str(refused.value)
    file.parent.chmod(0o1777)  # as /tmp: what is there can be replaced by its owner alone
    assert read_private(file) == CANARY + "\n"


def test_a_link_to_where_others_may_change_it_is_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "key").symlink_to(file)
    (tmp_path / "link").symlink_to("elsewhere/key")
    assert read_private(tmp_path / "link") == CANARY + "\n"
    (tmp_path / "elsewhere").chmod(0o777)
    with pytest.raises(SecretUnavailable, match="In the folder .*elsewhere"):
        read_private(tmp_path / "link")


def test_links_that_lead_in_a_circle_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(SecretUnavailable, match="cannot be read"):
        read_private(tmp_path / "a")


@as_root
def test_what_another_user_owns_on_the_way_is_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    os.chown(tmp_path / "link", 12345, -1, follow_symlinks=False)
    with pytest.raises(SecretUnavailable, match="The link .* belongs to another user"):
        read_private(tmp_path / "link")
    os.chown(file.parent, 12345, -1)
    with pytest.raises(SecretUnavailable, match="The folder .* belongs to another user"):
        read_private(file)
