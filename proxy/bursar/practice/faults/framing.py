"""Faults in the framing of HTTP: lengths that lie, chunks that break off, heads that contradict themselves."""

import asyncio

import msgspec

from bursar.practice.faults.fault import Fault, Mark, Stage
from bursar.practice.refuse import error_body
from bursar.practice.tally import Ending
from bursar.practice.wire import DONE, JSON_TYPE, STREAM_TYPE, Wire, status_line

WHERE = "framing of HTTP"
TRAILERS = 20_000
_READ_S = 0.2
PLANTED = "PLANTED: this is nobody's answer."
"""What stands in the answer that nobody asked for."""


def _kind(stage: Stage) -> bytes:
    return STREAM_TYPE if stage.stream else JSON_TYPE


def _whole(stage: Stage) -> bytes:
    """The whole body of the answer, without any frame."""
    if not stage.stream:
        return stage.body
    events = [*stage.events, stage.usage_event] if stage.wants_usage else stage.events
    return b"".join([b"data: %b\n\n" % event.payload for event in events]) + DONE


async def http_10(stage: Stage) -> None:
    stage.accepted()
    stage.wire.close()
    stage.wire.send(b"HTTP/1.0 200 OK\r\nContent-Type: %b\r\nConnection: close\r\n\r\n" % _kind(stage) + _whole(stage))
    stage.sent_all()
    stage.ended(Ending.ANSWERED)


async def early_hints(stage: Stage) -> None:
    stage.wire.send(status_line(103) + b"Link: </style.css>; rel=preload; as=style\r\n\r\n")
    await stage.answer()


async def coding_and_length(stage: Stage) -> None:
    """RFC 9112 6.3: the transfer coding overrides, and this ought to be handled as an error."""
    stage.wire.close()
    stage.begin(b"Content-Length: 17\r\n")
    if stage.stream:
        await stage.tell(stage.events)
        stage.done()
    else:
        await stage.say(stage.body)
        stage.sent_all()
        stage.end()


async def early_answer(stage: Stage) -> None:
    await answer_early(stage.wire)
    stage.ended(Ending.REFUSED)


async def answer_early(wire: Wire) -> None:
    """Refuse the body while it is still on its way, and go."""
    wire.close()
    wire.answer(413, error_body("Request body too large.", "invalid_request_error", "request_too_large"))
    await wire.drain()
    # Closing with unread bytes resets the connection; who reads while it writes has seen the answer by then.
    await asyncio.sleep(_READ_S)
    wire.hang_up()


async def many_trailers(stage: Stage) -> None:
    stage.wire.close()
    stage.begin()
    if stage.stream:
        await stage.tell(stage.events)
        await stage.say(DONE)
    else:
        await stage.say(stage.body)
        stage.sent_all()
    trailers = b"".join([b"X-Trailer-%d: practice\r\n" % number for number in range(TRAILERS)])
    stage.wire.send(b"0\r\n" + trailers + b"\r\n")
    stage.ended(Ending.ANSWERED)


async def wrong_chunk_size(stage: Stage) -> None:
    await _begin_half(stage)
    stage.wire.send(b"practice\r\ndata: {}\n\n\r\n")
    await stage.wire.drain()
    stage.wire.close()


async def end_inside_chunk(stage: Stage) -> None:
    await _begin_half(stage)
    rest = stage.events[len(stage.half)].payload if stage.stream else stage.body[len(stage.body) // 2 :]
    stage.wire.send(b"%x\r\ndata: %b" % (len(rest) + 4096, rest[: len(rest) // 2]))
    await stage.wire.drain()
    stage.wire.close()


async def _begin_half(stage: Stage) -> None:
    stage.wire.close()
    stage.begin()
    if stage.stream:
        await stage.tell(stage.half)
    else:
        await stage.say(stage.body[: len(stage.body) // 2])
    await stage.let_arrive()


async def length_too_large(stage: Stage) -> None:
    whole = _whole(stage)
    stage.wire.close()
    stage.begin(length=len(whole) + 1000)
    stage.wire.send(whole)
    stage.sent_all()
    stage.ended(Ending.ANSWERED)


async def length_too_small(stage: Stage) -> None:
    whole = _whole(stage)
    stage.begin(length=len(whole))
    planted = _planted(stage.stream)
    stage.wire.send(whole + status_line(200) + b"Content-Type: %b\r\n" % _kind(stage))
    stage.wire.send(b"Content-Length: %d\r\n\r\n" % len(planted) + planted)
    stage.sent_all()
    stage.ended(Ending.ANSWERED)


def _planted(stream: bool) -> bytes:
    """A good answer to nobody's question, so that who takes it for theirs cannot notice."""
    said = {"role": "assistant", "content": PLANTED}
    choice = {"index": 0, "delta" if stream else "message": said, "finish_reason": "stop"}
    kind = "chat.completion.chunk" if stream else "chat.completion"
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    answer = {"id": "planted", "object": kind, "created": 0, "model": "planted", "choices": [choice], "usage": usage}
    payload = msgspec.json.encode(answer)
    return b"data: %b\n\n" % payload + DONE if stream else payload


FAULTS = (
    Fault("fault-http10", WHERE, Mark.RELAY, Mark.RELAY, "answers in HTTP/1.0, ended by closing", http_10),
    Fault("fault-103", WHERE, Mark.RELAY, Mark.RELAY, "sends 103 Early Hints before its answer", early_hints),
    Fault(
        "fault-te-and-length",
        WHERE,
        Mark.SOFT,
        Mark.SOFT,
        "states a Transfer-Encoding and a Content-Length, which contradict each other",
        coding_and_length,
    ),
    Fault(
        "fault-early-answer",
        WHERE,
        Mark.CLEAN,
        Mark.CLEAN,
        "answers 413 as soon as its name is read, before a large body is in, and closes",
        early_answer,
    ),
    Fault("fault-many-trailers", WHERE, Mark.SOFT, Mark.SOFT, "ends with 20,000 trailer fields", many_trailers),
    Fault(
        "fault-bad-chunk-size",
        WHERE,
        Mark.MID,
        Mark.CLEAN,
        "half-way sends a chunk size that is no number, and closes",
        wrong_chunk_size,
    ),
    Fault(
        "fault-cut-in-chunk",
        WHERE,
        Mark.MID,
        Mark.CLEAN,
        "closes half-way inside a chunk",
        end_inside_chunk,
    ),
    Fault(
        "fault-length-too-large",
        WHERE,
        Mark.SOFT,
        Mark.SOFT,
        "sends its whole answer under a Content-Length that is too large, and closes",
        length_too_large,
    ),
    Fault(
        "fault-length-too-small",
        WHERE,
        Mark.RELAY,
        Mark.RELAY,
        "sends more than its Content-Length: what follows looks like the answer to the next request",
        length_too_small,
    ),
)
