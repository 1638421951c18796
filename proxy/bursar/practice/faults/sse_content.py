"""Faults in what a stream says: its ending, its usage, its text, and lines that no reader should trust."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from bursar.practice.chat_grammar import Event, usage_object
from bursar.practice.faults.fault import Fault, Mark, Play, Stage, changed, with_text
from bursar.practice.wire import DONE

WHERE = "SSE content"
BIG_LINE = 10 * 1000 * 1000
"""Characters of text in one event."""
DEPTH = 100_000
ABSURD: dict[str, Any] = {
    "prompt_tokens": -5,
    "completion_tokens": 10**15,
    "total_tokens": 2**70,
    "prompt_tokens_details": {"cached_tokens": 10**12},
    "completion_tokens_details": {"reasoning_tokens": -1},
}
"""A usage that cannot be."""
HOSTILE = "\x1b]52;c;cHJhY3RpY2U=\x07\x1b[2J\x9b31m[bold red]practice[/] [/] <script>alert(1)</script> \u202e\x00 =1+1"
"""Escape sequences, markup of terminals and pages, a formula: all to be shown as they are."""
HOSTILE_MODEL = "practice[/]\x1b[31m"
_BLOCK = b"a" * 65_536


async def _tell_all(stage: Stage, events: Sequence[Event], after: bytes = DONE) -> None:
    stage.begin()
    await stage.tell(events)
    if after:
        await stage.say(after)
    stage.end()


def _with_usage_last(stage: Stage) -> list[Event]:
    return [*stage.events, stage.usage_event] if stage.wants_usage else [*stage.events]


async def no_done(stage: Stage) -> None:
    await _tell_all(stage, _with_usage_last(stage), b"")


async def double_done(stage: Stage) -> None:
    await _tell_all(stage, _with_usage_last(stage), DONE + DONE)


async def after_done(stage: Stage) -> None:
    more = with_text(stage.events[1], "this comes after the end")
    trailing = DONE + b"data: %b\n\nnot even an event\n\n" % more.payload
    await _tell_all(stage, _with_usage_last(stage), trailing)


async def usage_after_done(stage: Stage) -> None:
    await _tell_all(stage, stage.events, DONE + b"data: %b\n\n" % stage.usage_event.payload)


async def usage_in_last(stage: Stage) -> None:
    last = changed(stage.events[-1], usage=usage_object(stage.usage))
    await _tell_all(stage, [*stage.events[:-1], last])


async def usage_in_every(stage: Stage) -> None:
    events = stage.events
    so_far = [usage_object(stage.usage_of(events[: index + 1])) for index in range(len(events))]
    await _tell_all(stage, [changed(event, usage=usage) for event, usage in zip(events, so_far, strict=True)])


async def usage_null(stage: Stage) -> None:
    await _tell_all(stage, [*(changed(event, usage=None) for event in stage.events), stage.usage_event])


def _usage(value: dict[str, Any] | None) -> Play:
    """Plays an answer whose usage is this, or is missing."""

    async def play(stage: Stage) -> None:
        if stage.stream:
            told = [] if value is None else [changed(stage.usage_event, usage=value)]
            await _tell_all(stage, [*stage.events, *told])
            return
        answer = msgspec.json.decode(stage.body)
        answer["usage"] = value
        if value is None:
            del answer["usage"]
        await _send_plain(stage, answer)

    return play


async def _send_plain(stage: Stage, answer: object) -> None:
    # The standard encoder takes integers of any size.
    await stage.answer_plain(json.dumps(answer).encode())


async def content_filter(stage: Stage) -> None:
    if stage.stream:
        last = msgspec.json.decode(stage.events[-1].payload)
        last["choices"][0]["finish_reason"] = "content_filter"
        told = [*stage.half, Event(msgspec.json.encode(last))]
        if stage.wants_usage:
            told.append(changed(stage.usage_event, usage=usage_object(stage.usage_of(stage.half))))
        await _tell_all(stage, told)
        return
    answer = msgspec.json.decode(stage.body)
    for choice in answer.get("choices", ()):
        choice["finish_reason"] = "content_filter"
    await _send_plain(stage, answer)


async def hostile_text(stage: Stage) -> None:
    if stage.stream:
        opened, spoken, *rest = _with_usage_last(stage)
        events = [opened, with_text(spoken, HOSTILE), *rest]
        await _tell_all(stage, [changed(event, model=HOSTILE_MODEL) for event in events])
        return
    answer = msgspec.json.decode(stage.body)
    answer["model"] = HOSTILE_MODEL
    for choice in answer.get("choices", ()):
        if "message" in choice:
            choice["message"]["content"] = HOSTILE
        else:
            choice["text"] = HOSTILE
    await _send_plain(stage, answer)


async def big_line(stage: Stage) -> None:
    opened, spoken, *rest = _with_usage_last(stage)
    await _tell_all(stage, [opened, with_text(spoken, "a" * BIG_LINE), *rest])


async def endless_line(stage: Stage) -> None:
    stage.begin()
    if stage.stream:
        await stage.tell(stage.half)
        await stage.say(b"data: ")
    while True:
        await stage.say(_BLOCK)
        await stage.pause(0.001)


def _bad_line(line: bytes) -> Play:
    """Plays a stream with this line in the middle; a plain answer that is nothing else."""

    async def play(stage: Stage) -> None:
        if not stage.stream:
            stage.refuse(200, line)
            return
        stage.begin()
        await stage.tell(stage.half)
        await stage.say(b"data: %b\n\n" % line)
        await stage.tell(stage.events[len(stage.half) :])
        stage.done()

    return play


def _relay(name: str, does: str, play: Play, mark: Mark = Mark.RELAY, *, plain: bool = False) -> Fault:
    return Fault(f"fault-{name}", WHERE, mark, mark if plain else None, does, play)


def _soft(name: str, does: str, line: bytes) -> Fault:
    return Fault(f"fault-{name}", WHERE, Mark.SOFT, Mark.SOFT, does, _bad_line(line))


FAULTS = (
    _relay("no-done", "ends without `[DONE]`, though it has finished", no_done),
    _relay("double-done", "sends `[DONE]` twice", double_done),
    _relay("after-done", "sends more after `[DONE]`", after_done),
    _relay("usage-after-done", "sends the usage after `[DONE]`, as llama.cpp does", usage_after_done),
    _relay("usage-in-last", "sends the usage in the last event that has a choice", usage_in_last),
    _relay("usage-every", "sends the usage so far in every event", usage_in_every),
    _relay("usage-null", "sends `usage: null` until the last event, asked or not", usage_null),
    _relay("no-usage", "never says its usage", _usage(None), plain=True),
    _relay("usage-absurd", "says a usage that cannot be: negative, or absurdly large", _usage(ABSURD), plain=True),
    _relay("content-filter", "finishes with `content_filter`", content_filter, plain=True),
    _relay("control-chars", "has escape sequences and markup in its text and model name", hostile_text, plain=True),
    _relay("big-line", "sends 10 MB of text in one event", big_line, Mark.SOFT),
    Fault(
        "fault-endless-line",
        WHERE,
        Mark.SOFT,
        Mark.SOFT,
        "sends a line without end, as fast as it is read",
        endless_line,
    ),
    _soft("invalid-json", "has a line half-way that is no JSON", b'{"id":"practice","choices":[{"index":0,"delta":{'),
    _soft(
        "invalid-utf8",
        "has a line half-way that is no UTF-8",
        b'{"id":"practice","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"\xff\xfe\xc3"}}]}',
    ),
    _soft("deep-json", "has a line half-way that is nested 100,000 deep", b'{"a":' * DEPTH + b"1" + b"}" * DEPTH),
)
