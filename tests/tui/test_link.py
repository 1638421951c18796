"""Link: a watch that survives whatever happens to the proxy, against the real local door."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tui.doors import local_door
from tui.snapshots import NOW_MS, busy, empty

from bursar.contract.codec import CONTRACT, Numbered, Opening, encode
from bursar.contract.events import ExchangeOpened, KeyRevoked
from bursar.contract.places import Places
from bursar.contract.snapshot import Snapshot
from bursar_tui.link import FIRST_PAUSE_S, LONGEST_PAUSE_S, Attached, Heard, Lost, News, follow, watch_at


@pytest.fixture
def where() -> Iterator[Places]:
    """Places under a folder whose name is short enough for a socket."""
    with TemporaryDirectory(prefix="bursar-") as folder:
        root = Path(folder)
        yield Places(root / "config.toml", root / "data", root / "run", root / "log")


class Pauses:
    """How long was waited between tries; the waiting itself is cut short."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0.002)


@asynccontextmanager
async def following(where: Places, pauses: Pauses) -> AsyncIterator["Listener"]:
    """What is heard from the proxy of these places."""
    async with aclosing(follow(watch_at(where), pauses)) as news, asyncio.timeout(60):
        yield Listener(news)


class Listener:
    """Hands out what is heard, one thing after the other."""

    def __init__(self, news: AsyncIterator[News]) -> None:
        self._news = news
        self.lost: list[str] = []

    async def attached(self) -> Attached:
        """The next attachment; what was lost until then is kept."""
        async for each in self._news:
            if isinstance(each, Attached):
                return each
            if isinstance(each, Lost):
                self.lost.append(each.reason)
        raise AssertionError("it ended")

    async def loss(self) -> Lost:
        """The next loss."""
        async for each in self._news:
            if isinstance(each, Lost):
                return each
        raise AssertionError("it ended")

    async def heard(self) -> Heard:
        """The next event."""
        async for each in self._news:
            if isinstance(each, Heard):
                return each
        raise AssertionError("it ended")


def opened(number: int) -> ExchangeOpened:
    return ExchangeOpened(NOW_MS + number, f"call{number}", "laptop", "", "aider", "fast", True, 10)


async def test_the_state_comes_first_then_every_event(where: Places) -> None:
    async with local_door(where, busy()) as feed, following(where, Pauses()) as listener:
        attached = await listener.attached()
        assert not attached.resumed
        assert encode(attached.snapshot) == encode(feed.snapshot)
        for number in range(50):
            feed.publish(opened(number))
        for number in range(50):
            assert (await listener.heard()).event == opened(number)
        assert encode(attached.snapshot) == encode(feed.snapshot)


async def test_events_missed_while_the_door_was_shut_are_made_up_for(where: Places) -> None:
    pauses = Pauses()
    async with following(where, pauses) as listener:
        async with local_door(where, empty()) as feed:
            first = await listener.attached()
            feed.publish(opened(1))
            await listener.heard()
        state = feed.snapshot
        # The same run at a new door, which has seen three events more.
        async with local_door(where, Snapshot(state.run, "0.1.0", NOW_MS, "http://x", NOW_MS, seq=1)) as feed:
            feed.publish(opened(2))
            feed.publish(opened(3))
            feed.flush()
            again = await listener.attached()
            assert again.resumed
            assert again.snapshot is first.snapshot
            assert [(await listener.heard()).event for _ in range(2)] == [opened(2), opened(3)]
            assert list(again.snapshot.exchanges) == ["call1", "call2", "call3"]
    assert listener.lost
    assert pauses.seconds[0] == FIRST_PAUSE_S


async def test_a_new_run_is_a_new_state_though_its_numbers_fit(where: Places) -> None:
    async with following(where, Pauses()) as listener:
        async with local_door(where, empty()) as feed:
            first = await listener.attached()
            feed.publish(opened(1))
            await listener.heard()
        other = empty()
        other.run, other.seq = "another", 1
        async with local_door(where, other):
            again = await listener.attached()
            assert not again.resumed
            assert again.snapshot is not first.snapshot
            assert again.snapshot.run == "another"
            assert not again.snapshot.exchanges


