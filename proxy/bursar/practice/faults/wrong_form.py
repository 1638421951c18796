"""Faults of form: a plain answer where a stream was asked for, and the other way round."""

from bursar.practice.faults.fault import Fault, Mark, Stage

WHERE = "wrong form"


async def plain(stage: Stage) -> None:
    await stage.answer_plain(stage.body)


async def streamed(stage: Stage) -> None:
    stage.begin(stream=True)
    await stage.tell(stage.events)
    stage.done()


FAULTS = (
    Fault("fault-stream-json", WHERE, Mark.SOFT, None, "answers a request for a stream with plain JSON", plain),
    Fault("fault-plain-sse", WHERE, Mark.RELAY, Mark.SOFT, "answers a plain request with a stream", streamed),
)
