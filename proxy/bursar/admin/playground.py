"""POST /playground: a call of the owner's own, told line by line while it goes; who hangs up cancels it."""

import asyncio
import logging

from aiohttp import web
from msgspec.structs import replace

from bursar.admin.context import CONTEXT
from bursar.admin.line_reply import LineReply
from bursar.admin.wire import read_command
from bursar.contract.codec import encode
from bursar.contract.events import AttemptSettled, Event
from bursar.contract.playground import LONGEST_TALK_BYTES, Ended, Talk
from bursar.domain.exchange import Outcome
from bursar.domain.refusals import Refusal, UnknownEndpoint
from bursar.feed import Feed
from bursar.pipeline.call import Call
from bursar.pipeline.playground import Playground

logger = logging.getLogger(__name__)

SETTLING_S = 2.0
"""How long the end waits for the ledger to have written what the call used."""


async def playground(request: web.Request) -> web.StreamResponse:
    """The lines of `contract/playground.py`. Raises what a request may be refused for before it is a call."""
    context = request.app[CONTEXT]
    if context.playground is None:
        raise UnknownEndpoint("nobody is talked to here")
    call = context.playground.call(await read_command(request, Talk, most_bytes=LONGEST_TALK_BYTES))
    reply, loop = LineReply(), asyncio.get_running_loop()
    since, begun = context.feed.seq, loop.time()
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
    await response.prepare(request)
    async with asyncio.TaskGroup() as group:
        # Whoever hangs up has this handler cancelled, and the group the call with it.
        serving = group.create_task(_served(call, reply, context.playground))
        serving.add_done_callback(lambda served: reply.end())
        while lines := await reply.taken(context.heartbeat_s):
            await response.write(lines)
    ended = _ended(call, reply, context.feed, begun, loop.time())
    if reply.spoke and not ended.settled:
        await _settled(call, context.feed, since)
        ended = _ended(call, reply, context.feed, begun, loop.time())
    await response.write(encode(ended) + b"\n")
    return response


async def _served(call: Call, reply: LineReply, playground: Playground) -> None:
    """Take the call to its end; what it came to is known to the reply."""
    try:
        await playground.serve(call, reply, reply.tell)
    except Refusal as refusal:
        refusal.let_go()
    except Exception:
        logger.exception("a call of the playground failed by a bug of ours")


async def _settled(call: Call, feed: Feed, since: int) -> None:
    """Wait until what the call used is on disk, but not for ever."""

    def is_it(event: Event) -> bool:
        return isinstance(event, AttemptSettled) and event.exchange_id == call.id

    try:
        async with asyncio.timeout(SETTLING_S):
            await feed.wait_for(is_it, since)
    except TimeoutError:
        return


def _ended(call: Call, reply: LineReply, feed: Feed, begun: float, now: float) -> Ended:
    """The last line: how the call ended, and what the ledger says of it so far."""
    first_ms = None if reply.began_at is None else round((reply.began_at - begun) * 1000)
    ended = Ended(call.id, Outcome.FAILED, first_ms=first_ms, total_ms=round((now - begun) * 1000))
    closed, view = reply.closed, feed.snapshot.exchanges.get(call.id)
    if closed is not None:
        ended = replace(
            ended,
            outcome=closed.outcome,
            finish_reason=closed.finish_reason,
            code=closed.code,
            message=closed.message or reply.cut,
        )
    if view is None or not view.attempts:
        return ended
    last = view.attempts[-1]
    answering_s = now - reply.began_at if reply.began_at is not None else 0.0
    return replace(
        ended,
        upstream=last.upstream,
        model=last.model,
        usage=last.usage,
        quality=last.quality,
        cost_nano=view.cost_nano,
        priced=last.priced,
        paid_by=last.paid_by,
        settled=last.quality is not None,
        tokens_per_s=last.usage.completion_tokens / answering_s if last.quality and answering_s > 0 else None,
    )
