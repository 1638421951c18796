"""One call, from its estimate to its last event: the loop over candidate routes."""

import asyncio

from bursar.assembly import Assembly
from bursar.contract.events import AttemptFailed, ExchangeClosed, ExchangeOpened, Publish
from bursar.dialects.lesson import lesson_of
from bursar.domain.clock import Clock
from bursar.domain.exchange import Outcome
from bursar.domain.refusals import CallerFault, ContentRefused, ContextTooLong, Refusal, UpstreamRefusal
from bursar.domain.route import Route
from bursar.ledger.ledger import Ledger
from bursar.pipeline.attempt import Attempt, Trial
from bursar.pipeline.call import Call
from bursar.pipeline.candidates import Candidates
from bursar.pipeline.continuation import Continuation
from bursar.pipeline.counting import Counts, PromptCount
from bursar.pipeline.relay import Ending
from bursar.pipeline.reply import Reply, ReplyState
from bursar.pipeline.sizing import too_long_for
from bursar.routing.facts import Facts


async def serve(
    call: Call, reply: Reply, *, assembly: Assembly, ledger: Ledger, publish: Publish, clock: Clock
) -> None:
    """Take a call to its end. Raises a Refusal where nothing was promised to the client; else the reply has it all."""
    ending = Ending(Outcome.FAILED)
    opened = False
    try:
        candidates, counts = Candidates(call, assembly), Counts(call, assembly)
        publish(_opened(call, (await counts.of(candidates.first)).tokens))
        opened = True
        ending = await _first_that_answers(call, candidates, counts, reply, assembly, ledger, publish, clock)
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
    candidates: Candidates,
    counts: Counts,
    reply: Reply,
    assembly: Assembly,
    ledger: Ledger,
    publish: Publish,
    clock: Clock,
) -> Ending:
    """The ending at the first route that can be held and answers, or that goes on with an answer which was cut.
    Raises the last route's Refusal where nothing was promised to the client.
    """
    loop, health, answer = asyncio.get_running_loop(), assembly.health, Continuation(call, reply, assembly)
    ending: Ending | None = None
    while (route := candidates.next()) is not None:
        if candidates.wait_s:
            await asyncio.sleep(candidates.wait_s)
        asked, ending = await answer.asked(route) if answer.goes_on else call, None
        count = await (counts if asked is call else Counts(asked, assembly)).of(route)
        facts = assembly.facts.of(route)
        too_long = await _too_long(asked, route, count, facts) if facts.window is not None else None
        if too_long is not None:
            publish(_failed(call, route, too_long, clock))
            candidates.does_not_fit(route, too_long)
            continue
        trial = Trial(
            route,
            candidates.tries,
            count,
            candidates.instead_of(route),
            facts,
            candidates.first_event_s(),
            answer.notes,
            answer.spent_nano,
        )
        attempt = Attempt(asked, trial, assembly, ledger, publish, clock)
        begun_s, probe = loop.time(), health.begin(route)
        try:
            ending = await attempt.run(answer.reply)
            if ending.refusal is not None:
                ending.refusal.let_go()
            if ending.refusal is None or not answer.may_go_on(ending, attempt.cost_nano):
                break
            publish(_failed(call, route, ending.refusal, clock))
            candidates.broke(route, ending.refusal)
        except Refusal as refusal:
            refusal.let_go()
            health.failed(route, refusal)
            publish(_failed(call, route, refusal, clock))
            now_s = loop.time()
            refuses_ours = answer.refused(route, refusal)
            if refuses_ours:
                candidates.broke(route, refusal)
            else:
                candidates.refused(route, refusal, now_s, took_s=now_s - begun_s, probe=probe)
            if candidates.may_send and (refuses_ours or _learns_from(refusal, route, asked, assembly)):
                candidates.again(route)
        finally:
            _tell_health(assembly, route, ending)
    ending = await answer.give_up() or ending
    if ending is not None:
        return ending
    if candidates.last is None:
        raise AssertionError("an alias has at least one route")
    if isinstance(candidates.last, UpstreamRefusal):
        # The client's own retries would multiply ours.
        candidates.last.may_retry = False
    raise candidates.last


async def _too_long(call: Call, route: Route, count: PromptCount, facts: Facts) -> ContextTooLong | None:
    """The refusal of a call that cannot fit the route; a prompt still being counted is waited for only if in doubt."""
    if not count.is_exact:
        if too_long_for(route, facts, call.request, count.least * 2 // 3) is None:
            return None
        await count.exact()
    return too_long_for(route, facts, call.request, count.least)


def _tell_health(assembly: Assembly, route: Route, ending: Ending | None) -> None:
    """What an attempt that was no refusal says of its route: that it is well, that it broke, or nothing."""
    if ending is not None and ending.refusal is not None:
        assembly.health.failed(route, ending.refusal)
    elif ending is not None and ending.outcome in (Outcome.COMPLETE, Outcome.CUT):
        assembly.health.completed(route)
    else:
        assembly.health.left(route)


def _learns_from(refusal: Refusal, route: Route, call: Call, assembly: Assembly) -> bool:
    """Whether a no to a parameter taught something new of the route, so that it may be asked without."""
    if not isinstance(refusal, CallerFault) or isinstance(refusal, ContextTooLong | ContentRefused):
        return False
    if refusal.status not in (400, 422):
        return False
    lesson = lesson_of(call.request, refusal.message, refusal.code, refusal.param)
    return lesson is not None and assembly.learned.learn_traits(route, lesson)


def _opened(call: Call, prompt_tokens: int) -> ExchangeOpened:
    request = call.request
    return ExchangeOpened(
        call.at_ms, call.id, call.key.name, call.project, call.client, call.alias, request.stream, prompt_tokens
    )


def _failed(call: Call, route: Route, refusal: Refusal, clock: Clock) -> AttemptFailed:
    return AttemptFailed(clock.now_ms(), call.id, route.upstream, route.model, refusal.code, refusal.message)


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
