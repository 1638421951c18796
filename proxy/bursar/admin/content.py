"""Content of calls at the local door: read one at a time, by whoever owns this machine, and deleted at once."""

import asyncio

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import say
from bursar.content.keeper import Keeper
from bursar.contract.codec import encode
from bursar.domain.refusals import ContentNotDeleted, UnknownEndpoint


async def kept_content(request: web.Request) -> web.Response:
    """How much is kept, of which keys, and for how long."""
    return say(await _keeper(request).kept())


async def call_content(request: web.Request) -> web.Response:
    """What one call asked and was answered; with `?media=1` its media too. Raises UnknownExchange."""
    found = await _keeper(request).find(request.match_info["id"], with_media=request.query.get("media") == "1")
    # It may be megabytes, and calls go on meanwhile.
    return web.Response(body=await asyncio.to_thread(encode, found), content_type="application/json")


async def forget_call(request: web.Request) -> web.Response:
    """The content of one call is deleted. Raises ContentNotDeleted."""
    return await _forget(request, exchange_id=request.match_info["id"])


async def forget(request: web.Request) -> web.Response:
    """That of one key (`?key=NAME`), or all of it. Raises ContentNotDeleted."""
    return await _forget(request, key=request.query.get("key"))


async def _forget(request: web.Request, *, key: str | None = None, exchange_id: str | None = None) -> web.Response:
    try:
        return say(await _keeper(request).forget(key=key, exchange_id=exchange_id))
    except OSError as error:
        raise ContentNotDeleted(f"it could not be deleted: {error.strerror or 'the disk reports an error'}") from None


def _keeper(request: web.Request) -> Keeper:
    keeper = request.app[CONTEXT].keeper
    if keeper is None:
        raise UnknownEndpoint("this proxy keeps no content")
    return keeper


ROUTES = (
    web.get("/content", kept_content, allow_head=False),
    web.delete("/content", forget),
    web.get("/exchanges/{id}/content", call_content, allow_head=False),
    web.delete("/exchanges/{id}/content", forget_call),
)
