"""Faults of compression: an encoding nobody asked for, one that is a lie, and a bomb."""

import asyncio
import zlib
from functools import cache

from bursar.practice.faults.fault import Fault, Mark, Stage
from bursar.practice.tally import Ending
from bursar.practice.wire import DONE

WHERE = "compression"
BOMB_BYTES = 200 * 1000 * 1000
_GZIP = 16 + zlib.MAX_WBITS
_ENCODED = b"Content-Encoding: gzip\r\n"
_MEGABYTE = b"a" * 1_000_000


async def compressed(stage: Stage) -> None:
    packer = zlib.compressobj(wbits=_GZIP)
    stage.begin(_ENCODED)
    if stage.stream:
        events = [*stage.events, stage.usage_event] if stage.wants_usage else stage.events
        for line in [*(b"data: %b\n\n" % event.payload for event in events), DONE]:
            await stage.say(packer.compress(line) + packer.flush(zlib.Z_SYNC_FLUSH))
        stage.sent(stage.events)
        await stage.say(packer.flush())
    else:
        await stage.say(packer.compress(stage.body) + packer.flush())
        stage.sent_all()
    stage.end()


async def lie(stage: Stage) -> None:
    stage.begin(_ENCODED)
    for event in stage.events:
        await stage.say(b"data: %b\n\n" % event.payload)
    await stage.say(DONE if stage.stream else stage.body)
    stage.ended(Ending.BROKEN)
    stage.wire.send(stage.wire.last())


@cache
def bomb() -> bytes:
    """The beginning of one endless event of 200 MB, in about 200 KB of gzip."""
    packer = zlib.compressobj(9, wbits=_GZIP)
    parts = [packer.compress(b'data: {"id":"practice","choices":[{"index":0,"delta":{"content":"')]
    parts += [packer.compress(_MEGABYTE) for _ in range(BOMB_BYTES // len(_MEGABYTE))]
    parts.append(packer.compress(b'"}}]}\n\n') + packer.flush())
    return b"".join(parts)


async def bombed(stage: Stage) -> None:
    packed = await asyncio.to_thread(bomb)
    stage.begin(_ENCODED)
    await stage.say(packed)
    stage.end()


FAULTS = (
    Fault("fault-gzip", WHERE, Mark.RELAY, Mark.RELAY, "compresses its answer with gzip, asked or not", compressed),
    Fault("fault-gzip-lie", WHERE, Mark.CLEAN, Mark.CLEAN, "says that it is gzip, and is not", lie),
    Fault("fault-gzip-bomb", WHERE, Mark.SOFT, Mark.CLEAN, "sends one line of 200 MB in 200 KB of gzip", bombed),
)
