"""The billing answers, asked of a running proxy by every base URL that people paste."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakes.running import Running, running_proxy

from bursar.endpoints.app import BASES

CAPS = """
[caps.everything]
usd = "2.00"
every = "month"
[caps.laptop]
key = "laptop"
usd = "0.50"
every = "day"
[caps.one-model]
model = "practice-large"
usd = "0.01"
every = "day"
[caps.tokens]
tokens = 1000000
every = "hour"
[caps.thesis]
project = "thesis"
usd = "0.25"
every = "total"
"""


async def asked(proxy: Running, path: str, key: str | None = None) -> tuple[int, Any]:
    """Status and body of a GET below the door's address, without /v1; numbers as they are written."""
    url = proxy.base_url.removesuffix("/v1") + path
    headers = {"Authorization": f"Bearer {proxy.key if key is None else key}"}
    async with proxy.session.get(url, headers=headers) as response:
        return response.status, json.loads(await response.read(), parse_float=Decimal)


async def spent(proxy: Running) -> Decimal:
    """What all calls so far have cost, in dollars."""
    return Decimal(sum(record.cost_nano for record in await proxy.records())) / 10**9


async def test_apertis_is_told_what_is_left_of_the_tightest_cap(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        for _ in range(2):
            await proxy.chat()
        used = await spent(proxy)
        assert used > 0
        status, body = await asked(proxy, "/v1/token/usage")
        data = body["data"]
        assert status == 200
        assert (data["total_quota_usd"], data["used_quota_usd"]) == (Decimal("0.5"), used)
        assert data["remain_quota_usd"] == Decimal("0.5") - used
        assert (data["total_requests"], data["token_name"]) == (2, "laptop")
        tokens = sum(record.usage.total_tokens for record in await proxy.records())
        assert data["total_tokens"] == tokens
        _, body = await asked(proxy, "/api/user/token")
        assert body["data"]["remain_quota"] + body["data"]["used_quota"] == 250_000


async def test_a_project_in_the_path_brings_its_own_cap(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        _, body = await asked(proxy, "/p/thesis/v1/token/usage")
        assert body["data"]["total_quota_usd"] == Decimal("0.25")


async def test_one_api_is_told_in_quota_units_and_cents(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        await proxy.chat()
        used = await spent(proxy)
        _, body = await asked(proxy, "/api/user/self")
        data = body["data"]
        assert (body["success"], body["message"]) == (True, "")
        assert set(data) == {
            *("id", "username", "display_name", "role", "status", "email"),
            *("quota", "used_quota", "request_count", "group"),
        }
        assert (data["username"], data["request_count"]) == ("laptop", 1)
        # Units of 1/500,000 dollar: used is rounded up, left is rounded down.
        assert 0 <= data["used_quota"] - used * 500_000 < 1
        assert 0 <= (Decimal("0.5") - used) * 500_000 - data["quota"] < 1
        _, body = await asked(proxy, "/v1/dashboard/billing/subscription")
        assert body == {
            "object": "billing_subscription",
            "has_payment_method": True,
            "soft_limit_usd": Decimal("0.5"),
            "hard_limit_usd": Decimal("0.5"),
            "system_hard_limit_usd": Decimal("0.5"),
            "access_until": 0,
        }
        _, body = await asked(proxy, "/v1/dashboard/billing/usage?start_date=2026-01-01&end_date=2026-02-01")
        assert body == {"object": "list", "total_usage": used * 100}


async def test_litellm_is_told_its_key(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        await proxy.chat()
        status, body = await asked(proxy, "/key/info")
        info = body["info"]
        assert status == 200
        assert (info["key_alias"], info["max_budget"], info["budget_duration"]) == ("laptop", Decimal("0.5"), "1d")
        assert info["spend"] == await spent(proxy)
        assert info["budget_reset_at"].endswith("T00:00:00Z")
        assert info["key_name"] == f"bk-...{proxy.key[-4:]}"
        assert proxy.key not in json.dumps(body, default=str)
        assert (await asked(proxy, f"/key/info?key={proxy.key}"))[0] == 200
        _, other = await proxy.daemon.keys.issue("other")
        for foreign in (other, "bk-nonsense"):
            status, body = await asked(proxy, f"/key/info?key={foreign}")
            assert (status, body["error"]["code"]) == (403, "access_denied")


async def test_openrouter_is_told_its_key(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        await proxy.chat()
        used = await spent(proxy)
        for path in ("/api/v1/key", "/v1/key"):
            _, body = await asked(proxy, path)
            data = body["data"]
            assert (data["limit"], data["limit_remaining"]) == (Decimal("0.5"), Decimal("0.5") - used)
            assert data["limit_reset"] == "daily"
            assert [data[f"usage{part}"] for part in ("", "_daily", "_weekly", "_monthly")] == [used] * 4
            assert not data["is_free_tier"]


async def test_a_key_without_a_cap_has_no_limit_and_its_own_spend(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, '[caps.theirs]\nkey = "other"\nusd = "1.00"\nevery = "day"\n') as proxy:
        await proxy.chat()
        used = await spent(proxy)
        _, other = await proxy.daemon.keys.issue("other")
        _, body = await asked(proxy, "/v1/token/usage")
        assert body["data"]["unlimited_quota"]
        assert (body["data"]["total_quota_usd"], body["data"]["used_quota_usd"]) == (100_000_000, used)
        _, body = await asked(proxy, "/api/v1/key")
        assert (body["data"]["limit"], body["data"]["limit_remaining"], body["data"]["limit_reset"]) == (None,) * 3
        assert body["data"]["usage"] == used
        _, body = await asked(proxy, "/key/info")
        assert (body["info"]["max_budget"], body["info"]["spend"]) == (None, used)
        _, body = await asked(proxy, "/v1/token/usage", other)
        assert (body["data"]["total_quota_usd"], body["data"]["used_quota_usd"]) == (1, 0)
        assert body["data"]["total_requests"] == 0


async def test_every_base_url_leads_there(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        for base in BASES:
            for path in ("/token/usage", "/dashboard/billing/subscription", "/key/info", "/api/v1/key"):
                assert (await asked(proxy, base + path))[0] == 200, base + path


@pytest.mark.parametrize("path", ["/v1/token/usage", "/api/user/self", "/key/info", "/api/v1/key"])
async def test_who_is_nobody_is_told_nothing(tmp_path: Path, path: str) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        status, body = await asked(proxy, path, "bk-nonsense")
        assert (status, body["error"]["code"]) == (401, "invalid_api_key")


async def test_rates_of_the_key_are_told_as_each_vendor_tells_them(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        _, key = await proxy.daemon.keys.issue("ci", rates=("60/min", "2/s", "1000tok/min"), parallel=4)
        _, info = await asked(proxy, "/key/info", key)
        limits = {name: info["info"][name] for name in ("max_parallel_requests", "tpm_limit", "rpm_limit")}
        assert limits == {"max_parallel_requests": 4, "tpm_limit": 1000, "rpm_limit": 60}
        _, body = await asked(proxy, "/api/v1/key", key)
        assert (body["data"]["rate_limit"]["requests"], body["data"]["rate_limit"]["interval"]) == (60, "60s")
        _, body = await asked(proxy, "/api/v1/key")
        assert body["data"]["rate_limit"]["requests"] == -1


async def test_a_replaced_key_may_ask_about_the_one_that_replaced_it(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        _, old = await proxy.daemon.keys.issue("ci")
        _, new = await proxy.daemon.keys.rotate("ci", grace_ms=60_000)
        assert (await asked(proxy, f"/key/info?key={new}", old))[0] == 200
        assert (await asked(proxy, f"/key/info?key={proxy.key}", old))[0] == 403
