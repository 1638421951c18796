"""The upstream as the judge of the money: what it served is never above the cap, and none of the cap is stuck."""

import asyncio
import random
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from fakes.running import MESSAGES, Answered, Running, running_proxy

from bursar.domain.exchange import Outcome

AT_ONCE = 200
CAP_NANO = 1_700_000
TOKEN_NANO = 600
"""One token of an answer, at the practice price."""
READ_TOKENS = 12
"""What one read may bring above what is held, of a model that says three hundred tokens a second."""
LEAST_NANO = 60_000
"""Less than this is no call worth making: a prompt and the least answer."""

HELD_NANO = 90 * TOKEN_NANO + 24 * 150
"""What is held for ninety tokens: those, the prompt, and the margin of its count."""

MODEL = "main/practice-tokens-90-rate-300"
EXTRA = f"""
[caps.all]
usd = "{CAP_NANO / 10**9:.7f}"
every = "total"
[prices."practice-tokens-90-rate-300"]
input = "0.15"
output = "0.60"
"""


async def judged(proxy: Running) -> int:
    """What the upstream served, at its own prices, once nothing runs any more."""
    await proxy.settled()
    await proxy.practice.tally.idle()
    return proxy.practice.tally.total.cost_nano


async def cut(proxy: Running) -> int:
    """How many answers did not come to their own end, each of which may be above its hold by one read."""
    ends = (Outcome.CUT, Outcome.LEFT)
    return sum(record.outcome in ends for record in await proxy.records())


async def check_sums(proxy: Running) -> None:
    """Nothing is held, the books are above what was served by no more than cut answers are estimated at."""
    cost, standing, reads = await judged(proxy), await proxy.standing("all"), await cut(proxy)
    above = reads * READ_TOKENS * TOKEN_NANO
    assert standing.held == 0
    assert cost <= CAP_NANO + above
    assert standing.settled <= CAP_NANO + above
    if not reads:
        assert standing.settled == cost


async def drain(proxy: Running) -> None:
    """Spend what is left, call by call, until none is worth making: nothing is stuck."""
    while (await proxy.chat(MODEL, max_tokens=90)).status == 200:
        await proxy.settled()
    standing = await proxy.standing("all")
    assert CAP_NANO - standing.settled < LEAST_NANO


