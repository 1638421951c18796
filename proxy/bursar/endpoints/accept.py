"""A request, turned into a Call: who asks, size and time limits, the body, the model that the key may use."""

import asyncio
from functools import lru_cache

import msgspec
from aiohttp import web

from bursar.assembly import Assembly
from bursar.dialects.fallback_fields import read_fallback
from bursar.dialects.openai_chat_request import held_to, read_request
from bursar.dialects.openings import Messages
from bursar.domain.exchange import new_exchange_id
from bursar.doorkeeper.body import read_body
from bursar.endpoints.authenticate import authenticate, project_of
from bursar.endpoints.context import Context
from bursar.endpoints.from_outside import EXPOSURE, alias_meant
from bursar.log.redact import without_shapes
from bursar.pipeline.call import Call
from bursar.pipeline.permitted import check_model

_LONGEST_CLIENT = 80
_CLIENTS_KNOWN = 64
_MIB = 1024 * 1024
_LONG_BYTES = 256 * 1024


async def accept(request: web.Request, assembly: Assembly, context: Context) -> Call:
    """The call that a chat completions request makes. Raises the refusal where it makes none."""
    key = authenticate(request, context)
    limits = assembly.config.server
    body = await read_body(request, most_bytes=limits.body_limit_mib * _MIB, time_s=limits.body_s, room=context.room)
    # Azure's way of asking: the address names the model, whatever the body says.
    chat = read_request(body, request.match_info.get("alias", ""), context.openings)
    if len(body) > _LONG_BYTES and not isinstance(chat.parts.messages, Messages):
        # Reading all of it took a millisecond or more, and counting it will: what has come for others goes first.
        await asyncio.sleep(0)
    if request[EXPOSURE] is not None:
        names = {alias.name for alias in assembly.router.aliases}
        chat = msgspec.structs.replace(chat, model=alias_meant(chat.model, names))
    fallback = read_fallback(chat.fields, chat.model)
    check_model(key, chat.model)
    if fallback is not None:
        for model in fallback.models:
            check_model(key, model)
    most = key.limits.max_tokens
    asked, chat = chat, chat if most is None else held_to(chat, most)
    now_ms = context.clock.now_ms()
    return Call(
        new_exchange_id(now_ms),
        now_ms,
        key,
        project_of(request, key),
        client_of(request),
        chat,
        fallback=fallback,
        limit_set=None if chat is asked else most,
    )


def client_of(request: web.Request) -> str:
    """The program that asks, by the first word of its User-Agent; a key that was put there is not told on."""
    return _client(request.headers.get("User-Agent", ""))


@lru_cache(_CLIENTS_KNOWN)
def _client(user_agent: str) -> str:
    return without_shapes(user_agent.split(" ")[0][:_LONGEST_CLIENT])
