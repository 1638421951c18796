"""Faults that pass, and refusals that meet only a fallback."""

import asyncio

from bursar.practice.faults.fault import Fault, Mark, Stage
from bursar.practice.refuse import error_body
from bursar.practice.tally import Ending

DOWN_S = 60
CYCLE_S = 300
"""A flapping upstream is down for its first minute, healthy for four, and so on, from its first request."""
FIRST_TOKEN_S = 20
_DOWN = error_body("The model is overloaded.", "server_error", "model_overloaded")


async def flapping(stage: Stage) -> None:
    now, scale = asyncio.get_running_loop().time(), stage.state.setup.pause_scale
    if stage.state.flapping_since is None:
        stage.state.flapping_since = now
    if (now - stage.state.flapping_since) % (CYCLE_S * scale) < DOWN_S * scale:
        stage.refuse(503, _DOWN)
    else:
        await stage.answer()


async def flaky(stage: Stage) -> None:
    stage.state.flaky_asked += 1
    if stage.state.flaky_asked % 2:
        stage.refuse(503, _DOWN)
    else:
        await stage.answer()


async def slow_first(stage: Stage) -> None:
    if stage.stream:
        stage.begin()
        await stage.pause(FIRST_TOKEN_S)
        await stage.tell(stage.events)
        stage.done()
    else:
        stage.begin(length=len(stage.body))
        await stage.pause(FIRST_TOKEN_S)
        stage.wire.send(stage.body)
        stage.sent_all()
        stage.ended(Ending.ANSWERED)


async def no_prefill(stage: Stage) -> None:
    if stage.prefill:
        message = (
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
        stage.refuse(400, error_body(message, "invalid_request_error", "invalid_request"))
    else:
        await stage.answer()


FAULTS = (
    Fault(
        "fault-flapping",
        "flapping",
        Mark.SOFT,
        Mark.SOFT,
        "is down (503) for a minute from its first request, then healthy for four, and so on",
        flapping,
    ),
    Fault("fault-flaky", "flapping", Mark.SOFT, Mark.SOFT, "says 503 to every other request", flaky),
    Fault(
        "fault-slow-first",
        "slow first token",
        Mark.RELAY,
        Mark.RELAY,
        "sends its headers at once and its first token after 20 seconds",
        slow_first,
    ),
    Fault(
        "fault-no-prefill",
        "fallback refuses a prefill",
        Mark.RELAY,
        Mark.RELAY,
        "says 400 to a request whose last message is the assistant's, and answers every other",
        no_prefill,
    ),
)
