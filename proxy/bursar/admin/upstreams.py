"""GET /upstreams, POST /upstreams/{name}/clear and …/check: how upstreams are, and what a person may do about it."""

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import say
from bursar.domain.refusals import UnknownUpstream


async def list_upstreams(request: web.Request) -> web.Response:
    """All of them, each with its routes and their health."""
    return say(tuple(request.app[CONTEXT].feed.snapshot.upstreams.values()))


async def clear_upstream(request: web.Request) -> web.Response:
    """Take an upstream and all its routes for well, whatever was wrong before. Raises UnknownUpstream."""
    name, care = request.match_info["name"], request.app[CONTEXT].upstreams
    if care is None or not care.clear(name):
        raise unknown(name)
    return web.Response(status=204)


async def check_upstream(request: web.Request) -> web.Response:
    """Ask an upstream for its models, which costs nothing. Raises UnknownUpstream."""
    name, care = request.match_info["name"], request.app[CONTEXT].upstreams
    checked = await care.check(name) if care is not None else None
    if checked is None:
        raise unknown(name)
    return say(checked)


def unknown(name: str) -> UnknownUpstream:
    """The refusal where there is no such upstream."""
    return UnknownUpstream(f'There is no upstream "{name}"', param="name")
