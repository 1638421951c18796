"""GET /status, POST /reload, POST /stop: the process itself."""

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import say
from bursar.contract.commands import Reloaded


async def status(request: web.Request) -> web.Response:
    """What runs."""
    return say(await request.app[CONTEXT].status())


async def reload(request: web.Request) -> web.Response:
    """Put the configuration file in force; the problems where it cannot be."""
    return say(Reloaded(await request.app[CONTEXT].reload()))


async def stop(request: web.Request) -> web.Response:
    """Finish what runs, for a bounded time, and end. Answered before it has happened."""
    request.app[CONTEXT].stop()
    return web.Response(status=202)
