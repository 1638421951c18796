"""Sockets as the operating system sees them: shared ports, who holds one, modes of files."""

import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bursar.doorkeeper.listen import LONGEST_PATH, AddressTaken, CannotListen, listen_at, listen_on


@pytest.fixture
def wide_umask() -> Iterator[None]:
    """Files are made with every right, unless their maker says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def test_all_addresses_share_one_free_port() -> None:
    sockets = listen_on(("127.0.0.1", "::1"), 0)
    names = [each.getsockname()[:2] for each in sockets]
    close(sockets)
    assert names[0][0] == "127.0.0.1"
    assert len({port for _, port in names}) == 1
    assert len(names) == 1 + has_ipv6()


def test_a_port_can_be_taken_again_at_once() -> None:
    first = listen_on(("127.0.0.1",), 0)
    port = first[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        accepted, _ = first[0].accept()
        accepted.close()  # who closes first keeps the address busy for a while
    close(first)
    close(listen_on(("127.0.0.1",), port))


def test_a_taken_port_names_its_holder() -> None:
    first = listen_on(("127.0.0.1",), 0)
    port = first[0].getsockname()[1]
    with pytest.raises(AddressTaken) as raised:
        listen_on(("127.0.0.1", "::1"), port)
    close(first)
    assert f"127.0.0.1:{port}" in str(raised.value)
    if sys.platform == "linux":
        assert f"process {os.getpid()}" in str(raised.value)


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback here")
def test_a_port_taken_at_the_second_address_is_taken() -> None:
    other = listen_on(("::1",), 0)
    port = other[0].getsockname()[1]
    with pytest.raises(AddressTaken, match=r"\[::1\]"):
        listen_on(("127.0.0.1", "::1"), port)
    close(other)
    close(listen_on(("127.0.0.1",), port))  # nothing of the attempt was left behind


def test_an_address_of_another_machine_is_explained() -> None:
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1"):
        listen_on(("192.0.2.1",), 0)
    with pytest.raises(CannotListen, match="no address"):
        listen_on(("not a host",), 0)


def test_an_address_that_the_machine_lacks_is_left_out_where_it_is_not_the_first() -> None:
    sockets = listen_on(("127.0.0.1", "192.0.2.1"), 0)
    assert len(sockets) == 1
    close(sockets)


@pytest.mark.usefixtures("wide_umask")
def test_the_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "run" / "admin.sock"
    sock = listen_at(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    sock.close()


@pytest.mark.usefixtures("wide_umask")
def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o777)
    listen_at(folder / "admin.sock").close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root to give a folder away")
    folder = tmp_path / "run"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(CannotListen, match="not a folder of this user"):
        listen_at(folder / "admin.sock")


def test_a_link_is_no_folder_of_ours(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotListen, match="not a folder of this user"):
        listen_at(tmp_path / "run" / "admin.sock")


def test_what_a_dead_process_left_is_replaced_and_a_living_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"
    first = listen_at(path)
    with pytest.raises(AddressTaken, match="another Bursar"):
        listen_at(path)
    first.close()
    second = listen_at(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(path))
    second.close()


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"
    path.write_text("somebody's")
    with pytest.raises(CannotListen, match="no socket"):
        listen_at(path)
    assert path.read_text() == "somebody's"


def test_a_path_too_long_for_a_socket_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CannotListen, match="too long"):
        listen_at(tmp_path / ("x" * LONGEST_PATH) / "admin.sock")
