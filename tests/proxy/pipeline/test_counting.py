"""A long prompt never seen before, through the whole line: a stream goes on at once, and what is settled is exact."""

import random
from pathlib import Path

import msgspec
import pytest
from fakes.counting import prompt_tokens
from fakes.running import VOCABULARIES, Running, running_proxy

from bursar.dialects.openai_chat_request import read_request
from bursar.domain.usage import Quality
from bursar.metering.count import PromptCounter
from bursar.metering.families import family_of
from bursar.tokens.text import TextCounter

MODEL = "fault-no-usage"
"""Never says what was used, so that our own count is what is settled."""


def messages(seed: int, size: int = 40_000) -> list[dict[str, str]]:
    chance = random.Random(seed)
    words = ("alpha", "budget", "return", "value", "the", "token", "12", "naïve", "message")
    return [{"role": "user", "content": " ".join(chance.choices(words, k=size))}]


def exact(asked: list[dict[str, str]]) -> int:
    request = read_request(msgspec.json.encode({"model": MODEL, "messages": asked}))
    return prompt_tokens(PromptCounter(TextCounter(VOCABULARIES)), request.parts, MODEL)


def to_be_held(asked: list[dict[str, str]]) -> int:
    """The same on the high side."""
    start = family_of(MODEL).prompt_start
    return exact(asked) * start.held // start.counted


async def ask(proxy: Running, asked: list[dict[str, str]], *, stream: bool) -> None:
    answer = await proxy.chat(f"main/{MODEL}", messages=asked, stream=stream)
    assert answer.status == 200
    assert not answer.broken


PRICE = f'[prices."{MODEL}"]\ninput = "1"\noutput = "1"\n'


@pytest.mark.parametrize("stream", [True, False])
async def test_the_count_that_is_settled_is_exact(tmp_path: Path, stream: bool) -> None:
    asked = messages(1)
    async with running_proxy(tmp_path, PRICE + '[caps.all]\ntokens = 10_000_000\nevery = "total"\n') as proxy:
        await ask(proxy, asked, stream=stream)
        (record,) = await proxy.records()
        assert (record.usage.prompt_tokens, record.prompt_counted) == (exact(asked), exact(asked))
        assert record.quality is Quality.COUNTED
        assert (await proxy.standing("all")).settled == record.usage.total_tokens


async def test_what_only_the_bound_is_too_much_for_is_served(tmp_path: Path) -> None:
    asked = messages(2)
    enough = to_be_held(asked) * 106 // 100 + 2_000
    cap = f'[caps.all]\ntokens = {enough}\nevery = "total"\n'
    async with running_proxy(tmp_path, PRICE + cap, limits="first_slice_tokens = 500\n") as proxy:
        await ask(proxy, asked, stream=True)
        (record,) = await proxy.records()
        assert record.prompt_counted == exact(asked)


async def test_what_is_too_much_is_refused_all_the_same(tmp_path: Path) -> None:
    asked = messages(3)
    cap = f'[caps.all]\ntokens = {exact(asked)}\nevery = "total"\n'
    async with running_proxy(tmp_path, PRICE + cap) as proxy:
        answer = await proxy.chat(f"main/{MODEL}", messages=asked, stream=True)
        assert answer.status in (402, 429)
        assert proxy.practice.tally.total.begun == 0
        assert (await proxy.standing("all")).settled == 0


async def test_more_than_the_bound_is_held_once_it_is_known(tmp_path: Path) -> None:
    # Words wherever a sample is taken, and signs, of which each is a token, in between.
    signs = random.Random(4)
    text = "".join("budget " * 40 + "".join(signs.choices("!#$%&*+;<=>?@^_|~", k=3_700)) for _ in range(20))
    asked = [{"role": "user", "content": text[: 16 * 3_980]}]
    request = read_request(msgspec.json.encode({"model": MODEL, "messages": asked}))
    counter = PromptCounter(TextCounter(VOCABULARIES))
    rough = counter.rough(request.parts, MODEL)
    assert rough is not None
    assert rough[1].times(family_of(MODEL).prompt_start.held) < to_be_held(asked)
    async with running_proxy(tmp_path, PRICE + '[caps.all]\ntokens = 10_000_000\nevery = "total"\n') as proxy:
        await ask(proxy, asked, stream=True)
        (record,) = await proxy.records()
        assert record.prompt_counted == exact(asked)
