"""Asking a vendor for its balance: every kind's own way, exact figures, and what answers nonsense is passed over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bursar.config.schema import Config, Kind, UpstreamSettings
from bursar.domain.clock import FixedClock
from bursar.domain.refusals import Refusal
from bursar.domain.wallet import VendorBalance
from bursar.upstreams.ask_balance import ask_balance
from bursar.upstreams.connection import Connection
from bursar.upstreams.kinds import KINDS
from bursar.upstreams.openai_compatible import OpenAiCompatible

KEY = "sk-canary-0123456789"
TOKEN_USAGE = '{"data":{"total_quota_usd":12.5,"remain_quota_usd":%s,"used_quota_usd":%s,"total_requests":7}}'


@asynccontextmanager
async def vendor(kind: Kind, answers: dict[str, str]) -> AsyncIterator[tuple[OpenAiCompatible, list[str]]]:
    """An upstream of a kind whose host answers so at these paths, and 404 elsewhere; and the paths asked."""
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        asked.append(request.path)
        if request.path not in answers:
            return web.json_response({"error": {"message": f"unknown, {KEY}", "type": "x"}}, status=404)
        return web.Response(text=answers[request.path], content_type="application/json")

    app = web.Application()
    app.router.add_get("/{rest:.*}", handler)
    connection = Connection()
    try:
        async with TestServer(app) as server:
            url = str(server.make_url("/v1"))
            settings = UpstreamSettings(name="main", kind=kind, base_url=url)
            times = Config(upstreams={"main": settings}).times("main")
            yield KINDS[kind]("main", kind, url, KEY, connection, FixedClock(), times=times), asked
    finally:
        await connection.close()


async def found(kind: Kind, answers: dict[str, str], worked: str = "") -> tuple[VendorBalance, list[str]]:
    async with vendor(kind, answers) as (upstream, asked):
        return await ask_balance(upstream, worked), asked


@pytest.mark.parametrize(
    ("kind", "path", "answer", "remaining", "used"),
    [
        (Kind.APERTIS, "/v1/token/usage", TOKEN_USAGE % ("12.3456789", "0.1543211"), 12_345_678_900, 154_321_100),
        (Kind.APERTIS, "/api/user/self", '{"success":true,"data":{"quota":250001,"used_quota":3}}', 500_002_000, 6_000),
        (Kind.APERTIS, "/api/user/token", '{"data":{"remain_quota":500000,"used_quota":0}}', 10**9, 0),
        (
            Kind.APORTO,
            "/api/usage/token/",
            '{"code":true,"data":{"total_granted":20,"total_used":5,"total_available":15,"unlimited_quota":false}}',
            30_000,
            10_000,
        ),
        (
            Kind.APORTO,
            "/api/usage/token/",
            '{"code":true,"data":{"total_granted":0,"total_used":5,"total_available":-5,"unlimited_quota":true}}',
            None,
            10_000,
        ),
        (
            Kind.OPENROUTER,
            "/api/v1/key",
            '{"data":{"limit":null,"limit_remaining":null,"usage":0.0000000015}}',
            None,
            2,  # rounded up: what is used never looks like less
        ),
        (Kind.OPENROUTER, "/api/v1/credits", '{"data":{"total_credits":10,"total_usage":2.5}}', 75 * 10**8, 25 * 10**8),
    ],
)
async def test_each_kind_is_read_exactly(kind: Kind, path: str, answer: str, remaining: int | None, used: int) -> None:
    balance, _ = await found(kind, {path: answer})
    assert (balance.way, balance.remaining, balance.used) == (path, remaining, used)


@pytest.mark.parametrize("kind", [Kind.APERTIS, Kind.APORTO, Kind.OPENAI_COMPATIBLE])
async def test_the_old_billing_calls_are_read_together(kind: Kind) -> None:
    paths = "/v1/dashboard/billing/subscription", "/v1/dashboard/billing/usage"
    balance, _ = await found(kind, {paths[0]: '{"hard_limit_usd":12.5}', paths[1]: '{"total_usage":1234.5}'})
    assert balance == VendorBalance(paths[0], 155_000_000, 12_345_000_000)


async def test_the_calls_are_made_in_their_order_and_what_worked_comes_first() -> None:
    answers = {"/api/user/token": '{"data":{"remain_quota":1,"used_quota":0}}'}
    _, asked = await found(Kind.APERTIS, answers)
    assert asked == ["/v1/token/usage", "/api/user/self", "/api/user/token"]
    _, asked = await found(Kind.APERTIS, answers, worked="/api/user/token")
    assert asked == ["/api/user/token"]


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "<html>",
        "[]",
        "null",
        '{"error":{"message":"no"}}',
        '{"data":{"remain_quota_usd":"12","used_quota_usd":null}}',
        '{"data":{"remain_quota_usd":true,"used_quota_usd":false}}',
        '{"data":{"remain_quota_usd":NaN,"used_quota_usd":Infinity}}',
        '{"data":{"remain_quota_usd":1e99,"used_quota_usd":1e300}}',
        '{"data":' * 5_000,
        " " * 300_000,
    ],
    ids=lambda text: text[:30].strip() or str(len(text)),
)
async def test_what_is_no_balance_gives_way_to_the_next(nonsense: str) -> None:
    good = '{"data":{"quota":1,"used_quota":2}}'
    balance, _ = await found(Kind.APERTIS, {"/v1/token/usage": nonsense, "/api/user/self": good})
    assert balance == VendorBalance("/api/user/self", 2_000, 4_000)


async def test_a_vendor_that_tells_nothing_is_a_refusal_without_our_key() -> None:
    async with vendor(Kind.APERTIS, {}) as (upstream, asked):
        with pytest.raises(Refusal) as refused:
            await ask_balance(upstream)
    assert len(asked) == 4
    assert "canary" not in refused.value.message + repr(refused.value)
