"""Fault: one thing that goes wrong, and the stage it is played on."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import msgspec

from bursar.practice.chat_grammar import Event
from bursar.practice.deliver import NO_CACHE, end_stream, request_id, send_now, send_whole
from bursar.practice.models import SMALL_PRICE, Model
from bursar.practice.reply import Usage
from bursar.practice.state import State
from bursar.practice.tally import Ending
from bursar.practice.visit import Visit
from bursar.practice.wire import JSON_TYPE, STREAM_TYPE, Wire

FAULT_MODEL = Model("", tokens=40, price=SMALL_PRICE)
"""What a fault's answer is like where it is not at fault."""

_ARRIVAL_S = 0.05
"""Not scaled: it is no pause that a fault is about, but the time that loopback takes."""


class Mark(StrEnum):
    """What a client may see of it through a proxy with a single route."""

    RELAY = "relay"
    """The whole answer, exactly once, well formed."""
    CLEAN = "clean"
    """An HTTP error of OpenAI's shape before anything else."""
    MID = "mid"
    """A prefix of the answer, then an error event, then the end without `[DONE]`."""
    SOFT = "soft"
    """Any of these, whichever is honest."""


@dataclass(slots=True)
class Stage:
    """One request to a fault, with the healthy answer to it at hand, and the bare connection.

    `events` are those of a stream up to its finish reason (empty where none was asked for), `body` is
    the plain answer, `prefill` whether the last message is the assistant's.
    """

    visit: Visit
    stream: bool
    body: bytes
    events: Sequence[Event]
    usage: Usage
    usage_event: Event
    wants_usage: bool = False
    prefill: bool = False

    @property
    def wire(self) -> Wire:
        """The bare connection."""
        return self.visit.wire

    @property
    def state(self) -> State:
        """What all requests share."""
        return self.visit.state

    @property
    def half(self) -> Sequence[Event]:
        """The first half of the events: the opening, and some text."""
        return self.events[: len(self.events) // 2]

    def begin(self, headers: bytes = b"", *, length: int | None = None, stream: bool | None = None) -> None:
        """A good head for the form asked for (or the given one); the prompt counts as read from here on."""
        kind = STREAM_TYPE if (self.stream if stream is None else stream) else JSON_TYPE
        self.accepted()
        self.wire.send(self.wire.head(200, kind, length=length, headers=NO_CACHE + request_id(self.visit) + headers))

    def accepted(self) -> None:
        """The prompt counts as read."""
        self.visit.serving.accepted(self.usage.prompt_tokens, self.usage.cached_tokens)

    async def say(self, data: bytes) -> None:
        """`data` as one chunk of the body, and in one packet where the network lets it."""
        self.wire.send(self.wire.chunk(data))
        await self.wire.drain()

    async def tell(self, events: Sequence[Event]) -> None:
        """These events, as they should be."""
        send_now(self.visit, events)
        await self.wire.drain()

    async def tell_as(self, lines: Sequence[bytes], events: Sequence[Event]) -> None:
        """These events, each as these lines, each in one chunk."""
        self.wire.send(b"".join([self.wire.chunk(line) for line in lines]))
        self.sent(events)
        await self.wire.drain()

    def sent(self, events: Sequence[Event]) -> None:
        """These events are with the socket."""
        self.visit.serving.sent(sum(event.tokens for event in events), sum(event.reasoning for event in events))

    def sent_all(self) -> None:
        """The whole answer is with the socket."""
        self.visit.serving.sent(self.usage.completion_tokens, self.usage.reasoning_tokens)

    def done(self) -> None:
        """The good end of a stream: the usage where it was asked for, `[DONE]`, the end of the body."""
        end_stream(self.visit, self.usage_event if self.wants_usage else None)

    def end(self) -> None:
        """The good end of a chunked body."""
        self.wire.send(self.wire.last())
        self.visit.serving.ended(Ending.ANSWERED)

    async def answer(self, headers: bytes = b"") -> None:
        """The healthy answer, in the form asked for."""
        if self.stream:
            self.begin(headers)
            await self.tell(self.events)
            self.done()
        else:
            await self.answer_plain(self.body, headers)

    async def answer_plain(self, body: bytes, headers: bytes = b"") -> None:
        """A plain answer with this body, which counts as the healthy one."""
        self.accepted()
        await send_whole(self.visit, body, self.usage.completion_tokens, self.usage.reasoning_tokens, headers)

    def refuse(self, status: int, body: bytes, content_type: bytes = JSON_TYPE, headers: bytes = b"") -> None:
        """A no, with a head and a body that belong together."""
        self.wire.answer(status, body, content_type, headers)
        self.visit.serving.ended(Ending.REFUSED)

    async def pause(self, seconds: float) -> None:
        """Say nothing for so many seconds (scaled as the server is set up)."""
        await asyncio.sleep(seconds * self.state.setup.pause_scale)

    async def let_arrive(self) -> None:
        """Wait till what was written has been read, so that what follows is not in one packet with it."""
        await asyncio.sleep(_ARRIVAL_S)

    async def hold(self) -> None:
        """Say nothing more, till the client has gone."""
        await asyncio.Event().wait()

    def ended(self, ending: Ending) -> None:
        """What this was, for the tally. Without a word it counts as broken."""
        self.visit.serving.ended(ending)

    def usage_of(self, events: Sequence[Event]) -> Usage:
        """The usage of an answer of these events alone."""
        tokens, reasoning = sum(event.tokens for event in events), sum(event.reasoning for event in events)
        return replace(self.usage, completion_tokens=tokens, reasoning_tokens=reasoning)


Play = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, played for whoever asks for the model of its name.

    `where` is its row in the table of faults, `mark` what may follow for a stream, `plain` for a request
    that asked for none: None where it has no plain form, and is answered in full.
    """

    name: str
    where: str
    mark: Mark
    plain: Mark | None
    does: str
    play: Play
    model: Model = FAULT_MODEL
    """What its healthy answer is like."""
    keeps_limit: bool = True
    """Whether `max_tokens` bounds its answer."""


def changed(event: Event, **fields: Any) -> Event:
    """The event with other top-level fields. The standard encoder takes integers of any size."""
    said = {**msgspec.json.decode(event.payload), **fields}
    return event._replace(payload=json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode())


def with_text(event: Event, text: str) -> Event:
    """The event with `text` in place of what it says; an event that says nothing stays."""
    said = msgspec.json.decode(event.payload)
    choice = said["choices"][0] if said["choices"] else {}
    if event.tokens and "content" in choice.get("delta", {}):
        choice["delta"]["content"] = text
    elif event.tokens and "text" in choice:
        choice["text"] = text
    return event._replace(payload=msgspec.json.encode(said))
