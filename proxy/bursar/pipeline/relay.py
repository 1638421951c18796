"""The pump: upstream to meter to client, one event at a time, honest about how an answer ends.

Nothing is promised to the client before the first whole event is in. An answer is whole only when
the upstream gave every choice its finish_reason; anything else ends with an error event and a
connection without its proper end.

There are two ways through. The pump is a task and may wait: for room in the hold, for a client that does not
read. A piece that needs no waiting is passed on while the pump waits for it, in the turn of the loop that
brought it; whatever else it may be, it is left to the pump, which alone decides.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from bursar.config.schema import Times
from bursar.dialects.canonical import Heard
from bursar.dialects.openai_chat_answer import DONE, NoAnswer, hear
from bursar.dialects.openai_chat_chunks import (
    StreamHead,
    error_body,
    head_of,
    last_chunk,
    usage_chunk,
    without_usage,
)
from bursar.dialects.sse import Frame, LineTooLong, SseReader
from bursar.domain.exchange import Outcome
from bursar.domain.quick import quick
from bursar.domain.refusals import Refusal, UpstreamBroke, UpstreamTimeout
from bursar.metering.meter import Meter
from bursar.pipeline.reply import Reply, ReplyState
from bursar.pipeline.watchdog import Watchdog
from bursar.upstreams.upstream import Answer

_AT_ONCE_BYTES = 16 * 1024
"""A larger piece is a burst, of which the pump makes more: it hears each event once, whatever follows it."""


@quick
@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended: as the client saw it, with what went wrong if anything did."""

    outcome: Outcome
    finish_reason: str = ""
    refusal: Refusal | None = None


@quick
@dataclass(frozen=True, slots=True)
class StreamTerms:
    """What a stream is held to: who may see its usage, its limits, and how more is held while it grows.

    `first_event_by` and `total_by` are instants of the event loop's clock. Where not `has_room` for what
    the meter has seen, `grow` makes it and says whether there is; `cut` is the reason that is shown where
    there is not. `progress` is told of every read, with the instant.
    `count` waits until the meter knows the prompt exactly.
    """

    upstream: str
    wants_usage: bool
    times: Times
    first_event_by: float
    total_by: float
    late_usage_s: float
    event_limit: int
    headers: Callable[[str], Mapping[str, str]]
    has_room: Callable[[], bool]
    grow: Callable[[], Awaitable[bool]]
    progress: Callable[[float], None]
    count: Callable[[], Awaitable[None]]
    cut: Callable[[], dict[str, object]]
    trailer: Callable[[], bytes]


