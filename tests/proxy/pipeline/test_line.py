"""The line a call takes, through the real doors: what the client gets, what the ledger shows, what was announced."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from fakes.running import MESSAGES, Answered, Running, running_proxy

from bursar.domain.exchange import Outcome
from bursar.domain.usage import Quality

DOLLAR = '[caps.day]\nusd = "1.00"\nevery = "day"\n'


async def test_a_plain_call_is_answered_priced_and_settled(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, DOLLAR) as proxy:
        answer = await proxy.chat()
        assert answer.status == 200
        assert answer.json["model"] == "practice-small"
        usage = answer.json["usage"]
        cost = -(-(usage["prompt_tokens"] * 150 + usage["completion_tokens"] * 600) // 1)
        [record] = await proxy.records()
        assert (record.usage.prompt_tokens, record.usage.completion_tokens) == (
            usage["prompt_tokens"],
            usage["completion_tokens"],
        )
        assert (record.cost_nano, record.quality, record.outcome) == (cost, Quality.REPORTED, Outcome.COMPLETE)
        # A model of no known family is counted with a tenth more.
        assert usage["prompt_tokens"] <= record.prompt_counted <= usage["prompt_tokens"] * 1.2
        assert usage["completion_tokens"] <= record.completion_counted <= usage["completion_tokens"] * 1.2
        standing = await proxy.standing("day")
        assert (standing.granted, standing.held, standing.settled) == (10**9, 0, cost)
        assert answer.headers["x-bursar-exchange"] == record.exchange_id
        assert answer.headers["x-bursar-upstream"] == "main"
        assert answer.headers["x-bursar-model"] == answer.headers["X-Actual-Model"] == "practice-small"
        assert answer.headers["X-Fallback-Used"] == "false"
        assert int(float(answer.headers["x-bursar-cost-usd"]) * 1e9 + 0.5) == cost
        assert float(answer.headers["x-bursar-budget-remaining-usd"]) == pytest.approx(1 - cost / 1e9)


async def test_a_stream_comes_whole_with_its_usage_hidden(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, DOLLAR) as proxy:
        answer = await proxy.chat(stream=True)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.events[-1] == "[DONE]"
        assert answer.body.endswith(b"data: [DONE]\n\n")
        assert answer.finish_reasons == ["stop"]
        assert all(chunk.get("usage") is None for chunk in answer.chunks)
        assert b": x-bursar-cost-usd: 0.0" in answer.body
        [record] = await proxy.records()
        assert record.quality is Quality.REPORTED
        assert record.first_ms is not None
        [exchange] = await proxy.exchanges()
        assert (exchange.outcome, exchange.status, exchange.cost_nano) == (Outcome.COMPLETE, 200, record.cost_nano)


async def test_usage_is_told_once_where_it_was_asked_for(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        answer = await proxy.chat(stream=True, stream_options={"include_usage": True})
        told = [chunk["usage"] for chunk in answer.chunks if chunk.get("usage")]
        [record] = await proxy.records()
        assert [usage["completion_tokens"] for usage in told] == [record.usage.completion_tokens]
        assert answer.chunks[-1]["choices"] == []


@pytest.mark.parametrize("model", ["fault-no-usage", "fault-usage-after-done"])
async def test_usage_that_never_or_late_comes_is_told_all_the_same(tmp_path: Path, model: str) -> None:
    async with running_proxy(tmp_path, limits="late_usage_s = 0.3") as proxy:
        answer = await proxy.chat(f"main/{model}", stream=True, stream_options={"include_usage": True})
        [told] = [chunk["usage"] for chunk in answer.chunks if chunk.get("usage")]
        assert answer.events[-1] == "[DONE]"
        [record] = await proxy.records()
        assert told["completion_tokens"] == record.usage.completion_tokens > 0
        assert record.quality is (Quality.COUNTED if "no-usage" in model else Quality.REPORTED)


async def test_a_route_that_fails_first_gives_way_to_the_next(tmp_path: Path) -> None:
    extra = '[aliases.sturdy]\nroutes = ["main/fault-500", "main/practice-small"]\n' + DOLLAR
    async with running_proxy(tmp_path, extra) as proxy:
        for stream in (False, True):
            answer = await proxy.chat("sturdy", stream=stream)
            assert answer.status == 200
            assert answer.headers["X-Fallback-Used"] == "true"
            assert answer.headers["X-Fallback-From"] == "main/fault-500"
            assert answer.headers["X-Fallback-Reason"] == "model_overloaded"
            assert answer.headers["X-Actual-Model"] == "practice-small"
        records = await proxy.records()
        assert [(record.attempt, record.outcome, record.cost_nano > 0) for record in records] == [
            (1, Outcome.REFUSED, False),
            (2, Outcome.REFUSED, False),
            (3, Outcome.COMPLETE, True),
            # The second call knows that the first route is not well.
            (1, Outcome.COMPLETE, True),
        ]
        [first, _] = await proxy.exchanges()
        assert [attempt.code for attempt in first.attempts] == ["model_overloaded", "model_overloaded", ""]
        assert proxy.practice.tally.models["fault-500"].begun == 2


async def test_a_no_of_the_last_route_reaches_the_client_in_its_own_shape(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, DOLLAR) as proxy:
        answer = await proxy.chat("main/fault-500")
        assert answer.status == 503
        assert set(answer.json["error"]) >= {"message", "type", "code", "param"}
        assert (await proxy.standing("day")).settled == 0
        assert answer.headers["x-bursar-exchange"]


async def test_a_call_that_no_cap_can_bear_is_refused_before_a_byte_goes_out(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, '[caps.tiny]\nusd = "0.0000001"\nevery = "day"\n') as proxy:
        answer = await proxy.chat()
        error = answer.json["error"]
        assert (answer.status, error["type"], error["code"]) == (402, "invalid_request_error", "budget_exceeded")
        assert answer.headers["x-should-retry"] == "false"
        assert "Retry-After" not in answer.headers
        assert "tiny" in error["message"]
        assert error["bursar"]["resets_at"]
        assert proxy.practice.tally.total.begun == 0


async def test_a_stream_ends_politely_at_the_cap(tmp_path: Path) -> None:
    limits = "first_slice_tokens = 50\nleast_answer_tokens = 20"
    async with running_proxy(tmp_path, '[caps.small]\ntokens = 300\nevery = "day"\n', limits=limits) as proxy:
        answer = await proxy.chat(
            "main/practice-tokens-5000-rate-2000", stream=True, stream_options={"include_usage": True}
        )
        assert answer.events[-1] == "[DONE]"
        assert answer.finish_reasons == ["length"]
        [cut] = [chunk["bursar"] for chunk in answer.chunks if "bursar" in chunk]
        assert cut["code"] == "budget_exceeded"
        standing = await proxy.standing("small")
        assert 200 < standing.settled <= 300
        [record] = await proxy.records()
        assert record.outcome is Outcome.CUT
        await proxy.practice.tally.idle()
        assert proxy.practice.tally.total.aborted == 1
        assert (await proxy.chat(stream=True)).status == 402


async def test_a_plain_answer_is_limited_to_what_is_left(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, '[caps.small]\ntokens = 300\nevery = "day"\n') as proxy:
        answer = await proxy.chat("main/practice-tokens-5000", max_tokens=5000)
        assert answer.status == 200
        limit = int(answer.headers["x-bursar-limit-set"])
        assert answer.json["usage"]["completion_tokens"] == limit
        assert answer.json["choices"][0]["finish_reason"] == "length"
        assert (await proxy.standing("small")).settled <= 300


async def test_without_caps_no_limit_is_set(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        answer = await proxy.chat("main/practice-tokens-5000")
        assert answer.json["usage"]["completion_tokens"] == 5000
        assert "x-bursar-limit-set" not in answer.headers


async def test_an_unknown_price_under_a_cap_in_dollars_is_refused_with_the_line_to_add(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, DOLLAR) as proxy:
        answer = await proxy.chat("main/practice-slow-rate-1000")
        assert (answer.status, answer.json["error"]["code"]) == (402, "unknown_price")
        assert '[prices."main/practice-slow-rate-1000"]' in answer.json["error"]["message"]
        assert proxy.practice.tally.total.begun == 0


async def test_without_a_cap_in_dollars_no_price_is_needed(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, '[caps.many]\nrequests = 2\nevery = "hour"\n') as proxy:
        statuses = [(await proxy.chat("main/practice-tokens-5")).status for _ in range(3)]
        assert statuses == [200, 200, 402]
        [exchange, *_] = await proxy.exchanges()
        assert not exchange.attempts[0].priced


async def leave_after(proxy: Running, model: str, wanted: int, **fields: object) -> bytes:
    """Read so many bytes of an answer, then hang up."""
    body = msgspec.json.encode({"model": model, "messages": MESSAGES, **fields})
    headers = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
    async with proxy.session.post(f"{proxy.base_url}/chat/completions", data=body, headers=headers) as response:
        got = await response.content.readexactly(wanted)
        response.close()
    return got


async def test_a_client_that_leaves_stops_the_upstream_and_pays_for_what_came(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, DOLLAR + PRICED_SLOW) as proxy:
        await leave_after(proxy, "main/practice-tokens-1000-rate-100", 2000, stream=True)
        [exchange] = await proxy.exchanges()
        assert exchange.outcome is Outcome.LEFT
        await proxy.practice.tally.idle()
        served = proxy.practice.tally.total
        assert (served.aborted, served.answered) == (1, 0)
        [record] = await proxy.records()
        assert served.completion_tokens <= record.usage.completion_tokens <= served.completion_tokens * 1.1 + 10
        assert record.quality is Quality.COUNTED


PRICED_SLOW = '[prices."practice-tokens-1000-rate-100"]\ninput = "1"\noutput = "2"\n'


async def test_a_client_that_leaves_before_anything_came_stops_the_upstream(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        call = asyncio.ensure_future(proxy.chat("main/practice-wait-60000-tokens-5"))
        await proxy.practice.tally.busy()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        [exchange] = await proxy.exchanges()
        assert exchange.outcome is Outcome.LEFT
        await proxy.practice.tally.idle()
        assert proxy.practice.tally.total.aborted == 1


async def test_a_broken_stream_is_never_shown_as_whole(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        for model in ("fault-reset-midstream", "fault-close-midstream", "fault-no-finish", "fault-error-mid"):
            answer = await proxy.chat(f"main/{model}", stream=True)
            assert answer.status == 200, model
            assert "[DONE]" not in answer.events, model
            assert not answer.finish_reasons, model
            assert "error" in answer.chunks[-1], model
            assert answer.broken, model
        assert {exchange.outcome for exchange in await proxy.exchanges()} == {Outcome.BROKEN}


async def test_parallel_calls_never_spend_beyond_the_cap(tmp_path: Path) -> None:
    extra = (
        '[caps.ten]\nusd = "0.0006"\nevery = "total"\n[prices."practice-tokens-90"]\ninput = "0.15"\noutput = "0.60"\n'
    )
    async with running_proxy(tmp_path, extra) as proxy:
        calls = [proxy.chat("main/practice-tokens-90", max_tokens=100, stream=n % 2 == 0) for n in range(100)]
        answers: list[Answered] = await asyncio.gather(*calls)
        statuses = [answer.status for answer in answers]
        assert set(statuses) == {200, 402}
        assert 8 <= statuses.count(200) <= 12
        await proxy.practice.tally.idle()
        assert proxy.practice.tally.total.cost_nano <= 600_000
        standing = await proxy.standing("ten")
        assert standing.settled == proxy.practice.tally.total.cost_nano


async def test_an_event_over_several_lines_reaches_the_client_on_one(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        answer = await proxy.chat("main/fault-multiline", stream=True, stream_options={"include_usage": True})
        for block in answer.body.decode().strip().split("\n\n"):
            assert "\n" not in block
        assert answer.finish_reasons == ["stop"]
        assert answer.chunks[-1]["usage"]["completion_tokens"] > 0
