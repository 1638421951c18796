"""CORS for one origin alone: Cursor's editor checks its settings from a page of its own, while the proxy is exposed.

Source: Fetch Standard, "CORS protocol". The doorkeeper has refused every other origin before this is reached.
"""

from aiohttp import web
from aiohttp.typedefs import Handler

from bursar.endpoints.context import CONTEXT
from bursar.exposures import EDITOR_ORIGIN

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-type, api-key, x-api-key",
    "Access-Control-Max-Age": "600",
}
_ASKED = "Access-Control-Request-Method"


@web.middleware
async def preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer the question of a browser whether it may ask; it carries no key and reaches no handler."""
    if request.method == "OPTIONS" and _ASKED in request.headers and _is_editor(request):
        return web.Response(status=204, headers=_PREFLIGHT)
    return await handler(request)


async def allow_editor(request: web.Request, response: web.StreamResponse) -> None:
    """Let the editor's page read what it is answered, the refusals included."""
    if _is_editor(request):
        response.headers["Access-Control-Allow-Origin"] = EDITOR_ORIGIN
        response.headers["Vary"] = "Origin"


def _is_editor(request: web.Request) -> bool:
    exposures = request.app[CONTEXT].exposures
    return exposures.live and request.headers.get("Origin", "").lower() == EDITOR_ORIGIN
