"""GET /log: pages of the process's own log, newest first."""

import asyncio

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import integer, say
from bursar.contract.log_line import Level, LogPage
from bursar.domain.refusals import InvalidParameter

MOST_LINES = 500


async def log(request: web.Request) -> web.Response:
    """`before` (the last page's `next`), `limit` (1 to 500), `level` (the least important), `having` (words in it)."""
    asked = integer(request, "limit")
    limit = 50 if asked is None else asked
    if not 1 <= limit <= MOST_LINES:
        raise InvalidParameter(f"limit must be from 1 to {MOST_LINES}", param="limit")
    try:
        least = Level(request.query.get("level", Level.DEBUG.value))
    except ValueError:
        raise InvalidParameter(f"level must be one of {', '.join(Level)}", param="level") from None
    files = request.app[CONTEXT].log
    if files is None:
        return say(LogPage(()))
    before, having = integer(request, "before"), request.query.get("having", "")
    return say(await asyncio.to_thread(files.page, before, limit, least, having))
