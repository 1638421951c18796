"""Faults in which the answer breaks: errors instead of the rest, or no rest at all."""

from bursar.practice.faults.fault import Fault, Mark, Stage
from bursar.practice.refuse import error_body
from bursar.practice.tally import Ending
from bursar.practice.wire import DONE

WHERE = "the answer breaks"
MESSAGE = "The upstream broke while it was answering."
_ERROR = error_body(MESSAGE, "server_error", "upstream_error")


async def error_first(stage: Stage) -> None:
    if not stage.stream:
        stage.refuse(200, _ERROR)
        return
    stage.wire.send(stage.wire.head(200, b"text/event-stream"))
    await stage.say(b"data: %b\n\n" % _ERROR + DONE)
    stage.ended(Ending.REFUSED)
    stage.wire.send(stage.wire.last())


async def _begin_half(stage: Stage) -> None:
    """The head and the first half of the answer. A plain one is broken under a Content-Length."""
    if stage.stream:
        stage.begin()
        await stage.tell(stage.half)
    else:
        stage.begin(length=len(stage.body))
        stage.wire.send(stage.body[: len(stage.body) // 2])
        await stage.wire.drain()
    await stage.let_arrive()


async def _error_in_the_middle(stage: Stage, line: bytes) -> None:
    if not stage.stream:
        stage.refuse(200, _ERROR)
        return
    await _begin_half(stage)
    await stage.say(line)
    stage.ended(Ending.BROKEN)
    stage.wire.send(stage.wire.last())


async def error_middle(stage: Stage) -> None:
    await _error_in_the_middle(stage, b"data: %b\n\n" % _ERROR + DONE)


async def error_event(stage: Stage) -> None:
    await _error_in_the_middle(stage, b"event: error\ndata: %b\n\n" % _ERROR)


async def error_finish(stage: Stage) -> None:
    """OpenRouter's way: a chunk with an `error` beside a choice whose finish reason is `error`."""
    line = (
        b'data: {"id":"practice","object":"chat.completion.chunk","created":0,"model":"practice",'
        b'"error":{"code":502,"message":"The upstream broke while it was answering."},'
        b'"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}\n\n'
    )
    await _error_in_the_middle(stage, line + DONE)


async def reset(stage: Stage) -> None:
    await _begin_half(stage)
    stage.wire.reset()


async def close(stage: Stage) -> None:
    await _begin_half(stage)
    stage.wire.close()


async def stall(stage: Stage) -> None:
    await _begin_half(stage)
    await stage.hold()


async def no_finish(stage: Stage) -> None:
    await _begin_half(stage)
    stage.ended(Ending.BROKEN)
    if stage.stream:
        stage.wire.send(stage.wire.last())
    else:
        stage.wire.close()


async def no_finish_done(stage: Stage) -> None:
    await _begin_half(stage)
    stage.ended(Ending.BROKEN)
    if stage.stream:
        stage.wire.send(stage.wire.chunk(DONE) + stage.wire.last())
    else:
        stage.wire.close()


FAULTS = (
    Fault("fault-error-first", WHERE, Mark.CLEAN, Mark.CLEAN, "begins its stream with an error object", error_first),
    Fault("fault-error-mid", WHERE, Mark.MID, Mark.CLEAN, "sends an error half-way, then `[DONE]`", error_middle),
    Fault("fault-error-event", WHERE, Mark.MID, Mark.CLEAN, "sends `event: error` half-way", error_event),
    Fault("fault-error-finish", WHERE, Mark.MID, Mark.CLEAN, "finishes half-way with the reason `error`", error_finish),
    Fault("fault-reset-midstream", WHERE, Mark.MID, Mark.CLEAN, "resets the connection half-way", reset),
    Fault("fault-close-midstream", WHERE, Mark.MID, Mark.CLEAN, "closes the connection half-way", close),
    Fault("fault-stall-midstream", WHERE, Mark.MID, Mark.CLEAN, "falls silent half-way, for ever", stall),
    Fault("fault-no-finish", WHERE, Mark.MID, Mark.CLEAN, "ends half-way in good order, but unfinished", no_finish),
    Fault(
        "fault-no-finish-done",
        WHERE,
        Mark.MID,
        Mark.CLEAN,
        "ends half-way with `[DONE]`, but without finish_reason",
        no_finish_done,
    ),
)