@pytest.mark.parametrize("limit", [{}, {"max_tokens": 90}], ids=["open", "limited"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_two_hundred_calls_at_once_share_a_cap_for_thirty(
    tmp_path: Path, stream: bool, limit: dict[str, Any]
) -> None:
    async with running_proxy(tmp_path, EXTRA) as proxy:
        calls = [proxy.chat(MODEL, stream=stream, **limit) for _ in range(AT_ONCE)]
        answers: list[Answered] = await asyncio.gather(*calls)
        statuses = [answer.status for answer in answers]
        assert set(statuses) == {200, 402}
        await check_sums(proxy)
        if limit:
            # A limit in the request is held and no more: all that fit are served, and none of them is cut.
            assert statuses.count(200) >= CAP_NANO // HELD_NANO
            assert await cut(proxy) == 0
        await drain(proxy)
        await check_sums(proxy)


async def test_a_mixed_crowd_never_spends_more_than_there_is(tmp_path: Path) -> None:
    dice = random.Random(7)
    async with running_proxy(tmp_path, EXTRA) as proxy:

        async def caller() -> None:
            for _ in range(8):
                limit: dict[str, Any] = dice.choice(({}, {"max_tokens": dice.randrange(1, 120)}))
                await proxy.chat(MODEL, stream=dice.random() < 0.5, **limit)

        await asyncio.gather(*(caller() for _ in range(25)))
        await check_sums(proxy)
        await drain(proxy)


async def test_the_stairs_to_the_last_cent(tmp_path: Path) -> None:
    """Call after call, each known to the nano-dollar, until not even the least answer can be paid."""
    dice = random.Random(3)
    model = "main/practice-tokens-400"
    price = '[prices."practice-tokens-400"]\ninput = "0.15"\noutput = "0.60"\n'
    async with running_proxy(tmp_path, EXTRA + price) as proxy:
        refused = 0
        while refused < 5:
            answer = await proxy.chat(model, max_tokens=dice.randrange(1, 300))
            refused += answer.status == 402
            standing = await proxy.standing("all")
            assert standing.settled == await judged(proxy) <= CAP_NANO
            if answer.status == 402:
                told = answer.json["error"]["bursar"]
                assert round(float(told["available"]) * 10**9) == CAP_NANO - standing.settled
        while (await proxy.chat(model, max_tokens=1)).status == 200:
            pass
        # What is left now does not even pay for a prompt and one token.
        standing = await proxy.standing("all")
        assert CAP_NANO - standing.settled < 8_000
        assert standing.settled == await judged(proxy)


async def leave(proxy: Running, body: bytes, pieces: int) -> int:
    """Ask, read so many pieces, and go; the status."""
    headers = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        url = f"{proxy.base_url}/chat/completions"
        async with session.post(url, data=body, headers=headers) as response:
            if response.status == 200:
                for _ in range(pieces):
                    if not await response.content.readany():
                        break
            response.close()
            return response.status


async def test_a_storm_of_clients_that_leave_neither_spends_nor_keeps_more_than_there_is(tmp_path: Path) -> None:
    dice = random.Random(11)
    body = msgspec.json.encode({"model": MODEL, "messages": MESSAGES, "stream": True, "max_tokens": 90})
    async with running_proxy(tmp_path, EXTRA) as proxy:
        for _ in range(3):
            statuses = await asyncio.gather(*(leave(proxy, body, dice.randrange(12)) for _ in range(60)))
            assert set(statuses) <= {200, 402}
        await check_sums(proxy)
        # What was sent before they left is in the books, not less.
        assert (await proxy.standing("all")).settled >= await judged(proxy) - await cut(
            proxy
        ) * READ_TOKENS * TOKEN_NANO
        await drain(proxy)


async def test_an_upstream_that_would_go_on_is_cut_at_what_is_held(tmp_path: Path) -> None:
    cap = '[caps.all]\nusd = "0.000040"\nevery = "total"\n[prices."practice-*"]\ninput = "0.15"\noutput = "0.60"\n'
    async with running_proxy(tmp_path, cap, limits="least_answer_tokens = 20") as proxy:
        answer = await proxy.chat("main/practice-tokens-5000-rate-300", stream=True)
        assert (answer.status, answer.finish_reasons, answer.events[-1]) == (200, ["length"], "[DONE]")
        assert "budget_exceeded" in answer.body.decode()
        assert await judged(proxy) <= 40_000 + READ_TOKENS * TOKEN_NANO
        assert (await proxy.standing("all")).settled <= 40_000
        assert proxy.practice.tally.total.aborted == 1
        assert (await proxy.chat(max_tokens=40)).status == 402
        assert proxy.practice.tally.total.begun == 1


async def test_an_upstream_that_ignores_the_limit_is_cut_within_a_read(tmp_path: Path) -> None:
    cap = '[caps.all]\nusd = "0.000040"\nevery = "total"\n'
    async with running_proxy(tmp_path, cap, limits="least_answer_tokens = 20") as proxy:
        usage = {"include_usage": True}
        answer = await proxy.chat("main/fault-ignores-limit", stream=True, max_tokens=40, stream_options=usage)
        assert (answer.status, answer.finish_reasons, answer.events[-1]) == (200, ["length"], "[DONE]")
        [told] = [chunk["usage"] for chunk in answer.chunks if chunk.get("usage")]
        # It wrote all 400 tokens at once; what was passed on, told and booked ends where the cap does.
        assert told["completion_tokens"] < 80
        assert (await proxy.standing("all")).settled <= 40_000
        refused = await proxy.chat("main/fault-ignores-limit", max_tokens=40)
        assert (refused.status, refused.json["error"]["code"]) == (402, "budget_exceeded")
        assert proxy.practice.tally.total.begun == 1


async def test_what_an_upstream_ignores_in_one_piece_is_booked_and_the_next_call_refused(tmp_path: Path) -> None:
    cap = '[caps.all]\nusd = "0.000040"\nevery = "total"\n'
    async with running_proxy(tmp_path, cap) as proxy:
        answer = await proxy.chat("main/fault-ignores-limit", max_tokens=40)
        assert answer.status == 200
        assert answer.json["usage"]["completion_tokens"] == 400
        # Used is never refused and never forgotten, although only forty tokens were held.
        assert (await proxy.standing("all")).settled == await judged(proxy) > 40_000
        for stream in (False, True):
            assert (await proxy.chat(stream=stream, max_tokens=1)).status == 402
        assert proxy.practice.tally.total.begun == 1
