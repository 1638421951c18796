"""Delivering an answer in good order: whole, or as a stream at its pace."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice

from bursar.practice.chat_grammar import Event
from bursar.practice.pace import Pace
from bursar.practice.tally import Ending
from bursar.practice.visit import Visit
from bursar.practice.wire import DONE, STREAM_TYPE

_BATCH = 256
"""So many events go to the socket in one write where nothing paces them."""

NO_CACHE = b"Cache-Control: no-cache\r\n"


def request_id(visit: Visit) -> bytes:
    """A header that names the request, as OpenAI's answers have it."""
    return b"x-request-id: req_%016x\r\n" % visit.state.next_number()


async def send_whole(visit: Visit, body: bytes, tokens: int, reasoning: int = 0, headers: bytes = b"") -> None:
    """A plain answer with so many tokens in it."""
    visit.wire.answer(200, body, headers=headers + request_id(visit))
    visit.serving.sent(tokens, reasoning)
    await visit.wire.drain()
    visit.serving.ended(Ending.ANSWERED)


def begin_stream(visit: Visit) -> None:
    """The head of a stream."""
    visit.wire.send(visit.wire.head(200, STREAM_TYPE, headers=NO_CACHE + request_id(visit)))


async def send_events(visit: Visit, events: Iterable[Event], rate: float | None, now_first: int = 0) -> None:
    """The events of a stream. At a rate those with text are paced; the `now_first` before them are not."""
    stream = iter(events)
    if rate is None:
        while batch := list(islice(stream, _BATCH)):
            send_now(visit, batch)
            await visit.wire.drain()
        return
    send_now(visit, list(islice(stream, now_first)))
    pace = Pace(rate, asyncio.get_running_loop().time)
    sent = 0
    for event in stream:
        due = await pace.until(sent)
        batch = [event, *islice(stream, due - sent - 1)]
        sent += len(batch)
        send_now(visit, batch)
        await visit.wire.drain()


def send_now(visit: Visit, batch: Sequence[Event]) -> None:
    """These events in one write, each in a chunk of its own, as servers that flush each event send them."""
    frame = visit.wire.event
    visit.wire.send(b"".join([frame(event.payload) for event in batch]))
    visit.serving.sent(sum([event.tokens for event in batch]), sum([event.reasoning for event in batch]))


def end_stream(visit: Visit, last: Event | None) -> None:
    """The usage where it was asked for, `[DONE]`, and the end."""
    wire = visit.wire
    frames = b"" if last is None else wire.event(last.payload)
    wire.send(frames + wire.chunk(DONE) + wire.last())
    visit.serving.ended(Ending.ANSWERED)
