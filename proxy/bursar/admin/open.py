"""Opening the local door: at a Unix socket, or where none can be, on loopback with a token in a file."""

import secrets

from aiohttp import web

from bursar.admin.guard import TOKEN
from bursar.admin.wire import problem
from bursar.contract.codec import encode
from bursar.contract.commands import LoopbackDoor
from bursar.contract.places import Places
from bursar.doorkeeper.connection import DoorLimits
from bursar.doorkeeper.door import Door, open_door
from bursar.doorkeeper.listen import listen_at, listen_on, own_folder, takes_path
from bursar.whole_file import write_whole


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
        write_whole(places.admin_token, encode(LoopbackDoor(url, app[TOKEN])))
    except BaseException:
        sockets[0].close()
        raise

    async def remove_token(app: web.Application) -> None:
        places.admin_token.unlink(missing_ok=True)

    app.on_cleanup.append(remove_token)
    return await open_door(app, sockets, limits=limits, words=problem)
