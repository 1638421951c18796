"""Plans, wallets and overflow through the real doors: who pays for a call, and what is said when nobody can."""

import asyncio
from pathlib import Path

from fakes.running import Running, running_proxy

from bursar.contract.accounts import TopUp, top_up
from bursar.contract.client import AdminClient
from bursar.domain.account import Standing
from bursar.domain.exchange import Outcome

DOLLAR = 1_000_000_000
WALLET = '[wallets.main]\nupstream = "main"\nlink = "https://vendor.example/top-up"\n'


async def stands(proxy: Running, account_id: str) -> Standing:
    """How any account stands."""
    await proxy.settled()
    account = proxy.daemon.feed.snapshot.accounts[account_id]
    return (await proxy.daemon.ledger.standings([account]))[account_id]


def plan(quota: str, *more: str) -> str:
    return "\n".join(["[plans.main]", 'upstream = "main"', quota, 'every = "month from 12th"', *more, ""])


async def test_a_plan_bears_the_tokens_of_its_upstream_and_then_refuses(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, plan("tokens = 400"), limits="least_answer_tokens = 10") as proxy:
        answer = await proxy.chat("main/practice-tokens-100", max_tokens=100)
        assert answer.status == 200
        used = answer.json["usage"]["total_tokens"]
        assert (await stands(proxy, "plan:main")).settled == used
        for _ in range(4):
            refused = await proxy.chat("main/practice-tokens-100", max_tokens=100)
        error = refused.json["error"]
        assert (refused.status, error["type"], error["code"]) == (402, "invalid_request_error", "quota_exceeded")
        assert 'Plan "main"' in error["message"]
        assert error["bursar"]["resets_at"].startswith("20")
        assert refused.headers["x-should-retry"] == "false"
        assert "Retry-After" not in refused.headers


async def test_a_wallet_that_nothing_was_paid_into_refuses_with_what_to_do(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, WALLET) as proxy:
        refused = await proxy.chat()
        error = refused.json["error"]
        assert (refused.status, error["code"]) == (402, "insufficient_balance")
        assert error["message"] == (
            'Wallet "main" is empty: nothing was paid in yet. Top it up: bursar wallet top-up 20 --wallet main'
        )
        assert proxy.practice.tally.total.begun == 0


