"""The fault of an upstream that answers more than it was allowed to."""

from dataclasses import replace

from bursar.practice.faults.fault import FAULT_MODEL, Fault, Mark, Stage

OVER_TOKENS = 400


async def answer_in_full(stage: Stage) -> None:
    await stage.answer()


FAULTS = (
    Fault(
        "fault-ignores-limit",
        "budget",
        Mark.SOFT,
        Mark.SOFT,
        "answers 400 tokens, whatever max_tokens says, and is paid for them",
        answer_in_full,
        model=replace(FAULT_MODEL, tokens=OVER_TOKENS, exact=True),
        keeps_limit=False,
    ),
)
