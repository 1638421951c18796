"""GET /statement and GET /exchanges/{id}: a month with every transaction, and one call with every attempt."""

import asyncio

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import say
from bursar.contract.codec import encode
from bursar.domain.refusals import InvalidParameter, UnknownExchange


async def statement(request: web.Request) -> web.Response:
    """The statement of a `month` (YYYY-MM), else of the present one up to now."""
    try:
        month = await request.app[CONTEXT].statement.month(request.query.get("month"))
    except ValueError as error:
        raise InvalidParameter(str(error), param="month") from None
    # A month may have tens of thousands of lines, and calls go on meanwhile.
    return web.Response(body=await asyncio.to_thread(encode, month), content_type="application/json")


async def exchange(request: web.Request) -> web.Response:
    """One exchange: its attempts, their prices, who paid. Raises UnknownExchange."""
    try:
        found = await request.app[CONTEXT].statement.exchange(request.match_info["id"])
    except LookupError as error:
        raise UnknownExchange(str(error), param="id") from None
    return say(found)
