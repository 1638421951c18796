"""The public door's route table, and the one wrapper around every handler."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from bursar.domain.refusals import Refusal, UnknownEndpoint, WrongMethod
from bursar.doorkeeper.keeper import doorkeeper
from bursar.endpoints.billing import add_billing
from bursar.endpoints.chat_completions import chat_completions
from bursar.endpoints.context import CONTEXT, Context
from bursar.endpoints.cors import allow_editor, preflight
from bursar.endpoints.dry_run import check_dry_run
from bursar.endpoints.from_outside import narrow
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
    keeper = doorkeeper(lambda: context.exposures.hosts(context.hosts()), lambda request, refusal: refuse(refusal))
    app = web.Application(middlewares=[answer_in_dialect, keeper, preflight, narrow], client_max_size=0)
    app[CONTEXT] = context
    app.on_response_prepare.append(allow_editor)
    app.router.add_get("/healthz", healthz)
    for base in (*BASES, *(f"/p/{{project}}{base}" for base in BASES)):
        app.router.add_post(f"{base}/chat/completions", chat_completions)
        app.router.add_post(f"{base}/openai/deployments/{{alias}}/chat/completions", chat_completions)
        app.router.add_get(f"{base}/models", list_models)
        app.router.add_get(f"{base}/models/{{model:.+}}", one_model)
        add_billing(app.router, base)
    return app


async def healthz(request: web.Request) -> web.Response:
    """No key, no detail."""
    return web.Response(text="ok")


@web.middleware
async def answer_in_dialect(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every no, also one of aiohttp's or a bug of ours, in OpenAI's shape."""
    try:
        check_dry_run(request)
        return await handler(request)
    except Refusal as refusal:
        return refuse(refusal)
    except web.HTTPNotFound:
        return refuse(
            UnknownEndpoint(f"There is no {request.method} {request.path[:200]}; the base URL is http://HOST:PORT/v1.")
        )
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return refuse(WrongMethod(f"{request.path[:200]} takes {allowed}, not {request.method}."), {"Allow": allowed})
    except Exception:
        _log.exception("a request failed by a bug of ours")
        return refuse(InternalError("Bursar failed by a bug of its own; its log says more."))
