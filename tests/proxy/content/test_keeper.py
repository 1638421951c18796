"""Keeper: what clients really got is kept, calls and money go on whatever comes of it, and what is deleted is gone."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.running import Running, running_proxy

from bursar.config.schema import ContentSettings
from bursar.content import keeper as keeping
from bursar.content.keeper import DAY_MS, Keeper
from bursar.content.segments import HOUR_MS, Segments
from bursar.contract.client import AdminClient
from bursar.contract.content import AnswerEnd, CallContent, KeptContent, content_of, forgetting, kept_content, passages
from bursar.contract.way_in import Refused
from bursar.dialects.openai_chat_request import read_request
from bursar.domain.clock import FixedClock
from bursar.domain.exchange import new_exchange_id
from bursar.domain.refusals import UnknownContent

CONFIG = """
[aliases.broken]
routes = ["main/fault-close-midstream"]
[aliases.slow]
routes = ["main/practice-tokens-200-rate-100"]
[aliases.joined]
routes = ["main/fault-close-midstream", "main/practice-small"]
continue = "prefill"
[prices."practice-*"]
input = "1"
output = "1"
[caps.all]
usd = "1"
every = "total"
"""


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_proxy(tmp_path, CONFIG) as running:
        _, running.key = await running.daemon.keys.issue("agent", keep_content=True)
        yield running


async def content(proxy: Running, exchange_id: str) -> CallContent:
    async with AdminClient(proxy.places) as client:
        return await client.ask(content_of(exchange_id))


async def kept(proxy: Running) -> KeptContent:
    async with AdminClient(proxy.places) as client:
        return await client.ask(kept_content())


def answer_of(found: CallContent) -> str:
    return "".join(each.text for each in passages(found) if each.who == "answer")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["fast", "joined"])
async def test_the_answer_that_is_kept_is_the_one_that_was_received(proxy: Running, model: str, stream: bool) -> None:
    answered = await proxy.chat(model, stream=stream, temperature=0.25)
    await proxy.settled()
    found = await content(proxy, answered.headers["x-bursar-exchange"])
    assert answer_of(found) == answered.text
    assert (found.key, found.ended, found.asked["temperature"]) == ("agent", AnswerEnd.WHOLE, 0.25)
    assert next(iter(passages(found))).text == "Tell me about budgets."


async def test_what_broke_off_was_left_or_was_refused_is_kept_as_far_as_it_went(proxy: Running) -> None:
    broken = await proxy.chat("broken", stream=True)
    assert broken.broken
    refused = await proxy.chat("unheard-of")
    assert refused.status == 404
    body = msgspec.json.encode({"model": "slow", "stream": True, "messages": [{"role": "user", "content": "Go on."}]})
    headers = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
    async with proxy.session.post(f"{proxy.base_url}/chat/completions", data=body, headers=headers) as response:
        left = response.headers["x-bursar-exchange"]
        await response.content.readany()
        response.close()
    await proxy.settled()
    ends = [await content(proxy, each) for each in (*(_id(each) for each in (broken, refused)), left)]
    assert [each.ended for each in ends] == [AnswerEnd.BROKEN, AnswerEnd.NONE, AnswerEnd.LEFT]
    assert answer_of(ends[0]).startswith(broken.text[:20])
    assert ends[1].answer is None


async def test_what_we_ended_at_a_budget_is_kept_to_there_and_said_to_be_cut(tmp_path: Path) -> None:
    limits = "first_slice_tokens = 50\nleast_answer_tokens = 20"
    async with running_proxy(tmp_path, '[caps.small]\ntokens = 300\nevery = "day"\n', limits=limits) as proxy:
        _, key = await proxy.daemon.keys.issue("agent", keep_content=True)
        cut = await proxy.chat("main/practice-tokens-5000-rate-2000", key=key, stream=True)
        await proxy.settled()
        found = await content(proxy, _id(cut))
        assert (found.ended, answer_of(found)) == (AnswerEnd.CUT, cut.text)


def _id(answered: Any) -> str:
    return str(answered.headers["x-bursar-exchange"])


async def test_a_key_that_says_nothing_keeps_nothing(proxy: Running) -> None:
    _, key = await proxy.daemon.keys.issue("quiet")
    answered = await proxy.chat(key=key)
    await proxy.settled()
    assert not (proxy.places.data_dir / "content").exists()
    assert not [each for each in threading.enumerate() if each.name == "bursar-content"]
    with pytest.raises(Refused, match="no content of"):
        await content(proxy, _id(answered))


async def test_turned_on_and_off_it_is_so_from_the_next_call_on_and_nothing_is_deleted(proxy: Running) -> None:
    from bursar.contract.commands import ChangeKey

    first = await proxy.chat()
    await proxy.daemon.keys.change("agent", ChangeKey(keep_content=False))
    second = await proxy.chat()
    await proxy.settled()
    assert answer_of(await content(proxy, _id(first))) == first.text
    with pytest.raises(Refused):
        await content(proxy, _id(second))
    async with AdminClient(proxy.places) as client:
        assert (await client.ask(forgetting(key="agent"))).bytes > 0
    with pytest.raises(Refused):
        await content(proxy, _id(first))


async def test_without_a_place_for_it_calls_go_on_and_it_is_said_once(
    proxy: Running, caplog: pytest.LogCaptureFixture
) -> None:
    place = proxy.places.data_dir / "content"
    place.write_text("in the way")
    answered = [await proxy.chat(stream=stream) for stream in (False, True, False)]
    assert {each.status for each in answered} == {200}
    assert len(await proxy.records()) == 3
    assert (await proxy.standing("all")).held == 0
    state = await kept(proxy)
    assert state.missed == 3
    assert state.trouble
    assert len([each for each in caplog.records if "cannot be kept" in each.getMessage()]) == 1
    assert not any("budgets" in each.getMessage() for each in caplog.records)
    assert any("content of calls" in each for each in (await proxy.daemon.status()).problems)
    with pytest.raises(Refused, match="is not kept: "):
        await content(proxy, _id(answered[0]))
    place.unlink()
    after = await proxy.chat()
    await proxy.settled()
    assert answer_of(await content(proxy, _id(after))) == after.text


async def test_a_disk_that_takes_nothing_for_a_while_holds_up_no_call_and_no_memory(
    proxy: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_WAITING_BYTES", 40_000)
    free, stuck = threading.Event(), threading.Event()

    def wait(files: Segments) -> None:
        stuck.set()
        free.wait(30)

    keeper = proxy.daemon.keeper
    waiting = asyncio.ensure_future(keeper._do(wait))
    await asyncio.to_thread(stuck.wait, 10)
    try:
        answered = [await proxy.chat(messages=[{"role": "user", "content": "x" * 10_000}]) for _ in range(12)]
        assert {each.status for each in answered} == {200}
        await proxy.settled()
        assert keeper._waiting_bytes <= 40_000
        assert keeper.trouble
    finally:
        free.set()
        await waiting
    state = await kept(proxy)
    assert 8 <= state.missed <= 11
    assert keeper._waiting == keeper._waiting_bytes == 0
    assert answer_of(await content(proxy, _id(answered[0]))) == answered[0].text
    with pytest.raises(Refused, match="too much was on its way"):
        await content(proxy, _id(answered[-1]))
    assert len(await proxy.records()) == 12


async def test_thirty_megabytes_pass_and_are_kept_in_part(proxy: Running) -> None:
    body = msgspec.json.encode({"model": "fast", "messages": [{"role": "user", "content": "long " * 6_000_000}]})
    headers = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
    async with proxy.session.post(
        f"{proxy.base_url}/chat/completions", data=io.BytesIO(body), headers=headers
    ) as response:
        await response.read()
    await proxy.settled()
    found = await content(proxy, response.headers["x-bursar-exchange"])
    assert found.shortened
    assert len(next(iter(passages(found))).text) <= 1024 * 1024
    (of_key,) = (await kept(proxy)).keys
    assert of_key.text_bytes < 1024 * 1024


REQUEST = read_request(b'{"model": "m", "messages": [{"role": "user", "content": "canary 4711"}]}')


async def test_what_is_too_old_goes_by_itself(tmp_path: Path) -> None:
    clock = FixedClock(1_795_312_107_000)
    settings = ContentSettings(days=14, media_days=2)
    keeper = Keeper(tmp_path / "content", lambda: settings, str, clock)
    exchange_id = new_exchange_id(clock.now_ms())
    keeper.record(exchange_id, "agent", clock.now_ms(), REQUEST).close(AnswerEnd.NONE, 100)
    assert (await keeper.find(exchange_id, with_media=False)).asked["messages"][0]["content"] == "canary 4711"
    clock.turn(14 * DAY_MS - HOUR_MS)
    await keeper.tidy()
    assert (await keeper.find(exchange_id, with_media=False)).key == "agent"
    clock.turn(HOUR_MS)
    await keeper.tidy()
    with pytest.raises(UnknownContent):
        await keeper.find(exchange_id, with_media=False)
    assert list((tmp_path / "content").rglob("*")) == []
    await keeper.close()


async def test_a_bug_of_ours_quotes_nothing_and_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def clean(text: str) -> str:
        raise RuntimeError(f"failed at {text}")

    clock = FixedClock(1_795_312_107_000)
    keeper = Keeper(tmp_path / "content", ContentSettings, clean, clock)
    keeper.record(new_exchange_id(1_795_312_107_000), "agent", 0, REQUEST).close(AnswerEnd.NONE, 100)
    assert (await keeper.kept()).trouble == "a bug: RuntimeError"
    assert "4711" not in caplog.text
    # It is not told for ever of a key whose calls have ended.
    clock.turn(HOUR_MS)
    await keeper.tidy()
    assert (await keeper.kept()).trouble == ""
    await keeper.close()