async def test_who_is_too_slow_is_cut_off_and_gets_the_state_anew(where: Places) -> None:
    async with local_door(where, empty(), kept_events=8) as feed, following(where, Pauses()) as listener:
        first = await listener.attached()
        # More than is remembered, while nobody reads: the next read finds that something is missing.
        for burst in range(40):
            for number in range(200):
                feed.publish(opened(burst * 200 + number))
            feed.flush()
        await asyncio.sleep(0)
        again = await listener.attached()
        assert not again.resumed
        assert again.snapshot is not first.snapshot
        feed.publish(KeyRevoked(NOW_MS, "nobody"))
        while (await listener.heard()).event != KeyRevoked(NOW_MS, "nobody"):
            pass
        assert encode(again.snapshot) == encode(feed.snapshot)


async def test_without_a_door_it_is_tried_ever_more_rarely(where: Places) -> None:
    pauses = Pauses()
    async with following(where, pauses) as listener:
        lost = [await listener.loss() for _ in range(10)]
    assert pauses.seconds == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, LONGEST_PAUSE_S, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert {each.reason for each in lost} == {"no proxy is running here; start one with `bursar serve`"}


async def test_another_contract_is_one_sentence(where: Places) -> None:
    async with speaking(where, encode(Opening(CONTRACT + 1, "r", 0, empty()))), following(where, Pauses()) as listener:
        reason = (await listener.loss()).reason
    assert f"contract {CONTRACT + 1}" in reason
    assert "\n" not in reason


@pytest.mark.parametrize(
    "lines",
    [
        [b"<html>not a proxy</html>"],
        [b'{"contract": 1, "run": "r", "seq": 0, "snapshot": {"run": 5}}'],
        [encode(Opening(CONTRACT, "r", 0, empty())), b"{]"],
        [encode(Numbered(1, opened(1)))],
    ],
)
async def test_what_is_not_understood_is_lost_and_tried_again(where: Places, lines: list[bytes]) -> None:
    pauses = Pauses()
    async with speaking(where, *lines), following(where, pauses) as listener:
        for _ in range(3):
            await listener.loss()
    assert len(pauses.seconds) == 2


async def test_a_gap_is_closed_with_a_new_state(where: Places) -> None:
    state = empty()
    line = encode(Opening(CONTRACT, state.run, 0, state))
    async with speaking(where, line, encode(Numbered(2, opened(2)))) as asked, following(where, Pauses()) as listener:
        first = await listener.attached()
        assert first.snapshot.seq == 0
        again = await listener.attached()
        assert again.snapshot is not first.snapshot
    assert asked[:2] == ["/watch", "/watch"]


async def test_it_resumes_where_it_was(where: Places) -> None:
    state = empty()
    line = encode(Opening(CONTRACT, state.run, 0, state))
    async with speaking(where, line, encode(Numbered(1, opened(1)))) as asked, following(where, Pauses()) as listener:
        await listener.attached()
        await listener.attached()
    assert asked[:2] == ["/watch", "/watch?since=r1%3A1"] or asked[:2] == ["/watch", "/watch?since=r1:1"]


async def test_on_loopback_with_a_token_too(where: Places) -> None:
    long = replace(where, runtime_dir=where.runtime_dir / ("long" * 30))
    async with local_door(long, busy()), following(long, Pauses()) as listener:
        assert len((await listener.attached()).snapshot.exchanges) == 43


@asynccontextmanager
async def speaking(where: Places, *lines: bytes) -> AsyncIterator[list[str]]:
    """A door that says these lines to whoever asks and hangs up; what it was asked for."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split()[1].decode())
        body = b"".join(each + b"\n" for each in lines)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    where.runtime_dir.mkdir(parents=True, exist_ok=True)
    async with await asyncio.start_unix_server(answer, where.admin_socket):
        yield asked
