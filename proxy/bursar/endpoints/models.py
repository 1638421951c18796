"""GET /v1/models and /v1/models/{id}: the aliases that this key may use, and what the upstreams list."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

import msgspec
from aiohttp import web

from bursar.assembly import Assembly
from bursar.domain.client_key import ClientKey
from bursar.domain.money import plain_usd
from bursar.domain.refusals import UnknownModel
from bursar.domain.route import FallbackChain, ListedModel
from bursar.endpoints.authenticate import authenticate
from bursar.endpoints.context import CONTEXT


async def list_models(request: web.Request) -> web.Response:
    """All of them, in OpenAI's list: the aliases in the order of the configuration, then `upstream/model`."""
    context = request.app[CONTEXT]
    key = authenticate(request, context)
    assembly, now_ms = context.current(), context.clock.now_ms()
    data = [_described(name, chain, assembly, now_ms) for name, chain in _names(assembly, key)]
    return _json({"object": "list", "data": data})


async def one_model(request: web.Request) -> web.Response:
    """One of them, or any other that this key may ask for. Raises UnknownModel where there is no such."""
    context = request.app[CONTEXT]
    key = authenticate(request, context)
    name, assembly = request.match_info["model"], context.current()
    if not _may_use(key, name):
        raise UnknownModel(f"There is no model {name[:200]!r}; GET /v1/models lists those there are.", param="model")
    return _json(_described(name, assembly.router.candidates(name), assembly, context.clock.now_ms()))


def _names(assembly: Assembly, key: ClientKey) -> Iterator[tuple[str, FallbackChain]]:
    """The names that a key may ask for, each once, with its chain."""
    router = assembly.router
    names = dict.fromkeys(alias.name for alias in router.aliases if not alias.is_glob)
    globs = [alias.name for alias in router.aliases if alias.is_glob]
    for upstream in router.upstreams:
        for model in assembly.listed.of(upstream):
            names[f"{upstream}/{model.id}"] = None
            if any(fnmatchcase(model.id, glob) for glob in globs):
                names[model.id] = None
    for name in names:
        if _may_use(key, name):
            yield name, router.candidates(name)


def _may_use(key: ClientKey, name: str) -> bool:
    return not key.models or any(fnmatchcase(name, pattern) for pattern in key.models)


def _described(name: str, chain: FallbackChain, assembly: Assembly, now_ms: int) -> dict[str, object]:
    """One model: OpenAI's fields, `context_length` where it is known, and under `bursar` what only we know."""
    first = chain[0]
    views = [assembly.route_view(route, now_ms) for route in chain]
    listed = assembly.facts.listed(first) or ListedModel(first.model)
    window, most = views[0].window, views[0].output_limit
    pricing = (
        {"input_usd_per_million": plain_usd(views[0].input_nano), "output_usd_per_million": plain_usd(output_nano)}
        if views[0].input_nano is not None and (output_nano := views[0].output_nano) is not None
        else None
    )
    return {
        "id": name,
        "object": "model",
        "created": assembly.loaded_ms // 1000,
        "owned_by": first.upstream,
        **({"context_length": window} if window is not None else {}),
        **({"max_completion_tokens": most} if most is not None else {}),
        **({"multiplier": listed.multiplier} if listed.multiplier else {}),
        **({"tier": listed.tier} if listed.tier else {}),
        "bursar": {
            "upstream": first.upstream,
            "routes": [str(route) for route in chain],
            "windows": [view.window for view in views],
            "pricing": pricing,
        },
    }


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
