"""GET, POST and DELETE /keys: list, issue and revoke the keys of client applications."""

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import read_command, say
from bursar.contract.commands import IssueKey, KeyIssued


async def list_keys(request: web.Request) -> web.Response:
    """All keys as a watcher may know them."""
    return say(tuple(request.app[CONTEXT].feed.snapshot.keys.values()))


async def issue_key(request: web.Request) -> web.Response:
    """A new key, shown this once."""
    command = await read_command(request, IssueKey)
    key, text = await request.app[CONTEXT].client_keys.issue(
        command.name, project=command.project, models=command.models, expires_ms=command.expires_ms
    )
    return say(KeyIssued(key.name, text), status=201)


async def revoke_key(request: web.Request) -> web.Response:
    """The key is accepted no longer."""
    await request.app[CONTEXT].client_keys.revoke(request.match_info["name"])
    return web.Response(status=204)
