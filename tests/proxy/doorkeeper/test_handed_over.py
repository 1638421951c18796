"""Sockets of the service manager are taken as sd_listen_fds(3) hands them over, by a process of its own."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bursar.doorkeeper.handed_over import handed_over

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("bash") is None, reason="Linux, and bash to begin"
)

SCRIPT = """
import os, sys
from bursar.doorkeeper.handed_over import handed_over
from bursar.doorkeeper.listen import CannotListen
environ = dict(os.environ)
try:
    sockets = handed_over(environ)
except CannotListen as error:
    sys.exit(str(error))
print(*(each.getsockname()[1] for each in sockets))
print(*(os.get_inheritable(each.fileno()) for each in sockets))
print(*(each.getblocking() for each in sockets))
print(*sorted(name for name in environ if name.startswith("LISTEN_")))
print(*(os.fstat(fd) and fd for fd in (3, 4) if os.path.exists(f"/proc/self/fd/{fd}")))
"""


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        yield one, other


def started(first: int, second: int, **environ: str) -> subprocess.CompletedProcess[str]:
    """A process to which two descriptors are handed over as 3 and 4, with LISTEN_PID its own where `$$` is asked."""
    # The shell moves them: what a process may inherit keeps its number.
    moved = f"exec 3<&{first} 4<&{second}; LISTEN_PID={environ.pop('pid', '$$')} exec {sys.executable} -c '{SCRIPT}'"
    inherited = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environ}
    return subprocess.run(
        ["bash", "-c", moved], pass_fds=(first, second), env=inherited, capture_output=True, text=True
    )


def high(sock: socket.socket) -> int:
    """A descriptor of it beyond those that are handed over."""
    return os.dup2(sock.fileno(), sock.fileno() + 100)


def test_they_are_taken_and_nobody_inherits_them(listening: tuple[socket.socket, socket.socket]) -> None:
    done = started(high(listening[0]), high(listening[1]), LISTEN_FDS="2")
    ports = " ".join(str(each.getsockname()[1]) for each in listening)
    assert done.stdout.splitlines() == [ports, "False False", "False False", "", "3 4"], done.stderr


def test_those_of_other_names_are_closed(listening: tuple[socket.socket, socket.socket]) -> None:
    done = started(high(listening[0]), high(listening[1]), LISTEN_FDS="2", LISTEN_FDNAMES="other:public")
    assert done.stdout.splitlines() == [str(listening[1].getsockname()[1]), "False", "False", "", "4"], done.stderr


def test_those_of_another_process_are_left_alone(listening: tuple[socket.socket, socket.socket]) -> None:
    done = started(high(listening[0]), high(listening[1]), LISTEN_FDS="2", pid="1")
    assert done.stdout.splitlines() == ["", "", "", "", "3 4"], done.stderr


def test_what_does_not_listen_is_refused_in_words(listening: tuple[socket.socket, socket.socket]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        done = started(high(datagrams), high(listening[1]), LISTEN_FDS="1")
    assert done.returncode == 1
    assert done.stderr.strip() == "what was handed over as descriptor 3 does not listen for TCP connections"


def test_a_usual_start_has_none() -> None:
    environ = {"HOME": "/"}
    assert handed_over(environ) == []
    assert handed_over({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "many"}) == []