async def test_completions_and_models_weigh_as_the_plan_says(tmp_path: Path) -> None:
    weights = 'completion_multipliers = { "practice-*" = "1.33" }', 'multipliers = { "practice-tokens-*" = "0.5" }'
    async with running_proxy(tmp_path, plan("weighted_tokens = 100_000", *weights)) as proxy:
        usage = (await proxy.chat("main/practice-tokens-30", max_tokens=30)).json["usage"]
        weighed = -(-(usage["prompt_tokens"] * 100 + usage["completion_tokens"] * 133) // 200)
        assert (await stands(proxy, "plan:main")).settled == weighed


async def test_requests_weigh_as_their_model_and_free_ones_nothing(tmp_path: Path) -> None:
    weights = 'multipliers = { "practice-tokens-1" = "0.25", "practice-tokens-2" = "0" }'
    async with running_proxy(tmp_path, plan("requests = 1", weights)) as proxy:
        statuses = [(await proxy.chat(f"main/practice-tokens-{n}")).status for n in (2, 1, 2, 1, 1, 1, 1, 2)]
        assert statuses == [200, 200, 200, 200, 200, 200, 402, 200]
        assert (await stands(proxy, "plan:main")).settled == 1_000_000


async def test_an_expired_plan_refuses_and_says_so(tmp_path: Path) -> None:
    ended = 'state = "cancelled"', 'until = "2026-01-31"', 'overflow = "wallets.main"'
    async with running_proxy(tmp_path, plan("tokens = 10_000", *ended) + WALLET) as proxy:
        refused = await proxy.chat()
        assert (refused.status, refused.json["error"]["code"]) == (402, "subscription_expired")
        assert "expired since 2026-01-31" in refused.json["error"]["message"]
        assert proxy.practice.tally.total.begun == 0


async def pay_in(proxy: Running, dollars: int) -> None:
    async with AdminClient(proxy.places) as client:
        await client.ask(top_up("main", TopUp(amount=dollars * DOLLAR)))


DEAR = '[prices."practice-tokens-*"]\ninput = "1000"\noutput = "1000"\n'


async def test_an_answer_that_grows_is_held_on_the_wallet_that_bears_the_call(tmp_path: Path) -> None:
    """A plan in requests is asked nothing of growth: it must not seem to bear for nothing what its wallet pays."""
    extra = plan("requests = 1", 'overflow = "wallets.main"') + WALLET + DEAR
    limits = "first_slice_tokens = 200\nleast_answer_tokens = 20"
    async with running_proxy(tmp_path, extra, limits=limits) as proxy:
        await pay_in(proxy, 5)
        model = "main/practice-tokens-8000-rate-4000"
        assert (await proxy.chat("main/practice-tokens-2000", stream=True)).finish_reasons == ["stop"]
        answer = await proxy.chat(model, stream=True)
        [cut] = [chunk["bursar"] for chunk in answer.chunks if "bursar" in chunk]
        assert (answer.finish_reasons, cut["code"], cut["account"]) == (
            ["length"],
            "insufficient_balance",
            "wallet:main",
        )
        assert answer.events[-1] == "[DONE]"
        records = await proxy.records()
        assert [record.paid_by for record in records] == [("plan:main",), ("wallet:main",)]
        assert records[1].outcome is Outcome.CUT
        wallet = await stands(proxy, "wallet:main")
        assert 4 * DOLLAR < wallet.settled <= 5 * DOLLAR
        assert (await proxy.chat(model)).json["error"]["code"] == "insufficient_balance"


async def test_parallel_calls_overdraw_neither_plan_nor_wallet_nor_overflow(tmp_path: Path) -> None:
    more = 'overflow = "wallets.main"', 'overflow_limit = "2.00"'
    async with running_proxy(tmp_path, plan("tokens = 1000", *more) + WALLET + DEAR) as proxy:
        await pay_in(proxy, 20)
        calls = [proxy.chat("main/practice-tokens-90", max_tokens=100, stream=n % 2 == 0) for n in range(60)]
        answers = await asyncio.gather(*calls)
        assert {answer.status for answer in answers} == {200, 402}
        codes = {answer.json["error"]["code"] for answer in answers if answer.status == 402}
        assert codes == {"quota_exceeded"}
        bought, wallet, drawn = [await stands(proxy, f"{kind}:main") for kind in ("plan", "wallet", "overflow")]
        assert 900 <= bought.settled <= 1000
        assert wallet.settled == drawn.settled <= 2 * DOLLAR
        tokens = sum(record.usage.total_tokens for record in await proxy.records())
        # At a dollar a thousand tokens each of them was paid once, by either, rounded up at each split.
        assert 0 <= bought.settled * 1_000_000 + wallet.settled - tokens * 1_000_000 < 60 * 1_000_000


async def test_without_a_price_the_plan_bears_what_it_can_and_the_wallet_nothing(tmp_path: Path) -> None:
    extra = plan("tokens = 100", 'overflow = "wallets.main"') + WALLET
    async with running_proxy(tmp_path, extra, limits="least_answer_tokens = 5") as proxy:
        await pay_in(proxy, 20)
        assert (await proxy.chat("main/practice-tokens-20", max_tokens=20)).status == 200
        refused = await proxy.chat("main/practice-tokens-200", max_tokens=200, stream=True)
        for _ in range(4):
            refused = await proxy.chat("main/practice-tokens-20", max_tokens=20)
        assert (refused.status, refused.json["error"]["code"]) == (402, "quota_exceeded")
        assert (await stands(proxy, "wallet:main")).settled == 0
    async with running_proxy(tmp_path / "alone", WALLET) as proxy:
        await pay_in(proxy, 20)
        refused = await proxy.chat("main/practice-tokens-20")
        assert (refused.status, refused.json["error"]["code"]) == (402, "unknown_price")


async def test_a_wallet_tops_itself_up_and_says_so(tmp_path: Path) -> None:
    auto = 'auto_below = "5"\nauto_amount = "10"\nauto_per_month = "10"\n'
    async with running_proxy(tmp_path, WALLET + auto) as proxy:
        assert (await proxy.chat()).status == 200
        [grant] = await proxy.daemon.treasury.grants.all("wallet:main")
        assert (grant.kind.value, grant.amount, grant.by) == ("auto_top_up", 10 * DOLLAR, "bursar")
        assert (await stands(proxy, "wallet:main")).granted == 10 * DOLLAR
