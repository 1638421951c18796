"""The billing calls, which tell of one wallet in several ways."""

import json
from decimal import Decimal
from typing import Any

import pytest

from bursar.practice.server import practice_server
from bursar.tokens.text import TextCounter


async def spend(ask: Any, practice: Any) -> int:
    """Some answers; returns what they cost."""
    for _ in range(3):
        await ask.chat("practice-large-tokens-333")
    await practice.tally.idle()
    return int(practice.tally.total.cost_nano)


def exact(answer: Any) -> Any:
    """JSON with its numbers as they are written."""
    return json.loads(answer.body, parse_float=Decimal)


async def test_cost_follows_the_price_list(ask: Any, practice: Any) -> None:
    first = await ask.chat("practice-large-tokens-333")
    prompt = first.json["usage"]["prompt_tokens"]
    await practice.tally.idle()
    assert practice.tally.total.cost_nano == -(-(prompt * 2_500_000_000 + 333 * 10_000_000_000) // 1_000_000)


async def test_every_call_tells_of_the_same_wallet(ask: Any, practice: Any) -> None:
    cost = await spend(ask, practice)
    granted = 1000 * 10**9
    usage = exact(await ask.get("/v1/token/usage"))["data"]
    assert usage["used_quota_usd"] * 10**9 == cost > 0
    assert usage["remain_quota_usd"] * 10**9 == granted - cost
    assert (usage["total_quota_usd"], usage["total_requests"]) == (1000, 3)
    used = -(-cost // 2000)
    user = exact(await ask.get("/api/user/self"))["data"]
    assert (user["quota"], user["used_quota"]) == (500_000_000 - used, used)
    token = exact(await ask.get("/api/user/token"))["data"]
    assert (token["remain_quota"], token["used_quota"]) == (500_000_000 - used, used)
    subscription = exact(await ask.get("/v1/dashboard/billing/subscription"))
    assert (subscription["object"], subscription["hard_limit_usd"]) == ("billing_subscription", 1000)
    cents = exact(await ask.get("/v1/dashboard/billing/usage"))["total_usage"]
    assert cents * 10**7 == cost
    status = exact(await ask.get("/api/status"))
    assert status["data"]["quota_per_unit"] == 500_000
    key = exact(await ask.get("/api/usage/token/"))
    assert key["code"] is True
    assert (key["data"]["total_granted"], key["data"]["total_available"]) == (500_000_000, 500_000_000 - used)


async def test_the_calls_need_a_key_but_for_the_status(ask: Any, counter: TextCounter) -> None:
    async with practice_server(keys={"sk-right"}, counter=counter) as locked:
        asking = type(ask)(locked)
        for path in ("/v1/token/usage", "/api/user/self", "/v1/models"):
            assert (await asking.get(path)).status == 401
            assert (await asking.get(path, "Authorization: Bearer sk-right")).status == 200
        assert (await asking.get("/api/status")).status == 200


@pytest.mark.parametrize("granted", [0, 1])
async def test_an_empty_wallet_refuses(ask: Any, counter: TextCounter, granted: int) -> None:
    async with practice_server(granted_nano=granted, counter=counter) as poor:
        asking = type(ask)(poor)
        answers = [await asking.chat("practice-tokens-5") for _ in range(granted + 1)]
        assert [answer.status for answer in answers] == [200] * granted + [402]
        assert answers[-1].json["error"]["code"] == "insufficient_balance"
        poor.reset()
        assert (await asking.chat("practice-tokens-5")).status == (200 if granted else 402)
