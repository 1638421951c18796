"""What is explained is what a call then does, and explaining leaves no trace."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.running import MESSAGES, Answered, Running, running_proxy

from bursar.contract.client import AdminClient
from bursar.contract.explained import Explain, Explained
from bursar.contract.way_in import Refused

CAPS = """
[caps.day]
usd = "1.00"
every = "day"
[caps.laptop]
key = "laptop"
tokens = 100000
every = "hour"
[aliases.sturdy]
routes = ["main/unknown-model", "main/practice-small"]
"""


async def dry(proxy: Running, model: str = "fast", **fields: object) -> Answered:
    """A chat completion that is only explained."""
    body = {"model": model, "messages": MESSAGES, **fields}
    return await proxy.post("/chat/completions", msgspec.json.encode(body), **{"x-bursar-dry-run": "1"})


async def asked(proxy: Running, command: Explain) -> Explained:
    """The same at the local door."""
    async with AdminClient(proxy.places) as client:
        return await client.explain(command)


@pytest.mark.parametrize(
    "fields", [{}, {"stream": True}, {"max_tokens": 50}, {"stream": True, "max_tokens": 50, "n": 2}]
)
async def test_a_call_holds_what_was_explained(tmp_path: Path, fields: dict[str, Any]) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        answer = await dry(proxy, **fields)
        explained = msgspec.json.decode(answer.body, type=Explained)
        assert answer.status == 200
        assert explained.chosen == "main/practice-small"
        [route] = explained.routes
        assert proxy.practice.tally.total.begun == 0
        assert await proxy.exchanges() == []
        assert (await proxy.standing("day")).held == 0

        await proxy.chat(**fields)
        [exchange] = await proxy.exchanges()
        [attempt] = exchange.attempts
        assert attempt.held_nano == route.held_nano == route.bearers[0].amount
        [record] = await proxy.records()
        assert record.prompt_counted == route.prompt_tokens
        assert route.least_nano <= record.cost_nano
        assert route.most_nano is None or record.cost_nano <= route.most_nano
        assert [bearer.account_id for bearer in route.bearers] == ["cap:day", "cap:laptop"]
        assert [bearer.available for bearer in route.bearers] == [10**9, 100_000]


async def test_explaining_leaves_nothing_in_the_ledger(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        for _ in range(3):
            assert (await dry(proxy)).status == 200
        store = proxy.daemon.store
        assert await store.read(lambda reader: reader.entries()) == []
        assert await store.read(lambda reader: reader.standings()) == []
        assert await store.read(lambda reader: reader.holds()) == []


async def test_what_would_refuse_says_so_and_the_next_route_is_chosen(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        explained = msgspec.json.decode((await dry(proxy, "sturdy")).body, type=Explained)
        first, second = explained.routes
        assert first.refusal is not None
        assert (first.refusal.code, first.price, first.held_nano) == ("unknown_price", None, 0)
        assert second.refusal is None
        assert (explained.chosen, explained.refusal) == ("main/practice-small", None)


async def test_a_cap_that_is_too_small_refuses_with_its_sentence(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, '[caps.tiny]\nusd = "0.0000001"\nevery = "day"\n') as proxy:
        explained = msgspec.json.decode((await dry(proxy)).body, type=Explained)
        assert explained.chosen is None
        assert explained.refusal is not None
        real = (await proxy.chat()).json["error"]
        assert (explained.refusal.code, explained.refusal.message) == (real["code"], real["message"])


async def test_a_smaller_answer_is_explained_where_only_that_can_be_borne(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, '[caps.small]\nusd = "0.0005"\nevery = "day"\n') as proxy:
        [route] = msgspec.json.decode((await dry(proxy)).body, type=Explained).routes
        assert route.limit_set is not None
        assert route.limit_set == route.held_tokens < 4096
        answer = await proxy.chat()
        assert answer.headers["x-bursar-limit-set"] == str(route.limit_set)


async def test_the_local_door_explains_a_size_for_any_key(tmp_path: Path) -> None:
    async with running_proxy(tmp_path, CAPS) as proxy:
        explained = await asked(proxy, Explain("fast", key="laptop", prompt_tokens=20_000, max_tokens=2_000))
        [route] = explained.routes
        assert (route.prompt_tokens, route.most_tokens, route.held_tokens) == (20_000, 2_000, 2_000)
        assert route.least_nano == 20_000 * 150
        assert route.most_nano == 20_000 * 150 + 2_000 * 600
        assert [bearer.account_id for bearer in route.bearers] == ["cap:day", "cap:laptop"]
        [route] = (await asked(proxy, Explain("fast", prompt_tokens=20_000))).routes
        assert [bearer.account_id for bearer in route.bearers] == ["cap:day"]
        too_much = await asked(proxy, Explain("fast", key="laptop", prompt_tokens=200_000))
        assert too_much.refusal is not None
        assert '"laptop"' in too_much.refusal.message
        body = msgspec.Raw(json.dumps({"model": "sturdy", "messages": MESSAGES}).encode())
        assert (await asked(proxy, Explain(request=body))).chosen == "main/practice-small"
        for wrong in (
            Explain("nonsense"),
            Explain("fast", key="nobody"),
            Explain(),
            Explain(request=msgspec.Raw(b"[1]")),
        ):
            with pytest.raises(Refused):
                await asked(proxy, wrong)
        assert proxy.practice.tally.total.begun == 0


async def test_a_dry_run_of_what_cannot_be_explained_sends_nothing(tmp_path: Path) -> None:
    async with running_proxy(tmp_path) as proxy:
        body = msgspec.json.encode({"model": "fast", "input": "x", "prompt": "x"})
        answer = await proxy.post("/embeddings", body, **{"x-bursar-dry-run": "1"})
        assert (answer.status, answer.json["error"]["param"]) == (400, "x-bursar-dry-run")
        assert proxy.practice.tally.total.begun == 0
        body = msgspec.json.encode({"model": "fast", "messages": MESSAGES})
        assert (await proxy.post("/chat/completions", body, **{"x-bursar-dry-run": "0"})).json["choices"]
