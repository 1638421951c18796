"""POST /exposures: a public host is answered to for as long as the connection of whoever asked for it is open."""

import asyncio

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import read_command
from bursar.contract.codec import encode
from bursar.contract.exposure import Expose
from bursar.domain.refusals import InvalidParameter, UnknownEndpoint


async def expose(request: web.Request) -> web.StreamResponse:
    """The exposure as a line of JSON, then an empty line now and then, until the connection ends, however that is.

    Raises InvalidParameter and NameTaken.
    """
    context = request.app[CONTEXT]
    exposures = context.exposures
    if exposures is None:
        raise UnknownEndpoint("this proxy cannot be exposed")
    command = await read_command(request, Expose)
    known = {key.name for key in context.client_keys.list()}
    if unknown := [name for name in command.keys if name not in known]:
        raise InvalidParameter(f'There is no key "{unknown[0][:80]}"', param="keys")
    view = exposures.begin(command)
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
    try:
        await response.prepare(request)
        await response.write(encode(view) + b"\n")
        while True:
            try:
                async with asyncio.timeout(context.heartbeat_s):
                    await exposures.until_closed()
                return response
            except TimeoutError:
                async with asyncio.timeout(context.patience_s):
                    await response.write(b"\n")
    except (TimeoutError, ConnectionResetError):
        # Whoever takes none of what is written to it has gone, or may as well have.
        if request.transport is not None:
            request.transport.abort()
        return response
    finally:
        exposures.end(view)
