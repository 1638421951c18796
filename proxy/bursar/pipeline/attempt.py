"""One try at one route: hold, open, relay (holding more as it grows), settle."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bursar.assembly import Assembly
from bursar.contract.events import AttemptStarted, ExchangeProgressed, Publish
from bursar.dialects.openai_chat_request import write_request
from bursar.domain.clock import Clock
from bursar.domain.exchange import Outcome, UsageRecord
from bursar.domain.refusals import Refusal, UpstreamRefusal, UpstreamTimeout
from bursar.domain.route import Route
from bursar.domain.usage import NOTHING, Quality, Usage
from bursar.ledger.ledger import Ledger
from bursar.metering.meter import Meter
from bursar.pipeline.call import Call
from bursar.pipeline.forms import as_stream, whole_answer
from bursar.pipeline.headers import budget_header, cost_comment, cost_header, route_headers
from bursar.pipeline.holding import Holding
from bursar.pipeline.relay import Ending, StreamRelay, StreamTerms
from bursar.pipeline.reply import Reply
from bursar.pipeline.watchdog import Watchdog
from bursar.upstreams.upstream import Answer, Opening

PROGRESS_S = 0.25
"""How often, at most, a running answer is told of."""

_MIB = 1024 * 1024
_LONGEST_ANSWER = 64 * _MIB


@dataclass(frozen=True, slots=True)
class Trial:
    """Which try of a call this is: its route, its number from 1, our count of its prompt in tokens,
    and the first route that gave way, with the reason."""

    route: Route
    number: int
    prompt_tokens: int
    failed: tuple[Route, str] | None = None


class Attempt:
    """One attempt, from its hold to its settlement."""

    def __init__(
        self, call: Call, trial: Trial, assembly: Assembly, ledger: Ledger, publish: Publish, clock: Clock
    ) -> None:
        self._call = call
        self._trial = trial
        self._limits = assembly.config.limits
        self._upstream = assembly.upstreams[trial.route.upstream]
        self._publish = publish
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._begun_at = self._told_at = self._loop.time()
        self._first_at: float | None = None
        self._meter = Meter(trial.prompt_tokens, assembly.counter, trial.route.model)
        self._holding = Holding(call, trial.route, trial.prompt_tokens, assembly, ledger)
        self._ending = Ending(Outcome.LEFT)

    async def run(self, reply: Reply) -> Ending:
        """Take the attempt to its end. Raises a Refusal as long as nothing was promised to the client."""
        async with AsyncExitStack() as holds:
            await self._holding.place(holds)
            body = write_request(self._call.request, self._trial.route.model, self._holding.limit)
            opening = self._upstream.open(self._call.path, body)
            self._tell_start()
            try:
                self._ending = await (self._stream if self._call.request.stream else self._plain)(opening, reply)
            except Refusal as refusal:
                self._ending = Ending(Outcome.REFUSED, refusal=refusal)
                raise
            finally:
                self._settle(opening.delivered, reply.status)
        return self._ending

    async def _stream(self, opening: Opening, reply: Reply) -> Ending:
        times, route = self._upstream.times, self._trial.route
        first_event_by = self._begun_at + times.first_event_s
        async with AsyncExitStack() as opened:
            try:
                async with asyncio.timeout_at(first_event_by):
                    answer = await opened.enter_async_context(opening)
                    answer = await as_stream(answer, _LONGEST_ANSWER, route.upstream)
            except TimeoutError:
                raise self._silent(times.first_event_s) from None
            terms = StreamTerms(
                upstream=route.upstream,
                wants_usage=self._call.request.wants_usage,
                times=times,
                first_event_by=first_event_by,
                total_by=self._begun_at + times.total_s,
                late_usage_s=self._limits.late_usage_s,
                event_limit=self._limits.line_mib * _MIB,
                headers=lambda model: self._headers(answer, model),
                grow=self._room,
                cut=self._why_cut,
                trailer=lambda: cost_comment(self._holding.cost(self._meter.usage)),
            )
            return await StreamRelay(terms, self._meter, reply).run(answer)

    async def _plain(self, opening: Opening, reply: Reply) -> Ending:
        times = self._upstream.times
        try:
            async with Watchdog(self._begun_at + times.total_s) as watch:
                watch.allow_until(self._begun_at + times.first_event_s)
                async with opening as answer:
                    body, heard = await whole_answer(
                        answer, _LONGEST_ANSWER, self._trial.route.upstream, lambda: watch.allow(times.stall_s)
                    )
        except TimeoutError:
            raise self._silent(times.first_event_s) from None
        self._meter.hear(heard)
        if self._meter.owed:
            # A long answer in one piece is counted off the event loop.
            await asyncio.to_thread(self._meter.exact)
        cost = self._holding.cost(self._meter.usage)
        headers = {**self._headers(answer, heard.model or "", spent=cost), **cost_header(cost)}
        if self._holding.limit is not None:
            headers["x-bursar-limit-set"] = str(self._holding.limit)
        await reply.send(200, headers, body)
        return Ending(Outcome.COMPLETE, heard.finish_reason or "")

    async def _room(self) -> bool:
        """Whether what the meter has seen is held; tells of the progress now and then."""
        room = await self._holding.room_for(self._meter)
        now = self._loop.time()
        if now - self._told_at >= PROGRESS_S and not self._meter.owed:
            self._told_at = now
            usage = self._meter.usage
            cost, held = self._holding.cost(usage), self._holding.held.nano
            self._publish(ExchangeProgressed(self._clock.now_ms(), self._call.id, usage.completion_tokens, cost, held))
        return room

    def _headers(self, answer: Answer, model: str, spent: int = 0) -> dict[str, str]:
        """The headers of the answer, once its first event is there."""
        self._first_at = self._loop.time()
        held = self._holding.held
        return {
            **answer.headers,
            **route_headers(self._call, self._trial.route, answer.model or model, self._trial.failed),
            **budget_header(held, spent),
        }

    def _why_cut(self) -> dict[str, object]:
        refused = self._holding.refused
        return {"code": refused.code, "message": refused.message, **refused.detail} if refused is not None else {}

    def _silent(self, limit_s: float) -> Refusal:
        return UpstreamTimeout(f"Upstream {self._trial.route.upstream} sent no answer within {limit_s:g} s.")

    def _tell_start(self) -> None:
        route = self._trial.route
        self._publish(
            AttemptStarted(self._clock.now_ms(), self._call.id, route.upstream, route.model, self._holding.held.nano)
        )

    # --- settling -------------------------------------------------------------------------------

    def _settle(self, delivered: bool, status: int) -> None:
        """Decide the end of the hold. Silence is charged, a no is not."""
        refusal = self._ending.refusal
        worked = delivered and (
            refusal is None or self._meter.heard or (isinstance(refusal, UpstreamRefusal) and refusal.charged)
        )
        if worked:
            # What we cut ourselves is known to the last event; beyond any other cut the upstream may have gone on.
            cut_off = self._ending.outcome in (Outcome.LEFT, Outcome.BROKEN)
            usage, quality = self._meter.bill(after_cut=cut_off)
            self._holding.held.settle(self._holding.asked(usage), self._record(usage, quality, status))
        else:
            self._holding.held.release(self._record(NOTHING, Quality.COUNTED, status))

    def _record(self, usage: Usage, quality: Quality, status: int) -> UsageRecord:
        call, trial, refusal, now = self._call, self._trial, self._ending.refusal, self._loop.time()
        return UsageRecord(
            exchange_id=call.id,
            attempt=trial.number,
            at_ms=self._clock.now_ms(),
            key=call.key.name,
            project=call.project,
            client=call.client,
            alias=call.alias,
            upstream=trial.route.upstream,
            model=trial.route.model,
            status=refusal.status if refusal is not None else status or 499,
            outcome=self._ending.outcome,
            usage=usage,
            quality=quality,
            prompt_counted=trial.prompt_tokens,
            completion_counted=self._meter.counted.completion_tokens,
            price=self._holding.price,
            cost_nano=self._holding.cost(usage),
            first_ms=round((self._first_at - self._begun_at) * 1000) if self._first_at is not None else None,
            total_ms=round((now - self._begun_at) * 1000),
            stream=call.request.stream,
            finish_reason=self._ending.finish_reason,
            refusal=refusal.code if refusal is not None else "",
            notes=self._meter.notes,
        )
