"""One call, from its estimate to its last event: the loop over candidate routes."""

import asyncio

from bursar.assembly import Assembly
from bursar.contract.events import AttemptFailed, ExchangeClosed, ExchangeOpened, Publish
from bursar.domain.clock import Clock
from bursar.domain.exchange import Outcome
from bursar.domain.refusals import Refusal
from bursar.domain.route import FallbackChain, Route
from bursar.ledger.ledger import Ledger
from bursar.pipeline.attempt import Attempt, Trial
from bursar.pipeline.call import Call
from bursar.pipeline.relay import Ending
from bursar.pipeline.reply import Reply, ReplyState

_COUNT_IN_THREAD = 32 * 1024
"""More new text than this, in bytes, is counted off the event loop."""


async def serve(
    call: Call, reply: Reply, *, assembly: Assembly, ledger: Ledger, publish: Publish, clock: Clock
) -> None:
    """Take a call to its end. Raises a Refusal where nothing was promised to the client; else the reply has it all."""
    ending = Ending(Outcome.FAILED)
    opened = False
    try:
        candidates = assembly.router.candidates(call.alias)[: assembly.config.limits.max_attempts]
        prompt_tokens = await count_prompt(call, candidates[0], assembly)
        publish(_opened(call, prompt_tokens))
        opened = True
        ending = await _first_that_answers(call, candidates, prompt_tokens, reply, assembly, ledger, publish, clock)
    except Refusal as refusal:
        ending = Ending(Outcome.REFUSED, refusal=refusal)
        raise
    except asyncio.CancelledError:
        # The reply knows what the client got; how this function is left does not.
        ending = Ending(Outcome.COMPLETE if reply.state is ReplyState.FINISHED else Outcome.LEFT)
        raise
    finally:
        if not opened:
            publish(_opened(call, 0))
        publish(_closed(call, ending, reply, clock))


async def _first_that_answers(
    call: Call,
    candidates: FallbackChain,
    prompt_tokens: int,
    reply: Reply,
    assembly: Assembly,
    ledger: Ledger,
    publish: Publish,
    clock: Clock,
) -> Ending:
    """The ending at the first route that can be held and answers. Raises the last route's Refusal."""
    failed: tuple[Route, str] | None = None
    for number, route in enumerate(candidates, 1):
        if number > 1:
            prompt_tokens = await count_prompt(call, route, assembly)
        trial = Trial(route, number, prompt_tokens, failed)
        try:
            return await Attempt(call, trial, assembly, ledger, publish, clock).run(reply)
        except Refusal as refusal:
            publish(AttemptFailed(clock.now_ms(), call.id, route.upstream, route.model, refusal.code, refusal.message))
            if not refusal.next_route or number == len(candidates):
                raise
            failed = failed or (route, refusal.code)
    raise AssertionError("an alias has at least one route")


async def count_prompt(call: Call, route: Route, assembly: Assembly) -> int:
    """Our own count of the prompt, in tokens; in a thread where much of it is new."""
    parts, counter = call.request.parts, assembly.counter
    if counter.fresh_bytes(parts, route.model) > _COUNT_IN_THREAD:
        return await asyncio.to_thread(counter.prompt_tokens, parts, route.model)
    return counter.prompt_tokens(parts, route.model)


def _opened(call: Call, prompt_tokens: int) -> ExchangeOpened:
    request = call.request
    return ExchangeOpened(
        call.at_ms, call.id, call.key.name, call.project, call.client, call.alias, request.stream, prompt_tokens
    )


def _closed(call: Call, ending: Ending, reply: Reply, clock: Clock) -> ExchangeClosed:
    now_ms, refusal = clock.now_ms(), ending.refusal
    return ExchangeClosed(
        now_ms,
        call.id,
        ending.outcome,
        reply.status or (refusal.status if refusal is not None else 499 if ending.outcome is Outcome.LEFT else 500),
        refusal.code if refusal is not None else "",
        refusal.message if refusal is not None else "",
        ending.finish_reason,
        now_ms - call.at_ms,
    )