class StreamRelay:
    """Relays one stream of chunks. After an exception, what was begun is known to the reply."""

    def __init__(self, terms: StreamTerms, meter: Meter, reply: Reply) -> None:
        self._terms = terms
        self._meter = meter
        self._reply = reply
        self._loop = asyncio.get_running_loop()
        self._watch = Watchdog(terms.total_by)
        self._useful_at = 0.0
        self._useful = False
        self._room = False
        self._reader = SseReader(terms.event_limit)
        self._frames: deque[Frame] = deque()
        self._head: StreamHead | None = None
        self._seen: set[int] = set()
        self._finished: set[int] = set()
        self._finish_reason = ""
        self._usage: bytes | None = None
        self._done = False
        self._cut = False
        self._begun = False
        self._writing = False

    async def run(self, answer: Answer) -> Ending:
        """Pump the answer to its end. Raises a Refusal as long as nothing was promised to the client."""
        try:
            async with self._watch:
                self._watch.allow_until(self._terms.first_event_by)
                await self._pump(answer)
        except TimeoutError:
            if self._writing:
                await self._reply.break_off()
                return Ending(Outcome.LEFT, self._finish_reason)
            if not self._whole():
                return await self._fail(self._silent())
        except Refusal as refusal:
            # What breaks after the last word of a whole answer takes nothing from it.
            if not (isinstance(refusal, UpstreamBroke) and self._whole()):
                return await self._fail(refusal)
        if self._cut:
            return await self._end_politely()
        if not self._whole():
            return await self._fail(
                UpstreamBroke(f"Upstream {self._terms.upstream} ended its answer before it was whole.")
            )
        return await self._end(answer)

    async def _pump(self, answer: Answer) -> None:
        """Read by read until the end: one look at the clock and one piece for the client each, however many events."""
        frames, has_room = self._frames, self._terms.has_room
        while not (self._done or self._cut):
            piece = await answer.read(self._pass_on)
            try:
                frames.extend(self._reader.feed(piece) if piece else self._reader.close())
            except LineTooLong:
                raise UpstreamBroke(f"Upstream {self._terms.upstream} sent an event above the limit.") from None
            out: list[bytes] = []
            if frames:
                # Between two counts of the meter, what it has counted has as much room as before.
                self._room = False
                try:
                    while frames and not (self._done or self._cut):
                        payload = self._take(answer, frames.popleft())
                        if payload is None:
                            continue
                        if not self._room:
                            self._room = has_room()
                        if self._room or await self._terms.grow():
                            out.append(payload)
                            if not self._begun:
                                # A client waits longest for the beginning, which does not wait for what came with it.
                                await self._hand_over(out)
                                out.clear()
                        else:
                            self._cut = True
                except Refusal:
                    await self._hand_over(out)
                    raise
                self._allow(self._loop.time())
            await self._hand_over(out)
            if not piece:
                return

    def _pass_on(self, piece: bytes) -> bool:
        """Meter a piece and hand it to the client without waiting for anything; False where that is not enough.

        It is enough for whole events that are pieces of an answer and nothing beside, which the meter gathers
        without counting, while what it has counted has room and the client reads. Else nothing is done.
        """
        if not self._begun or len(piece) > _AT_ONCE_BYTES:
            return False
        payloads = self._reader.whole(piece)
        if payloads is None or not self._terms.has_room():
            return False
        pieces: list[Heard] = []
        length = 0
        try:
            for payload in payloads:
                heard = hear(payload)
                if not heard.is_piece:
                    return False
                length += len(heard.text)
                pieces.append(heard)
        except NoAnswer:
            return False
        if not (self._meter.gathers(length) and self._reply.write_at_once(piece)):
            return False
        for heard in pieces:
            self._meter.hear(heard)
            if heard.choices:
                self._seen.add(0)
        if length:
            self._useful = True
        self._allow(self._loop.time())
        return True

    def _take(self, answer: Answer, frame: Frame) -> bytes | None:
        """One event: heard by the meter, and checked for what it means; what of it goes to the client at once."""
        payload, event = frame
        try:
            heard = hear(payload)
        except NoAnswer:
            raise UpstreamBroke(f"Upstream {self._terms.upstream} sent an event that is no JSON.") from None
        if heard.done:
            self._done = True
            return None
        if self._meter.hear(heard):
            self._room = False
        if self._head is None:
            self._head = head_of(payload)
        if event == "error" or not heard.is_piece:
            left = self._take_more(answer, frame, heard)
            if left is None:
                return None
            payload = left
        elif heard.choices:
            self._seen.add(0)
        if heard.text:
            self._useful = True
        # Within JSON a line end can only be white space; not every client joins the lines of an event.
        return payload.replace(b"\n", b" ") if b"\n" in payload else payload

    def _take_more(self, answer: Answer, frame: Frame, heard: Heard) -> bytes | None:
        """What an event says beside a piece of the answer; what of it goes to the client. Raises what it says no by."""
        payload, event = frame
        if heard.error is not None or heard.finish_reason == "error" or event == "error":
            refusal = answer.no_within(payload) if heard.error is not None else None
            raise refusal or UpstreamBroke(f"Upstream {self._terms.upstream} reported an error in its answer.")
        if heard.finished:
            self._useful = True
            self._seen.update(heard.finished)
            self._finished.update(heard.finished)
            self._finish_reason = heard.finish_reason or self._finish_reason
        elif heard.choices:
            self._seen.add(0)
        if heard.usage is None:
            return payload
        self._useful = True
        if heard.choices:
            # Clients add up the usage of every chunk, so it is told once, at the end.
            return without_usage(payload)
        self._usage = payload.replace(b"\n", b" ")
        return None

    def _allow(self, now: float) -> None:
        """What was read buys time; where it said nothing, only what is left of the time without progress."""
        times = self._terms.times
        if self._useful or not self._useful_at:
            self._useful_at, self._useful = now, False
        self._watch.allow_until(min(now + times.stall_s, self._useful_at + times.progress_s))
        self._terms.progress(now)

    async def _hand_over(self, out: list[bytes]) -> None:
        if not out:
            return
        if self._reply.state is ReplyState.WAITING:
            await self._reply.begin(self._terms.headers(self._head.model if self._head else ""))
        self._begun = self._writing = True
        await self._reply.write(b"data: " + b"\n\ndata: ".join(out) + b"\n\n")
        self._writing = False

    def _whole(self) -> bool:
        return bool(self._finished) and self._seen <= self._finished

    async def _end(self, answer: Answer) -> Ending:
        """The proper end. The usage that comes after the end is waited for: before it where the client wants it."""
        await self._terms.count()
        usage = b""
        if self._terms.wants_usage:
            if self._usage is None and not self._meter.reported:
                await self._read_late_usage(answer)
            counted = self._meter.usage
            payload = self._usage or usage_chunk(self._head or StreamHead(), counted)
            usage = b"data: " + payload + b"\n\n"
        await self._reply.finish(usage + self._terms.trailer() + b"data: " + DONE + b"\n\n")
        if not self._terms.wants_usage and not self._meter.reported:
            await self._read_late_usage(answer)
        return Ending(Outcome.COMPLETE, self._finish_reason)

    async def _read_late_usage(self, answer: Answer) -> None:
        with suppress(Refusal, TimeoutError, LineTooLong, NoAnswer):
            async with asyncio.timeout(self._terms.late_usage_s):
                while not self._meter.reported:
                    if not self._frames:
                        piece = await answer.read()
                        self._frames.extend(self._reader.feed(piece) if piece else self._reader.close())
                        if not (piece or self._frames):
                            return
                        continue
                    frame = self._frames.popleft()
                    heard = hear(frame.data)
                    if heard.usage is not None:
                        self._meter.hear(heard)
                        self._usage = frame.data if not heard.choices else None

    async def _end_politely(self) -> Ending:
        """At the budget's limit: a valid last chunk that says why, the usage if asked for, and the proper end."""
        await self._terms.count()
        head = self._head or StreamHead()
        open_choices = tuple(sorted(self._seen - self._finished)) or (0,)
        out = [last_chunk(head, open_choices, self._terms.cut())]
        if self._terms.wants_usage:
            out.append(usage_chunk(head, self._meter.usage))
        if self._reply.state is ReplyState.WAITING:
            await self._reply.begin(self._terms.headers(head.model))
        body = b"".join(b"data: " + payload + b"\n\n" for payload in out)
        await self._reply.finish(body + self._terms.trailer() + b"data: " + DONE + b"\n\n")
        return Ending(Outcome.CUT, "length")

    async def _fail(self, refusal: Refusal) -> Ending:
        """Say no while nothing is promised; afterwards an error event, and an end that nobody takes for whole."""
        if self._reply.state is ReplyState.WAITING:
            raise refusal
        body = error_body(refusal.message, refusal.type, refusal.code, refusal.param, refusal.detail)
        await self._reply.break_off(b"data: " + body + b"\n\n")
        return Ending(Outcome.BROKEN, self._finish_reason, refusal)

    def _silent(self) -> Refusal:
        if self._reply.state is ReplyState.WAITING:
            limit_s, what = self._terms.times.first_event_s, "sent no first event"
        else:
            limit_s, what = self._terms.times.stall_s, "sent nothing more"
        return UpstreamTimeout(f"Upstream {self._terms.upstream} {what} within {limit_s:g} s.")
