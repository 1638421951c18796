"""Sockets handed over by the service manager, which keeps them open while the proxy is replaced by another one."""

import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

from bursar.doorkeeper.listen import CannotListen

FIRST = 3
"""The first descriptor that is handed over (sd_listen_fds(3))."""
PUBLIC = "public"
"""The name of the public door's sockets (`FileDescriptorName=` of a socket unit)."""

_INET = (socket.AF_INET, socket.AF_INET6)


def handed_over(environ: MutableMapping[str, str], name: str = PUBLIC) -> list[socket.socket]:
    """The listening sockets called `name` that this process was started with; none where none were handed over.

    Where no names were given, all are meant. Those of other names are closed. The variables that
    tell of them (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES, of sd_listen_fds(3)) are taken out of
    `environ`, and no child process inherits the sockets. Raises CannotListen for one that does not
    listen for TCP connections.
    """
    told = [environ.pop(each, "") for each in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")]
    if told[0] != str(os.getpid()) or not (told[1].isascii() and told[1].isdigit()):
        return []
    count = int(told[1])
    names = told[2].split(":") if told[2] else [name] * count
    sockets = []
    for descriptor, called in zip(range(FIRST, FIRST + count), names, strict=False):
        if called == name:
            sockets.append(_listening(descriptor))
        else:
            with suppress(OSError):
                os.close(descriptor)
    return sockets


def _listening(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        raise CannotListen(f"what was handed over as descriptor {descriptor} is no socket: {error.strerror}") from None
    listens = sock.type == socket.SOCK_STREAM and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if sock.family not in _INET or not listens:
        sock.close()
        raise CannotListen(f"what was handed over as descriptor {descriptor} does not listen for TCP connections")
    sock.setblocking(False)
    return sock
