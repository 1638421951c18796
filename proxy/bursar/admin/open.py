"""Opening the local door: at a Unix socket, or where none can be, on loopback with a token in a file."""

import os
import secrets
from pathlib import Path

from aiohttp import web

from bursar.admin.guard import TOKEN
from bursar.admin.wire import problem
from bursar.contract.codec import encode
from bursar.contract.commands import LoopbackDoor
from bursar.contract.places import Places
from bursar.doorkeeper.connection import DoorLimits
from bursar.doorkeeper.door import Door, open_door
from bursar.doorkeeper.listen import listen_at, listen_on, own_folder, takes_path


async def open_admin(app: web.Application, places: Places, *, limits: DoorLimits | None = None) -> Door:
    """The local door, open. Raises CannotListen with a sentence for the operator; AddressTaken if one is open already.

    Whichever way in it is not is removed, so that a client finds one at most.
    """
    if takes_path(places.admin_socket):
        sock = listen_at(places.admin_socket)
        places.admin_token.unlink(missing_ok=True)
        return await open_door(app, [sock], limits=limits, words=problem)
    sockets = listen_on(("127.0.0.1",), 0)
    try:
        app[TOKEN] = secrets.token_urlsafe(32)
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        own_folder(places.admin_token.parent)
        _write_private(places.admin_token, encode(LoopbackDoor(url, app[TOKEN])))
    except BaseException:
        sockets[0].close()
        raise

    async def remove_token(app: web.Application) -> None:
        places.admin_token.unlink(missing_ok=True)

    app.on_cleanup.append(remove_token)
    return await open_door(app, sockets, limits=limits, words=problem)


def _write_private(path: Path, content: bytes) -> None:
    """Replace a file by one of mode 0600, which has that mode before it has any content."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    new.replace(path)
