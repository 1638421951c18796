"""GET /watch: the state, then every event, one JSON line each, for as long as the watcher keeps up."""

import asyncio

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.domain.refusals import InvalidParameter
from bursar.feed import Position

_MOST_DIGITS = 19
"""Of a number of 64 bits: the feed counts no further."""


async def watch(request: web.Request) -> web.StreamResponse:
    """`since=RUN:SEQ` goes on after that event where the feed still can. An empty line means: still here."""
    context = request.app[CONTEXT]
    watcher = context.feed.watch(_since(request))
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
    try:
        await response.prepare(request)
        while True:
            try:
                async with asyncio.timeout(context.heartbeat_s):
                    lines = await anext(watcher)
            except TimeoutError:
                lines = b"\n"
            except StopAsyncIteration:
                return response
            async with asyncio.timeout(context.patience_s):
                await response.write(lines)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        return response
    finally:
        watcher.close()


def _since(request: web.Request) -> Position | None:
    text = request.query.get("since")
    if text is None:
        return None
    run, colon, seq = text.rpartition(":")
    if not (run and colon and seq.isascii() and seq.isdecimal() and len(seq) <= _MOST_DIGITS):
        raise InvalidParameter("since is written RUN:SEQ", param="since")
    return run, int(seq)
