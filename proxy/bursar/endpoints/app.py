"""The public door's route table, and the one wrapper around every handler."""

import logging
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bursar.domain.refusals import Refusal, UnknownEndpoint, WrongMethod
from bursar.endpoints.billing import add_billing
from bursar.endpoints.chat_completions import chat_completions
from bursar.endpoints.context import CONTEXT, Context
from bursar.endpoints.cors import allow_editor
from bursar.endpoints.let_in import let_in
from bursar.endpoints.models import list_models, one_model
from bursar.endpoints.refuse import refuse

_log = logging.getLogger(__name__)

BASES = (
    "/v1",
    "",
    "/v1/v1",
    "/v1/chat/completions",
    "/v1/chat/completions/v1",
    "/chat/completions",
    "/chat/completions/v1",
    "/cursor/v1",
    "/cursor",
)
"""What users paste as the base URL, with what clients then append to it: all of them mean `/v1`."""


class InternalError(Refusal):
    """A bug of ours."""


def public_app(context: Context) -> web.Application:
    """The application behind the public door."""
    app = web.Application(middlewares=[_at_the_door(context)], client_max_size=0)
    app[CONTEXT] = context
    app.on_response_prepare.append(allow_editor)
    app.router.add_get("/healthz", healthz)
    chat = partial(chat_completions, context=context)
    for base in (*BASES, *(f"/p/{{project}}{base}" for base in BASES)):
        app.router.add_post(f"{base}/chat/completions", chat)
        app.router.add_post(f"{base}/openai/deployments/{{alias}}/chat/completions", chat)
        app.router.add_get(f"{base}/models", list_models)
        app.router.add_get(f"{base}/models/{{model:.+}}", one_model)
        add_billing(app.router, base)
    return app


async def healthz(request: web.Request) -> web.Response:
    """No key, no detail."""
    return web.Response(text="ok")


def _at_the_door(context: Context) -> Middleware:
    """What lets a request in or turns it away, and says every no, also one of aiohttp's or a bug of ours, in OpenAI's
    shape. One for all of it: each middleware is a call more whenever the handler is resumed.
    """

    @web.middleware
    async def at_the_door(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            answer = let_in(request, context)
            return await handler(request) if answer is None else answer
        except Exception as error:
            return _no(request, error)

    return at_the_door


def _no(request: web.Request, error: Exception) -> web.Response:
    match error:
        case Refusal():
            return refuse(error)
        case web.HTTPNotFound():
            return refuse(
                UnknownEndpoint(
                    f"There is no {request.method} {request.path[:200]}; the base URL is http://HOST:PORT/v1."
                )
            )
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            sentence = f"{request.path[:200]} takes {allowed}, not {request.method}."
            return refuse(WrongMethod(sentence), {"Allow": allowed})
        case _:
            _log.error("a request failed by a bug of ours", exc_info=error)
            return refuse(InternalError("Bursar failed by a bug of its own; its log says more."))
