"""The playground at the local door of a whole proxy: what is told, who pays, who cancels, and what is kept."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fakes.running import Running, running_proxy

from bursar.contract.client import AdminClient, NotRunning, Refused
from bursar.contract.commands import IssueKey
from bursar.contract.playground import (
    Began,
    Ended,
    GaveWay,
    Holding,
    Message,
    Opened,
    PlaygroundLine,
    Reasoning,
    SoFar,
    Talk,
    Text,
)
from bursar.contract.questions import Questions
from bursar.domain.exchange import Outcome

CAPS = """
[caps.daily]
usd = "5.00"
every = "day"
[caps.own]
key = "playground"
requests = 3
every = "day"
[caps.laptop-day]
key = "laptop"
usd = "1.00"
every = "day"
"""
SECRET = "the-word-that-nobody-keeps"


def said(text: str = "Tell me about budgets.", **fields: Any) -> Talk:
    return Talk(fields.pop("model", "fast"), (Message("user", text),), **fields)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket."""
    with TemporaryDirectory(prefix="bursar-") as name:
        yield Path(name)


@asynccontextmanager
async def proxied(folder: Path, extra: str = CAPS, **options: Any) -> AsyncIterator[tuple[Running, AdminClient]]:
    async with running_proxy(folder, extra, **options) as proxy, AdminClient(proxy.places) as client:
        yield proxy, client


async def lines_of(client: AdminClient, talk: Talk) -> list[PlaygroundLine]:
    async with aclosing(client.talk(talk)) as lines:
        return [line async for line in lines]


async def test_a_whole_answer_is_told_line_by_line_and_paid_like_any_other(folder: Path) -> None:
    async with proxied(folder) as (proxy, client):
        lines = await lines_of(client, said(max_tokens=40, temperature=0.5, project="thesis"))
        opened, holding, began, *rest, ended = lines
        assert isinstance(opened, Opened)
        assert isinstance(holding, Holding)
        assert isinstance(began, Began)
        assert isinstance(ended, Ended)
        assert all(isinstance(line, Text | SoFar) for line in rest)
        assert opened.prompt_tokens > 0
        assert holding.held_nano >= ended.cost_nano > 0
        assert (began.upstream, began.model, began.fallback_from) == ("main", "practice-small", "")
        text = "".join(line.text for line in rest if isinstance(line, Text))
        assert len(text.split()) > 10
        assert (ended.outcome, ended.finish_reason, ended.code) == (Outcome.COMPLETE, "length", "")
        assert (ended.settled, ended.priced, ended.usage.completion_tokens) == (True, True, 40)
        assert set(ended.paid_by) == {"cap:daily", "cap:own"}
        assert ended.first_ms is not None
        assert ended.first_ms <= ended.total_ms
        assert ended.tokens_per_s is not None
        (record,) = await proxy.records()
        assert (record.key, record.client, record.alias, record.project) == (
            "playground",
            "playground",
            "fast",
            "thesis",
        )
        assert (record.exchange_id, record.cost_nano) == (opened.exchange_id, ended.cost_nano)
        assert (await proxy.standing("own")).settled == 1
        assert (await proxy.standing("daily")).settled == ended.cost_nano
        assert (await proxy.standing("laptop-day")).settled == 0


async def test_its_budgets_hold_it_and_the_refusal_is_a_sentence(folder: Path) -> None:
    async with proxied(folder) as (proxy, client):
        for _ in range(3):
            assert isinstance((await lines_of(client, said(max_tokens=5)))[-1], Ended)
        lines = await lines_of(client, said())
        ended = lines[-1]
        assert isinstance(ended, Ended)
        assert (ended.outcome, ended.code) == (Outcome.REFUSED, "budget_exceeded")
        assert 'cap "own" is used up' in ended.message
        assert any(isinstance(line, GaveWay) for line in lines)
        assert not any(isinstance(line, Text) for line in lines)
        # The clients' own budget is another.
        assert (await proxy.chat()).status == 200


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (said(model=""), "missing_parameter"),
        (Talk("fast", ()), "invalid_parameter"),
        (said(max_tokens=0), "invalid_parameter"),
        (said(temperature=2.5), "invalid_parameter"),
    ],
)
async def test_what_is_no_call_is_refused(folder: Path, talk: Talk, code: str) -> None:
    async with proxied(folder) as (proxy, client):
        with pytest.raises(Refused) as refused:
            await lines_of(client, talk)
        assert refused.value.problem.code == code
        assert await proxy.records() == []


