"""Where a call goes when a route does not do: lists, retries, waiting, windows, repairs, and who is paid in the end.

The tally of the practice upstream, or the vendor's own count, proves how often each route was asked. After
each test nothing is held, and all sums are right (`fakes.running`).
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.running import PRICES, Answered, Running, proxy_with, running_proxy
from fakes.vendor import Vendor, answer, no, vendor

from bursar.contract.accounts import TopUp, top_up
from bursar.contract.client import AdminClient, Refused
from bursar.contract.events import UpstreamHealthChanged
from bursar.domain.money import NANO_PER_USD
from bursar.practice.server import practice_server

DOLLARS = '[caps.all]\nusd = "100"\nevery = "total"\n[prices."practice-*"]\ninput = "1"\noutput = "1"\n'
ALIASES = """
[aliases.down]
routes = ["main/fault-503-empty", "main/practice-tokens-7"]
[aliases.good]
routes = ["main/practice-tokens-5"]
[aliases.four]
routes = ["main/fault-500", "main/fault-502-html", "main/fault-503-empty", "main/fault-529", "main/practice-tokens-5"]
"""


def begun(proxy: Running, model: str) -> int:
    served = proxy.practice.tally.models.get(model)
    return served.begun if served is not None else 0


def completion(answered: Answered) -> int:
    return int(answered.json["usage"]["completion_tokens"])


# --- lists ----------------------------------------------------------------------------------------


async def test_a_list_in_the_body_comes_before_the_alias_chain(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, ALIASES + DOLLARS) as proxy:
        plain = await proxy.chat("down")
        assert (plain.status, completion(plain)) == (200, 7)
        listed = await proxy.chat("down", fallback_models=["good"])
        assert (listed.status, completion(listed)) == (200, 5)
        assert listed.headers["X-Fallback-Used"] == "true"
        assert listed.headers["X-Fallback-From"] == "main/fault-503-empty"
        assert listed.headers["X-Actual-Model"] == "practice-tokens-5"
        routed = await proxy.chat("down", models=["down", "good"])
        assert completion(routed) == 5
        off = await proxy.chat("down", fallback_models=["good"], fallback_enabled=False)
        assert completion(off) == 7


async def test_a_keys_list_comes_between_the_body_and_the_alias(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, ALIASES + DOLLARS) as proxy:
        keys = proxy.daemon.keys
        [digest] = [digest for digest, key in keys._by_digest.items() if key.name == "laptop"]
        keys._by_digest[digest] = replace(keys._by_digest[digest], fallback=("good",))
        assert completion(await proxy.chat("down")) == 5
        assert completion(await proxy.chat("down", fallback_models=["main/practice-tokens-9"])) == 9
        assert completion(await proxy.chat("down", fallback_enabled=False)) == 7


async def test_a_key_may_not_reach_by_a_list_what_it_may_not_ask_for(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, ALIASES) as proxy:
        _, limited = await proxy.daemon.keys.issue("limited", models=("down",))
        refused = await proxy.chat("down", key=limited, fallback_models=["good"])
        assert (refused.status, refused.json["error"]["code"]) == (403, "model_access_denied")
        assert proxy.practice.tally.total.begun == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"fallback_models": ["a", "b", "c", "d", "e", "f"]},
        {"fallback_models": ["good"], "fallback_timeout": 100},
        {"fallback_models": "good"},
    ],
    ids=["six", "too short a time", "no list"],
)
async def test_a_list_outside_its_limits_is_refused_with_a_sentence(tmp_path: Path, fields: dict[str, Any]) -> None:
    async with running_proxy(tmp_path, ALIASES) as proxy:
        refused = await proxy.chat("good", **fields)
        assert (refused.status, refused.json["error"]["param"] in fields) == (400, True)
        assert refused.json["error"]["message"].endswith(".")
        assert proxy.practice.tally.total.begun == 0


async def test_the_fields_are_never_sent_on_and_a_slow_route_gives_way_in_its_time(tmp_path: Path) -> None:
    async def slow(body: dict[str, Any]) -> Any:
        if body["model"] == "slow":
            await asyncio.sleep(600)
        return answer(body["model"])

    async with with_vendor(tmp_path, slow) as (proxy, there):
        async with asyncio.timeout(60):
            answered = await proxy.chat("main/slow", fallback_models=["main/quick"], fallback_timeout=5000)
        assert answered.json["model"] == "quick"
        assert answered.headers["X-Fallback-Reason"] == "upstream_timeout"
        assert [set(body) for body in there.asked] == [{"model", "messages"}] * 2


# --- retries and waiting --------------------------------------------------------------------------


async def test_at_most_four_tries_and_then_no_more_by_anybody(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, ALIASES + DOLLARS) as proxy:
        refused = await proxy.chat("four")
        assert (refused.status, refused.headers["x-should-retry"]) == (503, "false")
        assert proxy.practice.tally.total.begun == 4
        assert begun(proxy, "practice-tokens-5") == 0
        assert (await proxy.standing("all")).settled == 0


async def test_a_cheap_failure_is_tried_once_more_on_the_same_route(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, DOLLARS) as proxy:
        answered = await proxy.chat("main/fault-flaky")
        assert (answered.status, answered.headers["X-Fallback-Used"]) == (200, "false")
        assert begun(proxy, "fault-flaky") == 2
        refused = await proxy.chat("main/fault-500")
        assert refused.status == 503
        assert begun(proxy, "fault-500") == 2


@pytest.mark.parametrize(
    "fault", ["fault-402", "fault-401-echo-key", "fault-413", "fault-404-model", "fault-429-empty"]
)
async def test_what_another_try_cannot_cure_is_asked_once(tmp_path: Path, fault: str) -> None:
    async with running_proxy(tmp_path, DOLLARS) as proxy:
        refused = await proxy.chat(f"main/{fault}")
        assert refused.status >= 400
        assert refused.headers["x-should-retry"] == "false"
        assert begun(proxy, fault) == 1


async def test_nobody_waits_while_there_is_somewhere_to_go(tmp_path: Path) -> None:
    def busy(body: dict[str, Any]) -> Any:
        if body["model"] == "busy":
            return no(429, "slow down", "rate_limit_exceeded", **{"Retry-After": "1"})
        return answer(body["model"])

    async with with_vendor(tmp_path, busy) as (proxy, there):
        answered = await proxy.chat("main/busy", fallback_models=["main/quick"])
        assert (answered.status, answered.headers["X-Fallback-Reason"]) == (200, "rate_limit_exceeded")
        # Whoever waits asks the same again.
        assert [body["model"] for body in there.asked] == ["busy", "quick"]


async def test_with_nowhere_to_go_it_waits_as_long_as_was_asked(tmp_path: Path) -> None:
    def busy_once(body: dict[str, Any]) -> Any:
        return answer() if len(there.asked) > 1 else no(429, "slow down", "rate_limit_exceeded", **{"Retry-After": "1"})

    async with with_vendor(tmp_path, busy_once) as (proxy, there):
        begun_s = asyncio.get_running_loop().time()
        assert (await proxy.chat("main/m")).status == 200
        assert asyncio.get_running_loop().time() - begun_s >= 1
        assert len(there.asked) == 2


async def test_a_longer_wait_is_handed_on_bounded(tmp_path: Path) -> None:
    async with with_vendor(tmp_path, lambda body: no(429, "no", **{"Retry-After": "86400"})) as (proxy, there):
        async with asyncio.timeout(50):
            refused = await proxy.chat("main/m")
        assert (refused.status, refused.headers["Retry-After"]) == (429, "60")
        assert len(there.asked) == 1


# --- health ---------------------------------------------------------------------------------------


async def test_a_flapping_upstream_is_served_from_the_next_and_back_soon(tmp_path: Path) -> None:
    extra = '[aliases.flap]\nroutes = ["main/fault-flapping", "main/practice-tokens-5"]\n'
    async with running_proxy(tmp_path, extra + DOLLARS, limits="cool_down_s = 1", pause_scale=0.03) as proxy:
        loop = asyncio.get_running_loop()
        begun_s, calls, back_s = loop.time(), 0, None
        while back_s is None and loop.time() - begun_s < 8:
            answered = await proxy.chat("flap")
            assert answered.status == 200
            calls += 1
            if answered.headers["X-Fallback-Used"] == "false":
                back_s = loop.time() - begun_s
            await asyncio.sleep(0.05)
        assert back_s is not None
        assert back_s < 1.8 + 1.5, "down for 1.8 s, left alone for 1 s at a time"
        assert begun(proxy, "fault-flapping") <= 6 < calls


async def test_an_empty_wallet_is_left_alone_until_somebody_clears_it(tmp_path: Path) -> None:
    def empty(body: dict[str, Any]) -> Any:
        return no(402, "Insufficient balance", "insufficient_balance")

    async with with_vendor(tmp_path, empty, '[aliases.paid]\nroutes = ["main/m", "spare/practice-tokens-5"]\n') as (
        proxy,
        there,
    ):
        for _ in range(3):
            assert completion(await proxy.chat("paid")) == 5
        assert len(there.asked) == 1
        async with AdminClient(proxy.places) as admin:
            [main, spare] = await admin.upstreams()
            assert (main.name, main.health, main.code) == ("main", "off", "insufficient_balance")
            assert spare.health == "ok"
            there.answering = lambda body: answer("m")
            await admin.clear_upstream("main")
            assert (await proxy.chat("paid")).json["model"] == "m"
            assert [view.health for view in await admin.upstreams()] == ["ok", "ok"]
            checked = await admin.check_upstream("main")
            assert (checked.ok, checked.models) == (True, 0)
            with pytest.raises(Refused):
                await admin.clear_upstream("nobody")


async def test_a_top_up_has_the_vendor_asked_again(tmp_path: Path) -> None:
    def empty(body: dict[str, Any]) -> Any:
        return no(402, "Insufficient balance", "insufficient_balance")

    extra = (
        '[wallets.main]\nupstream = "main"\ncompare_min = 0\n[prices.m]\ninput = "1"\noutput = "1"\n'
        '[aliases.paid]\nroutes = ["main/m", "spare/practice-tokens-5"]\n'
    )
    async with with_vendor(tmp_path, empty, extra) as (proxy, there), AdminClient(proxy.places) as admin:
        await admin.ask(top_up("main", TopUp(amount=10 * NANO_PER_USD)))
        for _ in range(2):
            assert completion(await proxy.chat("paid", max_tokens=50)) == 5
        assert len(there.asked) == 1
        there.answering = lambda body: answer("m")
        await admin.ask(top_up("main", TopUp(amount=10 * NANO_PER_USD)))
        assert (await proxy.chat("paid", max_tokens=50)).json["model"] == "m"


# --- context --------------------------------------------------------------------------------------


async def test_what_cannot_fit_is_not_sent_and_goes_where_it_fits(tmp_path: Path) -> None:
    extra = (
        '[aliases.deep]\nroutes = ["main/practice-window-4096", "main/practice-tokens-5"]\n'
        '[aliases.shallow]\nroutes = ["main/practice-window-4096", "main/practice-window-2000"]\n'
    )
    async with running_proxy(tmp_path, extra, upstream='windows = { "*-4096" = 4096, "*-2000" = 2000 }') as proxy:
        messages = [{"role": "user", "content": "word " * 6000}]
        answered = await proxy.chat("deep", messages=messages)
        assert (answered.status, completion(answered)) == (200, 5)
        assert answered.headers["X-Fallback-Reason"] == "context_length_exceeded"
        refused = await proxy.chat("shallow", messages=messages)
        assert (refused.status, refused.json["error"]["code"]) == (400, "context_length_exceeded")
        assert proxy.practice.tally.total.begun == 1
        short = await proxy.chat("shallow", max_tokens=3000)
        assert (short.status, short.headers["x-bursar-model"]) == (200, "practice-window-4096")


async def test_a_context_error_teaches_the_window_and_goes_only_to_a_larger_one(tmp_path: Path) -> None:
    routes = '["main/practice-window-4096", "main/practice-window-2000", "main/practice-tokens-5"]'
    extra = f"[aliases.learns]\nroutes = {routes}\n"
    async with running_proxy(tmp_path, extra, upstream='windows = { "*-2000" = 2000 }') as proxy:
        messages = [{"role": "user", "content": "word " * 6000}]
        for _ in range(2):
            answered = await proxy.chat("learns", messages=messages)
            assert (answered.status, completion(answered)) == (200, 5)
        assert begun(proxy, "practice-window-4096") == 1
        assert begun(proxy, "practice-window-2000") == 0


async def test_a_content_filters_no_is_handed_on(tmp_path: Path) -> None:
    extra = '[aliases.filtered]\nroutes = ["main/fault-400-content-filter", "main/practice-tokens-5"]\n'
    async with running_proxy(tmp_path, extra) as proxy:
        refused = await proxy.chat("filtered", fallback_models=["main/practice-tokens-5"])
        assert (refused.status, refused.json["error"]["code"]) == (400, "content_filter")
        assert proxy.practice.tally.total.begun == 1


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_no_under_a_200_is_read_in_the_words_of_its_kind(tmp_path: Path, stream: bool) -> None:
    def answering(body: dict[str, Any]) -> web.Response:
        said = json.dumps({"error": f"model '{body['model']}' not found, try pulling it first"})
        if body.get("stream"):
            return web.Response(text=f"data: {said}\n\n", content_type="text/event-stream")
        return web.Response(text=said, content_type="application/json")

    both = '[aliases.both]\nroutes = ["main/m", "spare/practice-tokens-5"]\n'
    async with with_vendor(tmp_path, answering, both, kind="ollama") as (proxy, there):
        answered = await proxy.chat("both", stream=stream)
        assert answered.status == 200
        assert answered.headers["X-Fallback-Reason"] == "model_not_found"
        assert len(there.asked) == 1


# --- repairs --------------------------------------------------------------------------------------


async def test_a_parameter_that_is_refused_is_dropped_and_never_sent_there_again(tmp_path: Path) -> None:
    def picky(body: dict[str, Any]) -> Any:
        for name in ("seed", "reasoning_effort"):
            if name in body:
                return no(400, f"Unsupported parameter: '{name}'", "unsupported_parameter", name)
        return answer()

    async with with_vendor(tmp_path, picky) as (proxy, there):
        for _ in range(2):
            answered = await proxy.chat("main/m", seed=1, reasoning_effort="low", user="x")
            assert (answered.status, answered.headers["X-Fallback-Used"]) == (200, "false")
        assert [sorted(set(body) - {"model", "messages"}) for body in there.asked] == [
            ["reasoning_effort", "seed", "user"],
            ["reasoning_effort", "user"],
            ["user"],
            ["user"],
        ]
        last = (await proxy.records())[-1]
        assert {"dropped seed", "dropped reasoning_effort"} <= set(last.notes)


async def test_a_wrong_parameter_is_the_callers_fault_and_asked_once(tmp_path: Path) -> None:
    def strict(body: dict[str, Any]) -> Any:
        return no(400, "temperature must be between 0 and 2", "invalid_parameter", "temperature")

    async with with_vendor(tmp_path, strict) as (proxy, there):
        refused = await proxy.chat("main/m", temperature=7)
        assert (refused.status, refused.json["error"]["code"]) == (400, "invalid_parameter")
        assert len(there.asked) == 1


# --- the vendor's own fallback --------------------------------------------------------------------


@pytest.mark.parametrize("by_header", [True, False])
async def test_what_the_vendor_had_answer_is_what_is_paid(tmp_path: Path, by_header: bool) -> None:
    prices = '[prices.cheap]\ninput = "1"\noutput = "1"\n[prices.dear]\ninput = "10"\noutput = "10"\n'

    def other(body: dict[str, Any]) -> Any:
        return answer("cheap", headers={"X-Actual-Model": "dear"}) if by_header else answer("dear")

    async with with_vendor(tmp_path, other, prices + '[caps.all]\nusd = "1"\nevery = "day"\n') as (proxy, _):
        answered = await proxy.chat("main/cheap")
        assert answered.headers["X-Actual-Model"] == "dear"
        assert answered.headers["x-bursar-cost-usd"] == "0.0002"
        assert answered.headers["X-Fallback-Used"] == ("true" if by_header else "false")
        streamed = await proxy.chat("main/cheap", stream=True)
        assert b": x-bursar-cost-usd: 0.0002\n" in streamed.body
        for record in await proxy.records():
            assert (record.model, record.cost_nano, "answered by dear" in record.notes) == ("cheap", 200_000, True)
        assert (await proxy.standing("all")).settled == 400_000


# --- discovery ------------------------------------------------------------------------------------


async def test_what_an_upstream_lists_may_be_asked_for_and_is_known_at_the_next_start(tmp_path: Path) -> None:
    listed = {"id": "org/deep-thinker", "context_length": 5000, "top_provider": {"max_completion_tokens": 77}}
    async with vendor(lambda body: answer(body["model"]), listed) as there, practice_server() as practice:
        config = configured(there)
        async with proxy_with(tmp_path, config, practice) as proxy:
            await told(proxy, listed=1)
            answered = await proxy.chat("org/deep-thinker", max_tokens=500)
            assert answered.headers["x-bursar-upstream"] == "main"
            assert there.asked[0]["max_tokens"] == 77
            [_, described] = (await proxy.models())["data"]
            assert (described["id"], described["context_length"]) == ("main/org/deep-thinker", 5000)
            assert described["max_completion_tokens"] == 77
        unasked = config.replace("[discovery]", "[discovery]\nmodels = false")
        async with proxy_with(tmp_path / "again", unasked, practice) as proxy:
            assert (await proxy.chat("org/deep-thinker")).status == 404
        kept = tmp_path / "data" / "listed-models.json"
        kept.rename(tmp_path / "again" / "data" / kept.name)
        async with proxy_with(tmp_path / "again", unasked, practice, key="other") as proxy:
            assert (await proxy.chat("org/deep-thinker")).status == 200
        assert there.listings == 1


async def test_a_model_that_only_its_upstream_has_a_price_for_is_held_and_charged_at_that(tmp_path: Path) -> None:
    pricing = {"prompt": "0.000001", "completion": "0.000002", "image": "0"}
    by_image = {"prompt": "0.000001", "completion": "0.000002", "image": "0.01"}
    models = [{"id": "org/new", "pricing": pricing}, {"id": "org/pictures", "pricing": by_image}]
    async with (
        vendor(lambda body: answer(body["model"]), *models) as there,
        practice_server() as practice,
        proxy_with(tmp_path, configured(there, DOLLARS), practice) as proxy,
    ):
        await told(proxy, listed=2)
        answered = await proxy.chat("org/new")
        assert (answered.status, answered.headers["x-bursar-cost-usd"]) == (200, "0.00003")
        [row] = await proxy.records()
        assert row.cost_nano == 30_000
        refused = await proxy.chat("org/pictures")
        assert (refused.status, refused.json["error"]["code"]) == (402, "unknown_price")


async def test_a_server_on_this_machine_becomes_an_upstream_by_itself(tmp_path: Path) -> None:
    async with vendor(lambda body: answer(body["model"]), {"id": "qwen3:8b"}) as local:
        extra = f'[discovery]\nollama = "{local.base_url}"\nlmstudio = ""\n[caps.all]\nusd = "1"\nevery = "day"\n'
        async with running_proxy(tmp_path, extra) as proxy:
            await told(proxy, listed=1, upstream="ollama")
            for name in ("ollama/qwen3:8b", "qwen3:8b"):
                answered = await proxy.chat(name)
                assert (answered.status, answered.headers["x-bursar-cost-usd"]) == (200, "0.0")
            view = proxy.daemon.feed.snapshot.upstreams["ollama"]
            assert (view.kind, view.found, view.base_url) == ("ollama", True, local.base_url)


async def told(proxy: Running, *, listed: int, upstream: str = "main") -> None:
    """Wait until it is known how many models an upstream lists."""
    async with asyncio.timeout(60):
        while True:
            view = proxy.daemon.feed.snapshot.upstreams.get(upstream)
            if view is not None and view.listed == listed:
                return
            await proxy.daemon.feed.wait_for(lambda event: isinstance(event, UpstreamHealthChanged))


def configured(there: Vendor, extra: str = "", kind: str = "openai_compatible") -> str:
    """A vendor of the test's own as `main`."""
    return f"""
[server]
port = 0
zone = "UTC"
[discovery]
ollama = ""
lmstudio = ""
[upstreams.main]
kind = "{kind}"
base_url = "{there.base_url}"
[aliases.fast]
routes = ["main/m"]
{PRICES}
{extra}
"""


@asynccontextmanager
async def with_vendor(
    folder: Path, answering: Any, extra: str = "", *, kind: str = "openai_compatible"
) -> AsyncIterator[tuple[Running, Vendor]]:
    """A proxy with a vendor of the test's own as `main`, and the practice upstream as `spare`."""
    async with vendor(answering) as there, practice_server(speed=0) as practice:
        spare = f'[upstreams.spare]\nkind = "openai_compatible"\nbase_url = "{practice.base_url}"\n'
        async with proxy_with(folder, configured(there, spare + extra, kind), practice) as proxy:
            yield proxy, there
