"""Faults before the answer's headers: the connection ends, keeps silent, or speaks something else."""

from bursar.practice.faults.fault import Fault, Mark, Stage
from bursar.practice.wire import JSON_TYPE, STREAM_TYPE

WHERE = "before headers"
HUGE_HEADER = 1 << 20
"""In bytes."""


async def reset(stage: Stage) -> None:
    stage.wire.reset()


async def close(stage: Stage) -> None:
    stage.wire.close()


async def silence(stage: Stage) -> None:
    await stage.hold()


async def slow_headers(stage: Stage) -> None:
    stage.accepted()
    head = stage.wire.head(200, STREAM_TYPE if stage.stream else JSON_TYPE)
    for byte in head:
        stage.wire.send(bytes((byte,)))
        await stage.pause(1)
    if stage.stream:
        await stage.tell(stage.events)
        stage.done()
    else:
        await stage.say(stage.body)
        stage.sent_all()
        stage.end()


async def not_http(stage: Stage) -> None:
    stage.wire.send(b"SSH-2.0-practice_1.0\r\n\x00\x00\x01\x2c\x0a\x14practice,practice,practice\r\n")
    await stage.wire.drain()
    stage.wire.close()


async def huge_header(stage: Stage) -> None:
    await stage.answer(b"X-Practice-Huge: %b\r\n" % (b"a" * HUGE_HEADER))


async def keep_alive_race(stage: Stage) -> None:
    used = stage.state.used_connections
    transport = stage.visit.request.transport
    if transport in used:
        stage.wire.close()
        return
    if transport is not None:
        used.add(transport)
    await stage.answer()


FAULTS = (
    Fault(
        "fault-reset-before-headers",
        WHERE,
        Mark.CLEAN,
        Mark.CLEAN,
        "resets the connection when the request is in",
        reset,
    ),
    Fault("fault-close-before-headers", WHERE, Mark.CLEAN, Mark.CLEAN, "closes the connection without a byte", close),
    Fault("fault-silent", WHERE, Mark.CLEAN, Mark.CLEAN, "takes the request and never says a byte", silence),
    Fault("fault-slow-headers", WHERE, Mark.CLEAN, Mark.CLEAN, "sends its head at one byte a second", slow_headers),
    Fault("fault-not-http", WHERE, Mark.CLEAN, Mark.CLEAN, "answers in a protocol that is not HTTP", not_http),
    Fault("fault-huge-header", WHERE, Mark.CLEAN, Mark.CLEAN, "sends a header field of 1 MiB", huge_header),
    Fault(
        "fault-keepalive-race",
        WHERE,
        Mark.RELAY,
        Mark.RELAY,
        "answers the first request on a connection and closes it without a byte as the next one arrives",
        keep_alive_race,
    ),
)
