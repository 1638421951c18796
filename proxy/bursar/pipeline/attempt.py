"""One try at one route: hold, open, relay (holding more as it grows), settle."""

import asyncio
from dataclasses import replace
from functools import partial

import msgspec

from bursar.assembly import Assembly
from bursar.config.schema import Times
from bursar.contract.events import AttemptStarted, ExchangeProgressed, Publish
from bursar.dialects.repair import write_repaired
from bursar.dialects.traits import PLAIN
from bursar.domain.clock import Clock
from bursar.domain.exchange import Outcome, UsageRecord
from bursar.domain.money import plain_usd
from bursar.domain.refusals import OverBudget, Refusal, UpstreamRefusal, UpstreamTimeout
from bursar.domain.route import Route, same_model
from bursar.domain.usage import NOTHING, Quality, Usage
from bursar.ledger.ledger import Ledger
from bursar.metering.meter import Meter
from bursar.pipeline.call import Call
from bursar.pipeline.counting import PromptCount, noted
from bursar.pipeline.forms import as_stream, whole_answer
from bursar.pipeline.headers import add_route, add_standing, cost_comment, printable
from bursar.pipeline.holding import Holding, tier_of
from bursar.pipeline.relay import Ending, StreamRelay, StreamTerms
from bursar.pipeline.reply import Reply
from bursar.pipeline.watchdog import Watchdog
from bursar.routing.facts import Facts
from bursar.upstreams.upstream import Answer, Opening

PROGRESS_S = 0.25
"""How often, at most, a running answer is told of."""

_LEFT = Ending(Outcome.LEFT)
"""How an attempt ends of which nothing else is known."""
_MIB = 1024 * 1024
_LONGEST_ANSWER = 64 * _MIB


class Trial(msgspec.Struct, frozen=True):
    """Which try of a call this is: its route, its number from 1, our count of its prompt,
    the route that was asked for and gave way, with the reason, what is known of the route, and how long it
    may take to begin where that is less than usual."""

    route: Route
    number: int
    count: PromptCount
    failed: tuple[Route, str] | None = None
    facts: Facts = Facts(None, PLAIN)
    first_event_s: float | None = None
    notes: tuple[str, ...] = ()
    """What its record says of it beside what shows in its course."""
    spent_nano: int = 0
    """What others have cost that gave the first part of this answer."""