async def test_a_name_that_nobody_knows_is_a_call_that_was_refused(folder: Path) -> None:
    async with proxied(folder) as (_, client):
        ended = (await lines_of(client, said(model="no-such")))[-1]
        assert isinstance(ended, Ended)
        assert (ended.outcome, ended.code) == (Outcome.REFUSED, "model_not_found")
        assert "Ask for one of: fast" in ended.message


async def test_a_fallback_is_told_and_what_broke_too(folder: Path) -> None:
    chain = '[aliases.chain]\nroutes = ["main/fault-500", "main/practice-small"]\n'
    async with proxied(folder, CAPS + chain) as (_, client):
        lines = await lines_of(client, said(model="chain", max_tokens=10))
        gave_way = {line.model for line in lines if isinstance(line, GaveWay)}
        (began,) = [line for line in lines if isinstance(line, Began)]
        assert gave_way == {"fault-500"}
        assert (began.model, began.fallback_from) == ("practice-small", "main/fault-500")
        lines = await lines_of(client, said(model="main/fault-close-midstream"))
        ended = lines[-1]
        assert isinstance(ended, Ended)
        assert ended.outcome is Outcome.BROKEN
        assert ended.message
        assert ended.settled
        assert any(isinstance(line, Text) for line in lines)


async def test_reasoning_is_told_apart(folder: Path) -> None:
    prices = '[prices."practice-reasoning"]\ninput = "1"\noutput = "1"\n'
    async with proxied(folder, CAPS + prices) as (_, client):
        lines = await lines_of(client, said(model="main/practice-reasoning", max_tokens=200))
        assert any(isinstance(line, Reasoning) for line in lines)
        assert any(isinstance(line, Text) for line in lines)


async def test_at_the_budgets_limit_it_says_which(folder: Path) -> None:
    cap = '[caps.tiny]\nkey = "playground"\ntokens = 300\nevery = "day"\n'
    prices = '[prices."practice-*"]\ninput = "1"\noutput = "1"\n'
    async with proxied(folder, cap + prices, limits="first_slice_tokens = 64") as (_, client):
        ended = (await lines_of(client, said(model="main/practice-tokens-2000")))[-1]
        assert isinstance(ended, Ended)
        assert (ended.outcome, ended.finish_reason) == (Outcome.CUT, "length")
        assert '"tiny"' in ended.message


async def test_hanging_up_cancels_the_call_and_the_upstream_and_pays_for_what_came(folder: Path) -> None:
    prices = '[prices."practice-*"]\ninput = "1"\noutput = "1"\n'
    async with proxied(folder, CAPS + prices, speed=50) as (proxy, client):
        exchange = ""
        async with aclosing(client.talk(said(model="main/practice-tokens-2000"))) as lines:
            async for line in lines:
                if isinstance(line, Opened):
                    exchange = line.exchange_id
                if isinstance(line, Text):
                    break
        await proxy.settled()
        (record,) = await proxy.records()
        assert (record.exchange_id, record.outcome) == (exchange, Outcome.LEFT)
        assert 0 < record.usage.completion_tokens < 1_000
        async with asyncio.timeout(60):
            await proxy.practice.tally.idle()


async def test_by_the_client_without_a_loop_too(folder: Path) -> None:
    async with proxied(folder) as (proxy, _):
        lines = await asyncio.to_thread(lambda: list(Questions(proxy.places).talk(said(max_tokens=5))))
        assert isinstance(lines[0], Opened)
        assert isinstance(lines[-1], Ended)

        def first_text() -> None:
            for line in Questions(proxy.places).talk(said()):
                if isinstance(line, Text):
                    return

        await asyncio.to_thread(first_text)
        with pytest.raises(Refused):
            await asyncio.to_thread(lambda: list(Questions(proxy.places).talk(said(max_tokens=-1))))
        places = proxy.places
    with pytest.raises(NotRunning):
        list(Questions(places).talk(said()))


async def test_nobody_can_hold_its_key(folder: Path) -> None:
    async with proxied(folder) as (proxy, client):
        with pytest.raises(Refused) as refused:
            await client.issue_key(IssueKey("playground"))
        assert "playground" in str(refused.value)
        assert (await proxy.chat(key="")).status == 401
        assert (await proxy.chat(key="playground")).status == 401


def kept_in(folder: Path) -> bytes:
    """All that is in any file."""
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def test_nothing_of_the_text_is_kept_or_logged(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with proxied(folder) as (proxy, client):
        lines = await lines_of(client, said(f"Repeat {SECRET}", max_tokens=20))
        answer = "".join(line.text for line in lines if isinstance(line, Text))
        await proxy.settled()
    kept = await asyncio.to_thread(kept_in, folder)
    assert b"practice-small" in kept
    assert SECRET.encode() not in kept
    assert answer[:40].encode() not in kept
    assert SECRET not in caplog.text
