"""Talk: one chat or completion taken to its end, in its own grammar: at its pace, or as a fault plays it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from bursar.practice.asks import Request
from bursar.practice.chat_grammar import Event
from bursar.practice.deliver import begin_stream, end_stream, send_events, send_whole
from bursar.practice.faults.fault import Fault, Stage
from bursar.practice.faults.table import FAULTS
from bursar.practice.models import Model, chat_model, states_rate
from bursar.practice.prompt import Prompt
from bursar.practice.refuse import too_long, unknown_model
from bursar.practice.reply import Reply, Usage
from bursar.practice.state import LONGEST_S, State
from bursar.practice.tally import Ending
from bursar.practice.visit import Visit


class Grammar(Protocol):
    """How replies are written: `chat_grammar` and `completion_grammar` are the two."""

    def whole(self, reply: Reply, usage: Usage) -> bytes: ...

    def events(self, reply: Reply, *, wants_usage: bool) -> Iterator[Event]: ...

    def usage_event(self, reply: Reply, usage: Usage) -> Event: ...


@dataclass(frozen=True, slots=True)
class Talk:
    """All that it takes to answer. `opening` events carry no text and come at once."""

    request: Request
    model: Model
    fault: Fault | None
    prompt: Prompt
    reply: Reply
    grammar: Grammar
    opening: int


def asked_model(name: str) -> tuple[Model, Fault | None]:
    """The model of that name, and the fault if it is one. Raises Declined (404)."""
    fault = FAULTS.get(name)
    model = chat_model(name) if fault is None else fault.model
    if model is None:
        raise unknown_model(name)
    return model, fault


async def answer(visit: Visit, talk: Talk) -> None:
    """Answer it. Raises Declined where it does not fit the model's window."""
    await _check_window(talk)
    if talk.fault is not None:
        await _play(visit, talk, talk.fault)
    elif talk.request.stream:
        await _stream(visit, talk)
    else:
        await _whole(visit, talk)


async def _check_window(talk: Talk) -> None:
    completion = max(choice.tokens for choice in talk.reply.choices)
    if talk.prompt.bound() + completion <= talk.model.window:
        return
    tokens = await talk.prompt.counted()
    if tokens + completion > talk.model.window:
        raise too_long(talk.model.window, tokens, completion)


async def _whole(visit: Visit, talk: Talk) -> None:
    if talk.model.wait_ms:
        await asyncio.sleep(talk.model.wait_ms / 1000)
    await talk.prompt.counted()
    usage = _usage(visit.state, talk)
    visit.serving.accepted(usage.prompt_tokens, usage.cached_tokens)
    body = talk.grammar.whole(talk.reply, usage)
    await send_whole(visit, body, usage.completion_tokens, usage.reasoning_tokens)


async def _stream(visit: Visit, talk: Talk) -> None:
    reply, request = talk.reply, talk.request
    begin_stream(visit)
    try:
        if talk.model.wait_ms:
            await asyncio.sleep(talk.model.wait_ms / 1000)
        rate = _rate(visit.state, talk.model)
        events = islice(talk.grammar.events(reply, wants_usage=request.wants_usage), talk.model.cut)
        await send_events(visit, events, rate, talk.opening)
        await talk.prompt.counted()
    finally:
        # Whether it came to its end or the client left: the prompt was read.
        usage = _usage(visit.state, talk)
        visit.serving.accepted(usage.prompt_tokens, usage.cached_tokens)
    if talk.model.cut is not None:
        visit.serving.ended(Ending.BROKEN)
        visit.wire.close()
        return
    end_stream(visit, talk.grammar.usage_event(reply, usage) if request.wants_usage else None)
    await visit.wire.drain()


def _rate(state: State, model: Model) -> float | None:
    if state.setup.speed is None or states_rate(model.name):
        return model.rate
    return state.setup.speed or None


def _usage(state: State, talk: Talk) -> Usage:
    cached = 0
    if talk.model.caches:
        cached = sum(talk.prompt.by_section()[: state.read_before(talk.prompt.leading())])
    return talk.reply.usage(talk.prompt.tokens(), cached)


async def _play(visit: Visit, talk: Talk, fault: Fault) -> None:
    await talk.prompt.counted()
    usage = _usage(visit.state, talk)
    stream = bool(talk.request.stream)
    stage = Stage(
        visit,
        stream=stream,
        body=talk.grammar.whole(talk.reply, usage),
        events=list(talk.grammar.events(talk.reply, wants_usage=talk.request.wants_usage)),
        usage=usage,
        usage_event=talk.grammar.usage_event(talk.reply, usage),
        wants_usage=talk.request.wants_usage,
        prefill=bool(talk.prompt.prefill),
    )
    await play(stage, fault)


async def play(stage: Stage, fault: Fault) -> None:
    """Play it to its end, or till it has gone on for too long."""
    try:
        async with asyncio.timeout(LONGEST_S):
            if stage.stream or fault.plain is not None:
                await fault.play(stage)
            else:
                await stage.answer()
    except TimeoutError:
        stage.wire.close()
