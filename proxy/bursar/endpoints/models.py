"""GET /v1/models and /v1/models/{id}: the aliases that this key may use."""

from fnmatch import fnmatchcase

import msgspec
from aiohttp import web

from bursar.domain.client_key import ClientKey
from bursar.domain.refusals import UnknownModel
from bursar.domain.route import ModelAlias
from bursar.endpoints.authenticate import authenticate
from bursar.endpoints.context import CONTEXT, Context


async def list_models(request: web.Request) -> web.Response:
    """All of them, in OpenAI's list."""
    context = request.app[CONTEXT]
    key = authenticate(request.headers, context.keys, context.clock)
    return _json({"object": "list", "data": [_described(alias, context) for alias in _allowed(context, key)]})


async def one_model(request: web.Request) -> web.Response:
    """One of them. Raises UnknownModel where this key has no such."""
    context = request.app[CONTEXT]
    key = authenticate(request.headers, context.keys, context.clock)
    name = request.match_info["model"]
    for alias in _allowed(context, key):
        if alias.name == name:
            return _json(_described(alias, context))
    raise UnknownModel(f"There is no model {name[:200]!r}; GET /v1/models lists those there are.", param="model")


def _allowed(context: Context, key: ClientKey) -> list[ModelAlias]:
    aliases = context.current().router.aliases
    return [a for a in aliases if not key.models or any(fnmatchcase(a.name, pattern) for pattern in key.models)]


def _described(alias: ModelAlias, context: Context) -> dict[str, object]:
    first = alias.chain[0]
    return {
        "id": alias.name,
        "object": "model",
        "created": context.current().loaded_ms // 1000,
        "owned_by": first.upstream,
        "bursar": {"routes": [str(route) for route in alias.chain]},
    }


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
