"""Posting: the app is told at once that it is attached, and at most ten times a second what changed."""

import asyncio
import itertools
from collections.abc import AsyncGenerator

from textual.message import Message
from tui.snapshots import NOW_MS, empty

from bursar.contract.codec import CONTRACT, Numbered, Opening
from bursar.contract.events import KeyRevoked
from bursar_tui.link import Since, Unattached
from bursar_tui.messages import LinkLost, LinkRestored, SnapshotChanged
from bursar_tui.posting import REPAINT_S, SLOWEST_S, Posting


async def test_however_much_happens_it_is_told_ten_times_a_second() -> None:
    told: list[tuple[float, Message]] = []
    now_s = asyncio.get_running_loop().time
    done = asyncio.Event()

    async def watch(since: Since | None) -> AsyncGenerator[Opening | Numbered, None]:
        yield Opening(CONTRACT, "r1", 0, empty())
        for seq in range(1, 5_001):
            yield Numbered(seq, KeyRevoked(NOW_MS, "nobody"))
            if seq % 250 == 0:
                await asyncio.sleep(0.05)
        done.set()
        await asyncio.Event().wait()

    def post(message: Message) -> None:
        told.append((now_s(), message))

    posting = Posting(watch, post)
    running = asyncio.ensure_future(posting.run())
    await done.wait()
    await asyncio.sleep(2 * REPAINT_S)
    running.cancel()
    assert isinstance(told[0][1], LinkRestored)
    changes = [(at, each) for at, each in told if isinstance(each, SnapshotChanged)]
    assert changes[-1][1].snapshot.seq == 5_000
    assert len(changes) <= 2 + (changes[-1][0] - changes[0][0]) / REPAINT_S


async def test_what_takes_long_to_draw_is_shown_less_often_but_shown() -> None:
    shown_s: list[float] = []
    now_s, enough = asyncio.get_running_loop().time, asyncio.Event()

    async def watch(since: Since | None) -> AsyncGenerator[Opening | Numbered, None]:
        yield Opening(CONTRACT, "r1", 0, empty())
        for seq in itertools.count(1):
            yield Numbered(seq, KeyRevoked(NOW_MS, "nobody"))
            await asyncio.sleep(0.01)

    def post(message: Message) -> None:
        if isinstance(message, SnapshotChanged):
            shown_s.append(now_s())
            if len(shown_s) == 4:
                enough.set()

    posting = Posting(watch, post, used_s=lambda: float(len(shown_s)))  # each takes a whole second
    running = asyncio.ensure_future(posting.run())
    async with asyncio.timeout(60):
        await enough.wait()
    running.cancel()
    assert min(after - before for before, after in itertools.pairwise(shown_s)) > 0.9 * SLOWEST_S


async def test_the_newest_replaces_those_that_wait() -> None:
    assert SnapshotChanged(empty()).can_replace(SnapshotChanged(empty()))
    assert not SnapshotChanged(empty()).can_replace(LinkRestored())


async def test_a_loss_is_told_and_hurry_ends_the_pause() -> None:
    told: asyncio.Queue[Message] = asyncio.Queue()

    async def watch(since: Since | None) -> AsyncGenerator[Opening | Numbered, None]:
        raise Unattached("nobody")
        yield

    posting = Posting(watch, told.put_nowait)
    running = asyncio.ensure_future(posting.run())
    async with asyncio.timeout(60):
        while True:
            message = await told.get()
            assert isinstance(message, LinkLost)
            assert message.reason == "nobody"
            if message.pause_s > 1:
                break
        started = asyncio.get_running_loop().time()
        await asyncio.sleep(0)
        posting.hurry()
        await told.get()
        assert asyncio.get_running_loop().time() - started < message.pause_s / 2
    running.cancel()
