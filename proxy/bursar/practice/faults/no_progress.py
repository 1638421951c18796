"""Faults without progress, and one that is slow but alive."""

from itertools import count

from bursar.practice.faults.fault import Fault, Mark, Stage
from bursar.practice.tally import Ending

WHERE = "no progress"
DRIP_S = 0.6
DRIPS = 9
COMMENT_S = 0.5


async def headers_only(stage: Stage) -> None:
    stage.begin()
    await stage.hold()


async def comments(stage: Stage) -> None:
    stage.begin()
    for number in count():
        await stage.say(b": still working, %d\n\n" % number if stage.stream else b" ")
        await stage.pause(COMMENT_S)


async def drip(stage: Stage) -> None:
    if not stage.stream:
        stage.begin(length=len(stage.body))
        step = -(-len(stage.body) // DRIPS)
        for start in range(0, len(stage.body), step):
            stage.wire.send(stage.body[start : start + step])
            await stage.pause(DRIP_S)
        stage.sent_all()
        stage.ended(Ending.ANSWERED)
        return
    stage.begin()
    # Few enough events that the whole takes some five seconds.
    step = -(-len(stage.events) // DRIPS)
    for start in range(0, len(stage.events), step):
        await stage.tell(stage.events[start : start + step])
        await stage.pause(DRIP_S)
    stage.done()


FAULTS = (
    Fault("fault-stall-first", WHERE, Mark.CLEAN, Mark.CLEAN, "sends its headers, then never a word", headers_only),
    Fault(
        "fault-comments-forever",
        WHERE,
        Mark.SOFT,
        Mark.SOFT,
        "sends comments for ever (a plain answer: spaces before its JSON)",
        comments,
    ),
    Fault("fault-drip", WHERE, Mark.RELAY, Mark.RELAY, "sends a little every 0.6 seconds: slow, but alive", drip),
)
