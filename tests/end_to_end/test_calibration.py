"""A vendor whose tokens are not ours: what it reports teaches how it counts, and no hold is short of it any more."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.running import VOCABULARIES, Running, proxy_with
from fakes.vendor import Vendor, answer, vendor

from bursar.cli.main import main
from bursar.contract.questions import Questions
from bursar.domain.calibration import Calibration, plain
from bursar.domain.usage import Quality
from bursar.metering.calibrations import LEAST_PAIRS
from bursar.practice.server import practice_server
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import O200K

NANO = 1_000
"""What a token costs, in or out: a dollar a million."""
MODEL = "llama-3.3-70b"
ANSWER = "word " * 300
"""What the vendor says, where it is not told to be shorter."""


class OtherVocabulary:
    """Counts 1.5 tokens for one of ours, what stands around the messages included, and charges that.

    `reports` whether it says so, `charged` are the tokens of each call that it served.
    """

    def __init__(self) -> None:
        self.reports = True
        self.charged: list[int] = []
        self._text = TextCounter(VOCABULARIES)

    def count(self, text: str) -> int:
        return self._text.count_once(text, O200K) * 15 // 10

    def __call__(self, body: dict[str, Any]) -> web.Response:
        said = ANSWER
        if "max_tokens" in body:
            said = "word " * (body["max_tokens"] * 10 // 15)
        prompt = sum(self.count(message["content"]) + 5 for message in body["messages"])
        completion = self.count(said)
        self.charged.append(prompt + completion)
        response = answer(body["model"], said, prompt_tokens=prompt, completion_tokens=completion)
        if self.reports:
            return response
        told = json.loads(response.body)  # type: ignore[arg-type]
        del told["usage"]
        return web.json_response(told)


@asynccontextmanager
async def behind(folder: Path, there: Vendor, cap: str = "cap = 0", key: str = "laptop") -> AsyncIterator[Running]:
    """A proxy before the vendor, in a folder that may have been another one's before."""
    config = f"""
[server]
port = 0
zone = "UTC"
[upstreams.main]
kind = "openai_compatible"
base_url = "{there.base_url}"
[aliases.fast]
routes = ["main/{MODEL}"]
[prices."{MODEL}"]
input = "1"
output = "1"
[caps.all]
{cap}
every = "total"
"""
    async with (
        practice_server(counter=TextCounter(VOCABULARIES)) as practice,
        proxy_with(folder, config, practice, key=key) as proxy,
    ):
        yield proxy


def messages(chance: random.Random, tokens: int) -> list[dict[str, str]]:
    words = ("alpha", "budget", "return", "value", "the", "token", "message")
    return [{"role": "user", "content": " ".join(chance.choices(words, k=tokens))}]


async def teach(proxy: Running, chance: random.Random, calls: int = LEAST_PAIRS) -> None:
    for _ in range(calls):
        assert (await proxy.chat(messages=messages(chance, chance.randrange(300, 3_000)))).status == 200
    await proxy.settled()


async def known(proxy: Running) -> Calibration:
    """What the local door says of the family."""
    [calibration] = await asyncio.to_thread(Questions(proxy.places).counting)
    return calibration


async def held_and_charged(proxy: Running, asked: list[dict[str, str]]) -> tuple[int, int]:
    """What was held for one more call, and what it then cost, in nano-dollars."""
    await proxy.chat(messages=asked, max_tokens=100)
    exchange = (await proxy.exchanges())[-1]
    return exchange.attempts[0].held_nano, exchange.cost_nano


async def test_what_a_vendor_reports_is_learned_held_settled_shown_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, served = random.Random(5), OtherVocabulary()
    async with vendor(served) as there:
        async with behind(tmp_path, there, "usd = '9'") as proxy:
            before = await known(proxy)
            assert (before.family, before.prompt.counted, before.prompt.error_permille) == ("llama 3", 1_100, None)
            held, charged = await held_and_charged(proxy, messages(chance, 20_000))
            assert held < charged, "what counting begins with is a guess, and here it is short"

            await teach(proxy, chance)
            now = await known(proxy)
            for factor in (now.prompt, now.answer):
                assert factor.error_permille is not None
                assert abs(factor.counted - 1_500) <= factor.counted * factor.error_permille // 1_000
                assert factor.held >= factor.counted
            held, charged = await held_and_charged(proxy, messages(chance, 20_000))
            assert held >= charged

            now = await known(proxy)
            # Where nothing is reported, what is settled is what was charged, within the error that is shown.
            served.reports = False
            await proxy.chat(messages=messages(chance, 5_000))
            record = (await proxy.records())[-1]
            assert record.quality is Quality.COUNTED
            assert abs(record.usage.total_tokens - served.charged[-1]) <= served.charged[-1] // 100
            assert record.notes == (f"counted by {plain(now.prompt.counted)} in, {plain(now.answer.counted)} out",)
            assert await known(proxy) == now, "a count of ours teaches nothing"

        async with behind(tmp_path, there, "usd = '9'", key="again") as proxy:
            assert await known(proxy) == now, "what was learned survives a restart"
            assert proxy.daemon.feed.snapshot.calibrations[now.key] == now
            monkeypatch.setenv("BURSAR_HOME", str(tmp_path))
            assert await asyncio.to_thread(main, ["counting"]) == 0
            [row] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("main ")]
            assert re.split(" {2,}", row)[1:3] == ["llama 3", str(now.prompt)]
            assert await asyncio.to_thread(main, ["counting", "--json"]) == 0
            assert json.loads(capsys.readouterr().out)[0]["prompt"]["error_permille"] == now.prompt.error_permille
            body = json.dumps({"model": "fast", "messages": messages(chance, 1_000)}).encode()
            explained = await proxy.post("/chat/completions", body, **{"x-bursar-dry-run": "1"})
            assert explained.json["routes"][0]["counted_by"]["counted"] == now.prompt.counted


async def test_a_crowd_never_spends_more_than_there_is_at_a_vendor_with_another_vocabulary(tmp_path: Path) -> None:
    chance, served = random.Random(9), OtherVocabulary()
    async with vendor(served) as there:
        async with behind(tmp_path, there, "usd = '9'") as proxy:
            await teach(proxy, chance)
            so_far = (await proxy.standing("all")).settled
        served.charged.clear()
        cap = f"usd = '{(so_far + 50_000 * NANO) / 10**9:.9f}'"
        async with behind(tmp_path, there, cap, key="crowd") as proxy:
            calls = (
                proxy.chat(messages=messages(chance, chance.randrange(300, 6_000)), max_tokens=80) for _ in range(60)
            )
            statuses = {answered.status for answered in await asyncio.gather(*calls)}
            assert statuses == {200, 402}
            standing = await proxy.standing("all")
            assert standing.held == 0
            assert standing.settled == so_far + sum(served.charged) * NANO <= standing.granted
