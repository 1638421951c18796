"""A stream that was cut goes on at the next route, as one answer; or it ends in an honest break."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from fakes.running import MESSAGES, Answered, Running, running_proxy

from bursar.contract.commands import AttemptRow
from bursar.domain.exchange import Outcome
from bursar.domain.route import Route
from bursar.practice.reply import CODE_TEXT

WAYS = ["verify", "prefill"]
LIMITS = "first_event_s = 2\nstall_s = 1\nprogress_s = 2\nlate_usage_s = 0.1\n"
CAP = '[caps.all]\nusd = "100"\nevery = "total"\n[prices."practice-*"]\ninput = "1"\noutput = "1"\n'
HALF_TOLD = ["error-mid", "error-event", "error-finish", "reset-midstream", "close-midstream", "stall-midstream"]
MANNERS = [f"fault-{name}" for name in (*HALF_TOLD, "no-finish", "no-finish-done", "cut-in-chunk")]


def alias(name: str, how: str, *models: str) -> str:
    routes = ", ".join(f'"main/{model}"' for model in models)
    return f'[aliases."{name}"]\nroutes = [{routes}]\ncontinue = "{how}"\n'


@asynccontextmanager
async def proxy_with(folder: Path, *aliases: str, limits: str = "") -> AsyncIterator[Running]:
    async with running_proxy(folder, "".join(aliases) + CAP, limits=LIMITS + limits, pause_scale=0.1) as proxy:
        yield proxy
        assert (await proxy.standing("all")).held == 0


def assert_seamless(answer: Answered, text: str) -> None:
    """One answer, whole and well formed, as if it had come from one route."""
    assert (answer.status, answer.broken) == (200, False)
    assert answer.text == text
    assert answer.finish_reasons == ["stop"]
    assert answer.events.count("[DONE]") == 1
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in answer.chunks}) == 1
    roles = [choice["delta"].get("role") for chunk in answer.chunks for choice in chunk["choices"]]
    assert [role for role in roles if role] == ["assistant"]
    assert not any("error" in chunk for chunk in answer.chunks)


def assert_broken(answer: Answered, text: str) -> None:
    """A prefix of the answer, the error that cut it, and an end that nobody takes for whole."""
    assert (answer.status, answer.broken) == (200, True)
    *before, last = answer.chunks
    assert last["error"]["code"] in ("upstream_broken", "upstream_timeout", "upstream_error", "model_overloaded")
    assert not any("error" in chunk for chunk in before)
    said = "".join(choice["delta"].get("content") or "" for chunk in before for choice in chunk["choices"])
    assert text.startswith(said)
    assert "[DONE]" not in answer.events
    assert not answer.finish_reasons


def notes(records: list[AttemptRow]) -> list[tuple[Outcome, bool, bool]]:
    return [(each.outcome, "continued" in each.notes, "prefilled" in each.notes) for each in records]


@pytest.mark.parametrize("how", WAYS)
async def test_a_cut_at_any_event_is_joined_to_the_letter(tmp_path: Path, how: str) -> None:
    events = len(CODE_TEXT) // 4 + 3
    cuts = range(1, events + 1)
    aliases = [alias(f"cut-{n}", how, f"practice-code-cut-{n}", "practice-code") for n in cuts]
    async with proxy_with(tmp_path, *aliases) as proxy:
        few = asyncio.Semaphore(8)

        async def ask(number: int) -> Answered:
            async with few:
                return await proxy.chat(f"cut-{number}", stream=True)

        for answer in await asyncio.gather(*map(ask, cuts)):
            assert_seamless(answer, CODE_TEXT)
        records = await proxy.records()
        continued = [each for each in records if "continued" in each.notes]
        assert len(continued) >= len(cuts) - 2
        assert all(each.outcome is Outcome.COMPLETE and each.cost_nano for each in continued)
        assert {each.model for each in continued} == {"practice-code"}
        exchanges = await proxy.exchanges()
        assert all(each.outcome is Outcome.COMPLETE for each in exchanges)


@pytest.mark.parametrize("how", WAYS)
async def test_what_came_a_chunk_at_a_time_is_joined_too(tmp_path: Path, how: str) -> None:
    """Such chunks reach the client as they come, and are known to have been said all the same."""
    chain = "practice-chunks-60-rate-400-cut-40", "practice-chunks-60-rate-400"
    async with proxy_with(tmp_path, alias("it", how, *chain)) as proxy:
        whole = (await proxy.chat("main/practice-chunks-60")).text
        assert_seamless(await proxy.chat("it", stream=True), whole)
        _, first, second = await proxy.records()
        assert notes([first, second]) == [(Outcome.BROKEN, False, False), (Outcome.COMPLETE, True, how == "prefill")]


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("how", WAYS)
async def test_any_way_to_be_cut_is_continued(tmp_path: Path, how: str, manner: str) -> None:
    async with proxy_with(tmp_path, alias("it", how, manner, "practice-tokens-60")) as proxy:
        whole = (await proxy.chat("main/practice-tokens-60")).text
        answer = await proxy.chat("it", stream=True)
        assert_seamless(answer, whole)
        _, first, second = await proxy.records()
        assert notes([first, second]) == [(Outcome.BROKEN, False, False), (Outcome.COMPLETE, True, how == "prefill")]
        assert first.cost_nano > 0
        assert second.cost_nano > 0
        paid = f"{(first.cost_nano + second.cost_nano) / 1e9:.9f}".rstrip("0")
        assert f": x-bursar-cost-usd: {paid}\n" in answer.body.decode()


async def test_a_prefill_pays_for_the_rest_alone(tmp_path: Path) -> None:
    chain = "practice-tokens-400-cut-300", "practice-tokens-400"
    async with proxy_with(tmp_path, *(alias(how, how, *chain) for how in WAYS)) as proxy:
        for how in WAYS:
            await proxy.chat(how, stream=True)
        _, verified, _, prefilled = await proxy.records()
        assert verified.usage.completion_tokens == 400
        assert 95 <= prefilled.usage.completion_tokens <= 105
        assert prefilled.usage.prompt_tokens > verified.usage.prompt_tokens + 290


@pytest.mark.parametrize("how", WAYS)
async def test_the_usage_is_that_of_one_answer(tmp_path: Path, how: str) -> None:
    async with proxy_with(tmp_path, alias("it", how, "practice-tokens-60-cut-20", "practice-tokens-60")) as proxy:
        usual = (await proxy.chat("main/practice-tokens-60")).json["usage"]
        answer = await proxy.chat("it", stream=True, stream_options={"include_usage": True})
        [told] = [chunk["usage"] for chunk in answer.chunks if chunk.get("usage")]
        # What the prefill is counted at beside its text, its role, belongs to neither side of one answer.
        assert told["completion_tokens"] == pytest.approx(usual["completion_tokens"], abs=1)
        assert told["prompt_tokens"] == pytest.approx(usual["prompt_tokens"], abs=6)
        assert told["total_tokens"] == told["prompt_tokens"] + told["completion_tokens"]


async def test_a_limit_holds_for_the_whole_answer(tmp_path: Path) -> None:
    chain = "practice-tokens-400-cut-31", "practice-tokens-400"
    async with proxy_with(tmp_path, *(alias(how, how, *chain) for how in WAYS)) as proxy:
        limited = (await proxy.chat("main/practice-tokens-400", max_tokens=50)).text
        for how in WAYS:
            answer = await proxy.chat(how, stream=True, max_tokens=50)
            assert (answer.text, answer.finish_reasons) == (limited, ["length"])


async def test_a_prefill_that_is_refused_is_followed_by_asking_the_same(tmp_path: Path) -> None:
    async with proxy_with(tmp_path, alias("it", "prefill", "fault-close-midstream", "fault-no-prefill")) as proxy:
        whole = (await proxy.chat("main/fault-no-prefill")).text
        assert_seamless(await proxy.chat("it", stream=True), whole)
        _, *records = await proxy.records()
        assert notes(records) == [
            (Outcome.BROKEN, False, False),
            (Outcome.REFUSED, True, True),
            (Outcome.COMPLETE, True, False),
        ]
        assert [each.attempt for each in records] == [1, 2, 3]
        assert records[1].cost_nano == 0


@pytest.mark.parametrize("most", [1, 2])
async def test_no_more_is_tried_than_is_allowed(tmp_path: Path, most: int) -> None:
    chain = alias("it", "prefill", "fault-close-midstream", "fault-no-prefill", "practice-small")
    async with proxy_with(tmp_path, chain, limits=f"max_attempts = {most}\n") as proxy:
        whole = (await proxy.chat("main/fault-no-prefill")).text
        assert_broken(await proxy.chat("it", stream=True), whole)
        assert len(await proxy.records()) == 1 + most


@pytest.mark.parametrize("how", WAYS)
async def test_what_goes_on_may_be_cut_and_go_on_again(tmp_path: Path, how: str) -> None:
    models = [f"practice-code-cut-{n}" for n in ((9, 23, 41) if how == "verify" else (9, 11, 13))]
    async with proxy_with(tmp_path, alias("it", how, *models, "practice-code")) as proxy:
        assert_seamless(await proxy.chat("it", stream=True), CODE_TEXT)
        records = await proxy.records()
        assert [each.outcome for each in records][-1] is Outcome.COMPLETE
        assert [("continued" in each.notes) for each in records] == [False, True, True, True]


async def test_another_answer_is_never_joined(tmp_path: Path) -> None:
    chain = alias("it", "verify", "practice-code-cut-9", "practice-tokens-60", "practice-code-cut-3", "fault-500")
    async with proxy_with(tmp_path, chain) as proxy:
        answer = await proxy.chat("it", stream=True)
        assert_broken(answer, CODE_TEXT)
        first, *others = await proxy.records()
        assert first.outcome is Outcome.BROKEN
        assert (others[0].outcome, others[0].refusal) == (Outcome.BROKEN, "answer_not_continued")
        assert others[0].cost_nano > 0
        # Whoever gives another answer is not ill for that.
        assert proxy.daemon.health.why_last(Route("main", "practice-tokens-60")) == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"response_format": {"type": "json_object"}},
        {"logprobs": True},
        {
            "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
            "tool_choice": "required",
        },
    ],
    ids=["two answers", "json", "logprobs", "tool calls"],
)
@pytest.mark.parametrize("how", WAYS)
async def test_only_text_goes_on(tmp_path: Path, how: str, fields: dict[str, Any]) -> None:
    cut = 2 if "tools" in fields else 5
    chain = alias("it", how, f"practice-tokens-60-cut-{cut}", "practice-tokens-60")
    async with proxy_with(tmp_path, chain) as proxy:
        answer = await proxy.chat("it", stream=True, **fields)
        assert (answer.status, answer.broken) == (200, True)
        assert "error" in answer.chunks[-1]
        assert len(await proxy.records()) == 1


async def test_reasoning_does_not_go_on(tmp_path: Path) -> None:
    chain = alias("it", "verify", "practice-reasoning-cut-80", "practice-reasoning")
    async with proxy_with(tmp_path, chain) as proxy:
        answer = await proxy.chat("it", stream=True)
        assert "error" in answer.chunks[-1]
        assert len(await proxy.records()) == 1


async def test_it_is_off_unless_asked_for(tmp_path: Path) -> None:
    chain = '[aliases.it]\nroutes = ["main/practice-code-cut-9", "main/practice-code"]\n'
    async with proxy_with(tmp_path, chain) as proxy:
        assert_broken(await proxy.chat("it", stream=True), CODE_TEXT)
        assert len(await proxy.records()) == 1


async def test_what_cannot_be_held_is_not_asked(tmp_path: Path) -> None:
    tight = '[caps.tight]\nrequests = 1\nevery = "total"\n'
    async with proxy_with(tmp_path, alias("it", "verify", "practice-code-cut-9", "practice-code"), tight) as proxy:
        assert_broken(await proxy.chat("it", stream=True), CODE_TEXT)
        assert proxy.practice.tally.total.begun == 1
        assert (await proxy.standing("tight")).settled == 1


async def test_a_client_that_leaves_meanwhile_stops_it(tmp_path: Path) -> None:
    chain = alias("it", "verify", "practice-code-cut-9", "practice-code-rate-20")
    async with proxy_with(tmp_path, chain) as proxy:
        body = msgspec.json.encode({"model": "it", "messages": MESSAGES, "stream": True})
        headers = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
        got = b""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{proxy.base_url}/chat/completions", data=body, headers=headers) as response,
        ):
            # The first route gave nine events: with the tenth the second one has gone on.
            while got.count(b"data: ") < 10:
                got += await response.content.readany()
        first, second = await proxy.records()
        assert (first.outcome, second.outcome) == (Outcome.BROKEN, Outcome.LEFT)
        await proxy.practice.tally.idle()
        assert proxy.practice.tally.total.aborted == 1
