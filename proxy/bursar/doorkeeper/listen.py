"""Sockets to listen on: loopback addresses that share a port, and a Unix socket nobody else may open."""

import errno
import os
import socket
import stat
from collections.abc import Sequence
from pathlib import Path

BACKLOG = 512
LONGEST_PATH = 100
"""The longest path of a Unix socket, in bytes: macOS takes 103, Linux 107 (sys/un.h)."""

_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}
_TRIES = 16


class CannotListen(Exception):
    """An address cannot be used; the text is a sentence for the person who asked for it."""


class AddressTaken(CannotListen):
    """Somebody else listens there already."""


def listen_on(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """A listening socket for each address of `hosts`, all with the same port (0: a free one).

    The first host must be there; of the others, those that this machine does not have are left
    out. Raises AddressTaken where any of them is in use, since a client that says `localhost` would
    then reach whichever its resolver names first; CannotListen for all else.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return _listen_on(hosts, port)
        except AddressTaken:
            # A port that is free at one address may be in use at the next.
            if port or attempt == _TRIES:
                raise
    raise AssertionError("the last try returns or raises")


def _listen_on(hosts: Sequence[str], port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for host in hosts:
            for family, address in _addresses(host, port):
                try:
                    sockets.append(_bind(family, (address, port)))
                except OSError as error:
                    if error.errno not in _ABSENT or not sockets:
                        raise _explained(error, address, port) from None
                port = port or sockets[0].getsockname()[1]
    except CannotListen:
        for each in sockets:
            each.close()
        raise
    return sockets


def _addresses(host: str, port: int) -> list[tuple[int, str]]:
    """Family and numeric address of everything a host name means, without repetition."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise CannotListen(f"{host} is no address of this machine") from None
    return list(dict.fromkeys((int(family), str(address[0])) for family, _, _, _, address in found))


def _bind(family: int, address: tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "nt":
            # There, SO_REUSEADDR would let another program take the port from under us.
            sock.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009 - Windows only
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _explained(error: OSError, address: str, port: int) -> CannotListen:
    shown = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    if error.errno == errno.EADDRINUSE:
        return AddressTaken(f"{shown} is in use by {_holder(port)}; stop it, or choose another port")
    if error.errno == errno.EACCES:
        return CannotListen(f"{shown} needs more rights than this user has; choose a port above 1023")
    return CannotListen(f"cannot listen on {shown}: {error.strerror}")


def _holder(port: int) -> str:
    """Who listens on a port, as far as this user may know (Linux: proc_net(5), proc_pid_fd(5))."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*") if inodes else ():
        try:
            if any(str(entry.readlink()) in inodes for entry in (process / "fd").iterdir()):
                name = (process / "comm").read_text("utf-8", "replace").strip()
                return f"{name} (process {process.name})"
        except OSError:
            continue
    return "another program"


def listen_at(path: Path) -> socket.socket:
    """A Unix socket at `path`, mode 0600, in a folder of ours of mode 0700, which is made where it is missing.

    What a process that died left there is replaced. Raises AddressTaken where somebody answers at
    it, CannotListen where the path is too long or the folder belongs to somebody else.
    """
    if not takes_path(path):
        raise CannotListen(f"{path} is too long a path for a socket ({LONGEST_PATH} bytes at most)")
    try:
        own_folder(path.parent)
        _remove_stale(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError as error:
        raise CannotListen(f"cannot listen at {path}: {error.strerror}") from None
    try:
        sock.setblocking(False)
        sock.bind(str(path))
        # Nobody can connect before listen(), so the mode is right before anybody could.
        path.chmod(0o600)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise CannotListen(f"cannot listen at {path}: {error.strerror}") from None
    return sock


def own_folder(folder: Path) -> None:
    """Make sure of a folder that is this user's and nobody else's. Raises CannotListen where it is not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    ours = os.name == "nt" or found.st_uid == os.getuid()
    if not (stat.S_ISDIR(found.st_mode) and ours):
        raise CannotListen(f"{folder} is not a folder of this user")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def takes_path(path: Path) -> bool:
    """Whether this machine has Unix sockets and one fits this path."""
    return hasattr(socket, "AF_UNIX") and len(os.fsencode(path)) <= LONGEST_PATH


def _remove_stale(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise CannotListen(f"{path} is in the way and is no socket; move it elsewhere")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except TimeoutError:
            pass
    raise AddressTaken(f"{path} is in use: another Bursar runs already")
