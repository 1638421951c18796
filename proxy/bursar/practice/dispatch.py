"""Dispatch: which request is answered by what, and how a no is put."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import unquote

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from bursar.practice.billing import CALLS, PUBLIC, tell_balance
from bursar.practice.chat import chat
from bursar.practice.completions import complete
from bursar.practice.embeddings import embed
from bursar.practice.faults.framing import answer_early
from bursar.practice.listing import list_models, show_model
from bursar.practice.models import SMALL_PRICE
from bursar.practice.refuse import Declined, error_body
from bursar.practice.state import State
from bursar.practice.tally import Ending, Tally
from bursar.practice.visit import EARLY, EarlyAnswer, Visit, presented_key
from bursar.practice.wire import Said

_log = logging.getLogger(__name__)

COUNTED: dict[str, Callable[[Visit], Awaitable[None]]] = {
    "/v1/chat/completions": chat,
    "/v1/completions": complete,
    "/v1/embeddings": embed,
}
"""What is posted, costs, and is tallied."""

OTHER_ORIGIN_TEXT = "This is the other origin: nobody should have come here."
_IDLE_WAIT_S = 10.0


async def answer_request(request: web.BaseRequest, state: State) -> web.StreamResponse:
    """Answer one request; aiohttp is told only whether the connection goes on."""
    path = request.raw_path.partition("?")[0]
    key = presented_key(request)
    door = COUNTED.get(path) if request.method == "POST" else None
    if door is None:
        visit = Visit(request, path, key, state, Tally().serving(authorized=bool(key)))
        await _through(_look, visit)
    else:
        with state.tally.serving(authorized=bool(key)) as serving:
            visit = Visit(request, path, key, state, serving)
            await _through(door, visit)
    return Said(keep=visit.wire.keep)


async def _through(door: Callable[[Visit], Awaitable[None]], visit: Visit) -> None:
    try:
        if visit.path in COUNTED:
            visit.authorize()
            visit.pay()
        await door(visit)
    except Declined as no:
        visit.serving.ended(Ending.REFUSED)
        visit.wire.answer(no.status, no.body)
    except EarlyAnswer:
        visit.serving.asks_for(EARLY.decode(), SMALL_PRICE)
        visit.serving.ended(Ending.REFUSED)
        await answer_early(visit.wire)
    except (ConnectionError, RequestPayloadError):
        visit.serving.ended(Ending.ABORTED)
        visit.wire.close()
    except Exception as bug:
        # Neither its message nor its traceback: they may quote what was asked.
        _log.error("the practice server failed: %s", type(bug).__name__)
        visit.serving.ended(Ending.BROKEN)
        if visit.wire.began:
            visit.wire.reset()
        else:
            visit.wire.answer(500, error_body("The practice server failed.", "server_error", "internal_error"))


async def _look(visit: Visit) -> None:
    """Everything else than calls: models, balances, and what a test asks of the server itself."""
    method, path = visit.request.method, visit.path
    if (method, path) == ("GET", "/practice/tally"):
        await _tell_tally(visit)
    elif (method, path) == ("POST", "/practice/reset"):
        visit.state.reset()
        visit.wire.answer(200, b"{}")
    elif method == "GET" and path in PUBLIC:
        tell_balance(visit)
    elif method == "GET":
        visit.authorize()
        if path == "/v1/models":
            list_models(visit)
        elif path.startswith("/v1/models/"):
            show_model(visit, unquote(path.removeprefix("/v1/models/")))
        elif path in CALLS:
            tell_balance(visit)
        else:
            raise _unknown(method, path)
    else:
        raise _unknown(method, path)


def _unknown(method: str, path: str) -> Declined:
    return Declined(404, error_body(f"Invalid URL ({method} {path})", "invalid_request_error"))


async def _tell_tally(visit: Visit) -> None:
    """The tally; with `?idle=1` once nothing is in flight, but after ten seconds at the latest."""
    if "idle=1" in visit.request.query_string:
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE_WAIT_S):
                await visit.state.tally.idle()
    visit.wire.answer(200, msgspec.json.encode(visit.state.tally.as_json()))


async def answer_other_origin(request: web.BaseRequest, state: State) -> web.StreamResponse:
    """Count who followed a redirect to here, and whether a key came along; answer as if all were well."""
    state.tally.other_origin.requests += 1
    state.tally.other_origin.authorized += bool(presented_key(request))
    message = {"role": "assistant", "content": OTHER_ORIGIN_TEXT}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return web.json_response(
        {"id": "chatcmpl-other", "object": "chat.completion", "model": "other", "choices": [choice]}
    )
