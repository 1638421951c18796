"""The table of faults: complete, and each played as it is marked."""

import asyncio
from typing import Any

import pytest

from bursar.practice.faults.connecting import BAD_ADDRESSES
from bursar.practice.faults.fault import Mark
from bursar.practice.faults.table import FAULTS

ROWS = {
    "connecting",
    "before headers",
    "framing of HTTP",
    "statuses",
    "200 that is a no",
    "redirects",
    "headers back",
    "SSE grammar",
    "SSE content",
    "compression",
    "the answer breaks",
    "no progress",
    "wrong form",
    "flapping",
    "slow first token",
    "fallback refuses a prefill",
    "budget",
}
"""Every row of faults that an upstream can be at fault in."""

ENDLESS = {
    "fault-silent",
    "fault-stall-first",
    "fault-stall-midstream",
    "fault-comments-forever",
    "fault-endless-line",
}
"""Those that go on till the client has gone."""


def test_every_row_is_played() -> None:
    assert {fault.where for fault in FAULTS.values()} | {address.where for address in BAD_ADDRESSES.values()} == ROWS


def test_every_fault_is_named_marked_and_told() -> None:
    for name, fault in FAULTS.items():
        assert name == fault.name
        assert name.startswith("fault-")
        assert isinstance(fault.mark, Mark)
        assert fault.does
        assert fault.does[0].islower()
        assert not fault.does.endswith(".")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", sorted(set(FAULTS) - ENDLESS))
async def test_every_fault_ends_and_is_counted_once(ask: Any, practice: Any, name: str, stream: bool) -> None:
    await ask.chat(name, stream=stream, patience_s=20)
    async with asyncio.timeout(60):
        await practice.tally.idle()
    served = practice.tally.models[name]
    assert served.begun == served.answered + served.refused + served.broken == 1
    assert served.aborted == 0
    if served.refused:
        assert served.cost_nano == 0
    # The server is none the worse for it.
    assert (await ask.chat("practice-tokens-3")).status == 200


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("name", sorted(ENDLESS))
async def test_an_endless_fault_ends_with_its_client(ask: Any, practice: Any, name: str, stream: bool) -> None:
    answering = asyncio.ensure_future(ask.chat(name, stream=stream, patience_s=0.2))
    await practice.tally.busy()
    if name in ("fault-endless-line", "fault-comments-forever"):
        # They never fall silent: the client leaves of its own accord.
        answering.cancel()
    else:
        assert (await answering).ended in ("silence", "reset")
    async with asyncio.timeout(60):
        await practice.tally.idle()
    assert practice.tally.models[name].aborted == 1


@pytest.mark.parametrize("name", sorted(name for name, fault in FAULTS.items() if fault.plain is None))
async def test_a_fault_without_a_plain_form_answers_in_full(ask: Any, name: str) -> None:
    answer = await ask.chat(name)
    assert answer.status == 200
    assert answer.json["choices"][0]["finish_reason"] == "stop"
    assert answer.text == (await ask.chat("fault-crlf")).text


@pytest.mark.parametrize("name", sorted(name for name, fault in FAULTS.items() if fault.mark is Mark.RELAY))
async def test_what_is_to_be_relayed_is_billed_in_full(ask: Any, practice: Any, name: str) -> None:
    healthy = await ask.chat("fault-crlf")
    await practice.tally.idle()
    expected = practice.tally.models["fault-crlf"].completion_tokens
    practice.reset()
    await ask.chat(name, stream=True)
    await practice.tally.idle()
    served = practice.tally.models[name]
    assert served.answered == 1
    if name == "fault-content-filter":
        assert 0 < served.completion_tokens < expected
    else:
        assert served.completion_tokens == expected == healthy.json["usage"]["completion_tokens"]
