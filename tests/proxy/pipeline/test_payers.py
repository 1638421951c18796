"""Plans, wallets and overflow through the real doors: who pays for a call, and what is said when nobody can."""

from pathlib import Path

from fakes.running import Running, running_proxy

from bursar.domain.account import Standing

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
