"""Who may use the local door: this user, known by the Unix socket's peer, or on loopback by the token in a file."""

import hmac
import os
import socket
import struct

from aiohttp import web
from aiohttp.typedefs import Handler

from bursar.domain.refusals import Forbidden, Unauthenticated
from bursar.doorkeeper.examine import Hosts

HOSTS = Hosts(frozenset({"bursar"}), browsers=False)
"""The only Host of the local door: a name that no browser's address bar leads to."""

TOKEN = web.AppKey("token", str)
"""What a client on loopback presents. A door that was given none lets nobody in by loopback."""

_UCRED = struct.Struct("3i")
"""struct ucred (unix(7)): process, user, group."""


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets this user's own programs in. Raises Forbidden or Unauthenticated for all others."""
    sock = request.transport.get_extra_info("socket") if request.transport is not None else None
    if sock is not None and sock.family == getattr(socket, "AF_UNIX", None):
        uid = peer_uid(sock)
        # Root reaches everything of this user's anyway, the file of the socket included.
        if uid is not None and uid not in (os.getuid(), 0):
            raise Forbidden("this door is for the user who runs the proxy")
    elif not _has_token(request):
        raise Unauthenticated("the local door's token is missing or not the present one")
    return await handler(request)


def peer_uid(sock: socket.socket) -> int | None:
    """The user at the other end of a Unix socket, or None where the system does not say.

    There the mode of the socket's folder and file alone keeps others out.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    _, uid, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, option, _UCRED.size))
    return int(uid)


def _has_token(request: web.Request) -> bool:
    token = request.app.get(TOKEN, "")
    scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(presented.encode("utf-8", "surrogateescape"), token.encode("utf-8"))
    return bool(token) and scheme == "Bearer" and same
