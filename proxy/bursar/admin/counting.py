"""GET /counting: by which factors prompts and answers are counted, for each model family at an upstream."""

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import say


async def counting(request: web.Request) -> web.Response:
    """Those of the aliases' routes, and all others that anything was learned of, as they are now."""
    return say(request.app[CONTEXT].calibrations())
