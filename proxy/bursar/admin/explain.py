"""POST /explain: what would become of a request: candidates, amounts, who bears them; sends nothing."""

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import read_command, say
from bursar.contract.explained import Explain
from bursar.domain.client_key import ClientKey
from bursar.domain.refusals import UnknownEndpoint, UnknownKey

NOBODY = ClientKey("", b"", "", 0)
"""Asks where no key is named: only what is for every key limits it."""


async def explain(request: web.Request) -> web.Response:
    """The explanation. Raises UnknownKey, and what a request may be refused for before it has a route."""
    context = request.app[CONTEXT]
    command = await read_command(request, Explain)
    if context.explain is None:
        raise UnknownEndpoint("nothing is explained here")
    key = NOBODY
    if command.key:
        named = [each for each in context.client_keys.list() if each.name == command.key]
        if not named:
            raise UnknownKey(f'There is no key "{command.key[:64]}"', param="key")
        key = named[0]
    return say(await context.explain(command, key))
