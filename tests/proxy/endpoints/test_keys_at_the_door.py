"""What client keys are held to, through the real door: rates, calls at once, addresses, models, time, answers."""

import asyncio
from pathlib import Path

import pytest
from fakes.running import MESSAGES, Answered, Running, running_proxy

from bursar.contract.commands import ChangeKey
from bursar.contract.events import ExchangeClosed
from bursar.endpoints.limit_headers import with_own

AT_ONCE = 50


async def issued(proxy: Running, name: str = "ci", **limits: object) -> str:
    """The text of a new key."""
    _, text = await proxy.daemon.keys.issue(name, **limits)  # type: ignore[arg-type]
    return text


def refusal(answer: Answered) -> tuple[int, str]:
    """Status and code."""
    return answer.status, answer.json["error"]["code"]


async def test_a_rate_lets_so_many_in_and_says_how_it_stands(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = await issued(proxy, rates=("3/min",))
        answers = [await proxy.chat(key=key, stream=n == 1) for n in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
        assert len({answer.headers["X-RateLimit-Reset"] for answer in answers}) == 1
        no = answers[-1]
        assert 0 < int(no.headers["Retry-After"]) <= 60
        assert "x-should-retry" not in no.headers
        assert no.headers["x-bursar-exchange"]
        error = no.json["error"]
        assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
        assert 'The key "ci" has used up its 3 requests per minute.' in error["message"]
        assert error["message"].endswith("Allow more: bursar key set ci --rate 6/min")
        assert (error["bursar"]["limit"], error["bursar"]["used"], error["bursar"]["available"]) == ("3/min", 3, 0)
        # Another key goes on, and has no such headers.
        assert "X-RateLimit-Limit" not in (await proxy.chat()).headers
        assert proxy.practice.tally.total.begun == 4


async def test_a_burst_gets_exactly_the_rate(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = await issued(proxy, rates=("20/hour",))
        answers = await asyncio.gather(*(proxy.chat(key=key, stream=n % 2 == 0, max_tokens=5) for n in range(AT_ONCE)))
        assert sorted(answer.status for answer in answers) == [200] * 20 + [429] * 30
        assert {answer.headers["x-should-retry"] for answer in answers if answer.status == 429} == {"false"}


async def test_a_rate_of_tokens_counts_the_prompt_and_then_the_answer(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = await issued(proxy, rates=("200tok/min",))
        first = await proxy.chat("main/practice-tokens-300", key=key)
        prompt = first.json["usage"]["prompt_tokens"]
        assert 0 < 200 - int(first.headers["X-RateLimit-Remaining-Tokens"]) - prompt <= prompt // 4 + 2
        await proxy.settled()
        second = await proxy.chat(key=key)
        assert refusal(second) == (429, "rate_limit_exceeded")
        assert "200 tokens per minute" in second.json["error"]["message"]
        long = [{"role": "user", "content": "word " * 500}]
        third = await proxy.chat(key=key, messages=long)
        assert refusal(third) == (413, "request_too_large")
        assert third.headers["x-should-retry"] == "false"


async def test_exactly_so_many_calls_run_at_once(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = await issued(proxy, parallel=7)
        calls = [
            asyncio.ensure_future(proxy.chat("main/practice-wait-60000-tokens-5", key=key, stream=n % 2 == 0))
            for n in range(AT_ONCE)
        ]
        while sum(call.done() for call in calls) < AT_ONCE - 7:
            await asyncio.wait([call for call in calls if not call.done()], return_when=asyncio.FIRST_COMPLETED)
        refused = [call.result() for call in calls if call.done()]
        assert {refusal(answer) for answer in refused} == {(429, "rate_limit_exceeded")}
        assert "may run 7 calls at once" in refused[0].json["error"]["message"]
        assert int(refused[0].headers["Retry-After"]) <= 60
        assert sum(not call.done() for call in calls) == 7
        # Those that leave make room, for as many.
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await proxy.settled()
        answers = await asyncio.gather(*(proxy.chat(key=key) for _ in range(7)))
        assert [answer.status for answer in answers] == [200] * 7


async def test_a_stream_counts_until_it_ends(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = await issued(proxy, parallel=1)
        headers = {"Authorization": f"Bearer {key}"}
        body = {"model": "main/practice-tokens-100-rate-100", "messages": MESSAGES, "stream": True}
        url = f"{proxy.base_url}/chat/completions"
        async with proxy.session.post(url, json=body, headers=headers) as response:
            await response.content.readany()
            assert refusal(await proxy.chat(key=key)) == (429, "rate_limit_exceeded")
            assert (await response.content.read()).endswith(b"data: [DONE]\n\n")
        await proxy.settled()
        assert (await proxy.chat(key=key)).status == 200


async def test_a_stream_whose_client_leaves_gives_up_its_place(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = await issued(proxy, parallel=1)
        headers = {"Authorization": f"Bearer {key}"}
        body = {"model": "main/practice-tokens-1000-rate-100", "messages": MESSAGES, "stream": True}
        closed = asyncio.ensure_future(proxy.daemon.feed.wait_for(lambda event: isinstance(event, ExchangeClosed)))
        async with proxy.session.post(f"{proxy.base_url}/chat/completions", json=body, headers=headers) as response:
            await response.content.readany()
            response.close()
        await closed
        assert (await proxy.chat(key=key)).status == 200


async def test_a_call_that_is_refused_later_on_gives_up_its_place(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = await issued(proxy, parallel=1)
        statuses = [(await proxy.chat(model, key=key)).status for model in ("main/fault-500", "nothing", "fast")]
        assert statuses == [503, 404, 200]


async def test_a_key_is_good_only_from_its_networks(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = await issued(proxy, networks=("10.0.0.0/8", "fd00::/8"))
        answer = await proxy.chat(key=key)
        assert refusal(answer) == (403, "ip_not_allowed")
        assert "127.0.0.1" in answer.json["error"]["message"]
        assert answer.headers["x-should-retry"] == "false"
        await proxy.daemon.keys.change("ci", ChangeKey(networks=("127.0.0.0/8",)))
        assert (await proxy.chat(key=key)).status == 200


async def test_disabled_expired_and_limited_keys_are_told_apart(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        keys, key = proxy.daemon.keys, await issued(proxy)
        await keys.disable("ci")
        assert refusal(await proxy.chat(key=key)) == (403, "access_denied")
        await keys.enable("ci")
        assert (await proxy.chat(key=key)).status == 200
        await keys.change("ci", ChangeKey(models=("slow-*",)))
        assert refusal(await proxy.chat(key=key)) == (403, "model_access_denied")
        await keys.change("ci", ChangeKey(models=(), expires_ms=1))
        assert refusal(await proxy.chat(key=key)) == (401, "expired_api_key")
        await keys.change("ci", ChangeKey(expires_ms=None))
        assert (await proxy.chat(key=key)).status == 200
        await keys.revoke("ci")
        assert refusal(await proxy.chat(key=key)) == (401, "invalid_api_key")


async def test_a_rotated_key_is_the_same_name_and_its_rates_go_on(tmp_path: Path) -> None:
    cap = '[caps.ci]\nkey = "ci"\nrequests = 3\nevery = "day"\n'
    async with running_proxy(tmp_path, cap) as proxy:
        old = await issued(proxy, rates=("100/hour",), project="site")
        first = await proxy.chat(key=old)
        _, new = await proxy.daemon.keys.rotate("ci", grace_ms=60_000)
        answers = [first, await proxy.chat(key=old), await proxy.chat(key=new)]
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["99", "98", "97"]
        assert refusal(await proxy.chat(key=new)) == (402, "budget_exceeded")
        assert {(record.key, record.project) for record in await proxy.records()} == {("ci", "site")}
        _, third = await proxy.daemon.keys.rotate("ci", grace_ms=0)
        assert [(await proxy.chat(key=key)).status for key in (old, new, third)] == [401, 401, 402]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_is_no_longer_than_the_key_allows(tmp_path: Path, stream: bool) -> None:
    async with running_proxy(tmp_path) as proxy:
        key = await issued(proxy, max_tokens=7)
        usage = {"stream_options": {"include_usage": True}} if stream else {}
        for asked in ({}, {"max_tokens": 5000}, {"max_completion_tokens": 5000}):
            answer = await proxy.chat("main/practice-tokens-50", key=key, stream=stream, **usage, **asked)
            told = answer.chunks[-1] if stream else answer.json
            assert told["usage"]["completion_tokens"] == 7
            assert answer.headers["x-bursar-limit-set"] == "7"
        answer = await proxy.chat("main/practice-tokens-50", key=key, stream=stream, max_tokens=3)
        assert "x-bursar-limit-set" not in answer.headers


async def test_a_key_of_a_project_counts_for_no_other(tmp_path: Path) -> None:
    cap = '[caps.thesis]\nproject = "thesis"\nusd = "0"\nevery = "total"\n'
    async with running_proxy(tmp_path, cap) as proxy:
        free, bound = await issued(proxy, "free"), await issued(proxy, "bound", project="thesis")

        async def asked(key: str, base: str) -> tuple[int, str]:
            body = {"model": "fast", "messages": MESSAGES}
            headers = {"Authorization": f"Bearer {key}"}
            url = f"{proxy.base_url.removesuffix('/v1')}{base}/chat/completions"
            async with proxy.session.post(url, json=body, headers=headers) as response:
                return response.status, (await response.json()).get("error", {}).get("message", "")

        for base in ("/v1", "/p/thesis/v1", "/p/thesis"):
            assert (await asked(bound, base))[0] == 402
        for base in ("/p/other/v1", "/p/Thesis/v1", "/p/thesis%20/v1"):
            status, message = await asked(bound, base)
            assert status == 403
            assert message.startswith('The key "bound" counts for the project "thesis" and no other')
        assert [(await asked(free, base))[0] for base in ("/v1", "/p/other/v1", "/p/thesis/v1")] == [200, 200, 402]
        assert {each.project for each in await proxy.records()} == {"", "other"}


async def test_wrong_keys_are_looked_at_ten_times_a_minute_and_right_ones_always(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        wrong = [await proxy.chat(key=f"bk-wrong{n}") for n in range(12)]
        assert [refusal(answer) for answer in wrong] == [(401, "invalid_api_key")] * 10 + [
            (429, "rate_limit_exceeded")
        ] * 2
        assert 0 < int(wrong[-1].headers["Retry-After"]) <= 60
        assert "bk-wrong" not in wrong[-1].body.decode()
        assert (await proxy.chat()).status == 200
        async with proxy.session.get(f"{proxy.base_url}/models", headers={"api-key": "bk-wrong"}) as response:
            assert response.status == 429


def test_of_two_rates_the_tighter_is_told() -> None:
    ours = {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "10", "X-RateLimit-Reset": "5"}
    looser = {"x-ratelimit-limit": "3000", "x-ratelimit-remaining": "2999", "x-ratelimit-reset": "9", "other": "1"}
    tighter = {"X-RateLimit-Limit": "15", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}
    assert dict(with_own(ours, looser)) == {**ours, "other": "1"}
    assert dict(with_own(ours, tighter)) == tighter
    assert dict(with_own(ours, {"x-ratelimit-remaining": "?"})) == ours
    assert dict(with_own(ours, {"x-ratelimit-limit-tokens": "1"})) == {**ours, "x-ratelimit-limit-tokens": "1"}
    assert dict(with_own({"x-bursar-limit-set": "9"}, {"x-bursar-limit-set": "4"})) == {"x-bursar-limit-set": "4"}
