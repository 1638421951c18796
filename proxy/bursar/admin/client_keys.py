"""/keys: list, issue, change, rotate and revoke the keys of client applications."""

from aiohttp import web

from bursar.admin.context import CONTEXT
from bursar.admin.wire import read_command, say
from bursar.contract.commands import ChangeKey, IssueKey, KeyIssued, RotateKey


async def list_keys(request: web.Request) -> web.Response:
    """All keys as a watcher may know them, by name."""
    return say(tuple(key for _, key in sorted(request.app[CONTEXT].feed.snapshot.keys.items())))


async def issue_key(request: web.Request) -> web.Response:
    """A new key, shown this once."""
    command = await read_command(request, IssueKey)
    key, text = await request.app[CONTEXT].client_keys.issue_for(command)
    return say(KeyIssued(key.name, text), status=201)


async def change_key(request: web.Request) -> web.Response:
    """The key has the limits that are named; the others stay."""
    command = await read_command(request, ChangeKey)
    await request.app[CONTEXT].client_keys.change(request.match_info["name"], command)
    return web.Response(status=204)


async def rotate_key(request: web.Request) -> web.Response:
    """Another key under the same name, shown this once."""
    command = await read_command(request, RotateKey)
    key, text = await request.app[CONTEXT].client_keys.rotate(request.match_info["name"], command.grace_ms)
    return say(KeyIssued(key.name, text), status=201)


async def disable_key(request: web.Request) -> web.Response:
    """The key is refused until it is enabled."""
    await request.app[CONTEXT].client_keys.disable(request.match_info["name"])
    return web.Response(status=204)


async def enable_key(request: web.Request) -> web.Response:
    """The key is accepted again."""
    await request.app[CONTEXT].client_keys.enable(request.match_info["name"])
    return web.Response(status=204)


async def revoke_key(request: web.Request) -> web.Response:
    """The key is accepted no longer."""
    await request.app[CONTEXT].client_keys.revoke(request.match_info["name"])
    return web.Response(status=204)
