"""POST /v1/chat/completions."""

from collections.abc import Mapping

from aiohttp import web

from bursar.domain.refusals import Refusal
from bursar.endpoints.accept import accept
from bursar.endpoints.context import Context
from bursar.endpoints.cors import editor_headers
from bursar.endpoints.dry_run import DRY_RUN, explained, is_dry_run
from bursar.endpoints.enter import enter
from bursar.endpoints.http_reply import HttpReply
from bursar.endpoints.kept_reply import KeptReply
from bursar.endpoints.limit_headers import limit_headers
from bursar.endpoints.raw_reply import RawReply
from bursar.endpoints.refuse import refuse
from bursar.pipeline.headers import exchange_headers
from bursar.pipeline.serve import serve


async def chat_completions(request: web.Request, context: Context) -> web.StreamResponse:
    """Hand the call over to the pipeline, and give back what it replied."""
    assembly = context.current()
    call = await accept(request, assembly, context)
    if DRY_RUN in request.headers and is_dry_run(request):
        return await explained(call, assembly, context.ledger)
    limits: Mapping[str, str] = {}
    try:
        with await enter(call, assembly, context) as place:
            limits = limit_headers(call, place)
            readable = editor_headers(request, context.exposures)
            own = {**limits, **readable} if readable else limits
            reply = HttpReply(request, assembly.config.limits.comment_s, own)
            kept = KeptReply(reply, call, context.keeper) if call.key.keep_content else None
            to = RawReply(kept or reply, call.request.custom_tools) if call.request.custom_tools else kept or reply
            try:
                await serve(
                    call, to, assembly=assembly, ledger=context.ledger, publish=context.publish, clock=context.clock
                )
            finally:
                if kept is not None:
                    kept.close()
            return reply.response
    except Refusal as refusal:
        return refuse(refusal, {**exchange_headers(call), **limits})