class Attempt:
    """One attempt, from its hold to its settlement."""

    def __init__(
        self, call: Call, trial: Trial, assembly: Assembly, ledger: Ledger, publish: Publish, clock: Clock
    ) -> None:
        self._call = call
        self._trial = trial
        self._assembly = assembly
        self._limits = assembly.config.limits
        self._upstream = assembly.upstreams[trial.route.upstream]
        times = self._upstream.times
        self._times = times if trial.first_event_s is None else _within(times, trial.first_event_s)
        self._health = assembly.health
        self._notes: tuple[str, ...] = ()
        self._another = False
        self._publish = publish
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._begun_at = self._told_at = self._loop.time()
        self._first_at: float | None = None
        self._meter = Meter(trial.count.tokens, assembly.counter, trial.route.model, trial.count.calibration.answer)
        self._holding = Holding(call, trial.route, trial.count, assembly, ledger, tier_of(call, trial.facts))
        self._counted = trial.count.is_exact
        self._ending = _LEFT
        self.cost_nano = 0
        """What it has cost, once it has ended."""

    async def run(self, reply: Reply) -> Ending:
        """Take the attempt to its end. Raises a Refusal as long as nothing was promised to the client."""
        await self._hold()
        try:
            sender = self._assembly.sender(self._trial.route, self._holding.held.amount)
            opening = sender.open(self._call.path, self._body())
            self._tell_start()
            try:
                self._ending = await (self._stream if self._call.request.stream else self._plain)(opening, reply)
            except Refusal as refusal:
                self._ending = Ending(Outcome.REFUSED, refusal=refusal)
                raise
            finally:
                self._settle(opening.delivered, reply.status)
        finally:
            self._holding.held.end()
        return self._ending

    async def _hold(self) -> None:
        """Hold what the call may take. Where a bound on its prompt cannot be borne, its count may be."""
        try:
            await self._holding.place()
        except OverBudget:
            if self._counted:
                raise
            await self._count()
            self._holding = self._holding.afresh()
            await self._holding.place()

    async def _count(self) -> None:
        """Wait until the prompt is counted, if it is not."""
        await self._trial.count.exact()
        self._take_count()

    def _take_count(self) -> None:
        if not self._counted and self._trial.count.is_exact:
            self._counted = True
            self._meter.prompt_is(self._trial.count.tokens)
            self._holding.prompt_counted()

    def _body(self) -> bytes:
        """The request as this route takes it, whose changes are noted."""
        trial, limit = self._trial, self._holding.limit
        if limit is not None and self._call.request.limit is None and trial.facts.window is not None:
            # A limit of our own must not be what makes the request too long.
            limit = max(1, min(limit, trial.facts.window - trial.count.tokens))
        body, self._notes = write_repaired(self._call.request, trial.route.model, limit, trial.facts.traits)
        return body

    async def _stream(self, opening: Opening, reply: Reply) -> Ending:
        times, trial, route = self._times, self._trial, self._trial.route
        first_event_by = self._begun_at + times.first_event_s
        opened_by = asyncio.timeout_at(first_event_by)
        try:
            async with opened_by, opening as answer:
                answer = await as_stream(answer, _LONGEST_ANSWER, route.upstream)
                # From here on the relay looks at the time, the first event's included.
                opened_by.reschedule(None)
                terms = StreamTerms(
                    upstream=route.upstream,
                    wants_usage=self._call.request.wants_usage,
                    times=times,
                    first_event_by=first_event_by,
                    total_by=self._begun_at + times.total_s,
                    late_usage_s=self._limits.late_usage_s,
                    event_limit=self._limits.line_mib * _MIB,
                    headers=lambda model: self._first_headers(answer, model),
                    has_room=partial(self._holding.has_room, self._meter),
                    grow=self._room,
                    progress=self._progress,
                    count=self._count,
                    cut=self._why_cut,
                    trailer=lambda: cost_comment(trial.spent_nano + self._cost_so_far()),
                )
                return await StreamRelay(terms, self._meter, reply).run(answer)
        except TimeoutError:
            if not opened_by.expired():
                raise
            raise self._silent(times.first_event_s) from None

    async def _plain(self, opening: Opening, reply: Reply) -> Ending:
        times = self._times
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
        self._begins(answer, heard.model or "")
        cost = self._cost_so_far()
        headers = self._headers(answer, heard.model or "", spent=cost)
        headers["x-bursar-cost-usd"] = plain_usd(cost)
        if self._holding.limit is not None:
            headers["x-bursar-limit-set"] = str(self._holding.limit)
        await reply.send(200, headers, body)
        return Ending(Outcome.COMPLETE, heard.finish_reason or "")

    async def _room(self) -> bool:
        return await self._holding.room_for(self._meter)

    def _progress(self, now: float) -> None:
        """Tell of the progress now and then, and take the count of the prompt when it is there."""
        if not self._counted:
            self._take_count()
        if now - self._told_at >= PROGRESS_S and not self._meter.owed:
            self._told_at = now
            usage = self._meter.usage
            cost, held = self._holding.cost(usage), self._holding.held.nano
            self._publish(ExchangeProgressed(self._clock.now_ms(), self._call.id, usage.completion_tokens, cost, held))

    def _cost_so_far(self) -> int:
        """What the answer costs as far as it has come, in nano-dollars."""
        usage = self._meter.usage
        self._holding.take_answer(usage, self._meter.tier)
        return self._holding.cost(usage)

    def _headers(self, answer: Answer, model: str, spent: int = 0) -> dict[str, str]:
        """The headers of the answer, once its first event is there."""
        held, failed, actual = self._holding.held, self._trial.failed, answer.model
        if failed is None and actual and self._is_another(actual):
            failed = self._trial.route, "upstream_fallback"
        headers = dict(answer.headers)
        add_route(headers, self._call, self._trial.route, actual or model, failed)
        add_standing(headers, held, spent)
        return headers

    def _first_headers(self, answer: Answer, model: str) -> dict[str, str]:
        self._begins(answer, model)
        return self._headers(answer, model)

    def _begins(self, answer: Answer, model: str) -> None:
        """The first event is there: the route is well, and who answers is known."""
        self._first_at = self._loop.time()
        self._health.answered(self._trial.route, round((self._first_at - self._begun_at) * 1000))
        if not self._trial.count.is_exact:
            # In the next turn of the loop: a thread that counts a long prompt would keep the first event waiting.
            self._loop.call_soon(self._trial.count.begin)
        actual = answer.model or model
        if self._is_another(actual):
            self._another = True
            self._notes += (f"answered by {printable(actual)}",)
            self._holding.answered_by(actual, said_so=bool(answer.model))

    def _is_another(self, model: str) -> bool:
        """Whether the upstream had another model answer than the one asked for."""
        return bool(model) and not same_model(self._trial.route.model, model)

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
            if quality is Quality.COUNTED and not self._trial.count.is_exact:
                quality = Quality.ESTIMATED
            self._calibrate(usage, quality)
            self._holding.take_answer(usage, self._meter.tier)
            self.cost_nano = self._holding.cost(usage)
            self._holding.held.settle(self._holding.asked(usage), self._record(usage, quality, status))
        else:
            self._holding.held.release(self._record(NOTHING, Quality.COUNTED, status))

    def _calibrate(self, usage: Usage, quality: Quality) -> None:
        """Learn from what was reported of a whole answer; else note which factors made what was charged."""
        count, route, meter = self._trial.count, self._trial.route, self._meter
        if quality is not Quality.REPORTED:
            self._notes += noted(count.calibration)
        elif self._ending.outcome is Outcome.COMPLETE and self._call.request.answers == 1 and not self._is_odd:
            family = self._assembly.counter.family(route.model)
            prompt, answer = count.prompt if count.is_exact else None, None if meter.reasoned else meter.written()
            self._assembly.calibrations.learn(route.upstream, family, prompt, answer, usage)

    @property
    def _is_odd(self) -> bool:
        """Whether what was reported says nothing of how the model that was asked counts."""
        return self._another or bool(self._meter.notes)

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
            prompt_counted=trial.count.tokens,
            completion_counted=self._meter.exact(),
            price=self._holding.price,
            cost_nano=self.cost_nano,
            first_ms=round((self._first_at - self._begun_at) * 1000) if self._first_at is not None else None,
            total_ms=round((now - self._begun_at) * 1000),
            stream=call.request.stream,
            finish_reason=self._ending.finish_reason,
            refusal=refusal.code if refusal is not None else "",
            notes=(*trial.notes, *self._meter.notes, *self._notes),
        )


def _within(times: Times, first_event_s: float) -> Times:
    """The upstream's times, with less until the first event where the call says so."""
    return replace(times, first_event_s=min(first_event_s, times.first_event_s))
