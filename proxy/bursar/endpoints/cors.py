"""CORS for one origin alone: Cursor's editor checks its settings from a page of its own, while the proxy is exposed.

Source: Fetch Standard, "CORS protocol". The doorkeeper has refused every other origin before this is reached.
"""

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

from bursar.endpoints.context import CONTEXT
from bursar.exposures import EDITOR_ORIGIN, Exposures

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-type, api-key, x-api-key",
    "Access-Control-Max-Age": "600",
}
_ALLOWED: Mapping[str, str] = MappingProxyType({"Access-Control-Allow-Origin": EDITOR_ORIGIN, "Vary": "Origin"})
_NOBODY: Mapping[str, str] = MappingProxyType({})
_ASKED = "Access-Control-Request-Method"


def preflight(request: web.Request, exposures: Exposures) -> web.Response | None:
    """The answer to the question of a browser whether it may ask; it carries no key and reaches no handler."""
    if request.method == "OPTIONS" and _ASKED in request.headers and _is_editor(request, exposures):
        return web.Response(status=204, headers=_PREFLIGHT)
    return None


async def allow_editor(request: web.Request, response: web.StreamResponse) -> None:
    """Let the editor's page read what it is answered, the refusals included."""
    response.headers.update(editor_headers(request, request.app[CONTEXT].exposures))


def editor_headers(request: web.Request, exposures: Exposures) -> Mapping[str, str]:
    """The headers that let the editor's page read an answer; none for everybody else."""
    return _ALLOWED if exposures.live and _is_editor(request, exposures) else _NOBODY


def _is_editor(request: web.Request, exposures: Exposures) -> bool:
    return exposures.live and request.headers.get("Origin", "").lower() == EDITOR_ORIGIN
