"""The feed: order, numbers, resuming, and watchers that end up with the proxy's own state whatever happens to them."""

import asyncio
import logging
import random

import pytest
from fakes.turned import turned
from fakes.work import calls_made

from bursar.contract.codec import Numbered, Opening, decode
from bursar.contract.events import (
    AttemptSettled,
    AttemptStarted,
    Event,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeProgressed,
    HoldInDoubt,
    KeyRevoked,
    StandingsChanged,
    Stopping,
)
from bursar.contract.snapshot import Snapshot, apply
from bursar.domain.account import Standing
from bursar.domain.cycle import Cycle
from bursar.domain.exchange import Outcome
from bursar.domain.usage import Quality, Usage
from bursar.feed import BATCH_S, Feed, Watcher

NOW = 1_790_000_000_000


def fresh(run: str = "run-1") -> Snapshot:
    return Snapshot(run, "0.1.0", NOW, "http://127.0.0.1:4141/v1", NOW)


def opened(number: int) -> ExchangeOpened:
    return ExchangeOpened(NOW + number, f"x{number}", "laptop", "", "aider", "fast", True, 100)


def random_event(chance: random.Random, number: int) -> Event:
    """An event of a kind that happens often, about one of the last few exchanges."""
    exchange_id = f"x{max(0, number - chance.randrange(40))}"
    at_ms = NOW + number * 37
    match chance.randrange(6):
        case 0:
            return ExchangeOpened(at_ms, f"x{number}", "laptop", "", "aider", "fast", True, number)
        case 1:
            return AttemptStarted(at_ms, exchange_id, "main", "small", chance.randrange(10**6))
        case 2:
            return ExchangeProgressed(at_ms, exchange_id, number, number * 3, number * 5)
        case 3:
            usage = Usage(chance.randrange(1000), chance.randrange(1000))
            return AttemptSettled(
                at_ms, exchange_id, "main", "small", usage, Quality.REPORTED, 17, True, ("cap:day",), 20
            )
        case 4:
            return ExchangeClosed(at_ms, exchange_id, Outcome.COMPLETE, 200, "", "", "stop", 900)
        case _:
            return StandingsChanged(at_ms, (Standing("cap:day", Cycle(NOW, None), 10**9, 10**9, number, number * 2),))


class Mirror:
    """A watcher as the TUI is one: opening line, then every event through the same reducer."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.snapshot: Snapshot | None = None
        self.watcher: Watcher | None = None
        self.attached = self.resumed = 0

    def attach(self, feed: Feed | None = None) -> None:
        self.feed = feed or self.feed
        since = (self.snapshot.run, self.snapshot.seq) if self.snapshot else None
        self.watcher = self.feed.watch(since)
        self.attached += 1

    async def read(self) -> bool:
        """Take what there is; False where the watch has ended."""
        assert self.watcher is not None
        try:
            lines = (await anext(self.watcher)).splitlines()
        except StopAsyncIteration:
            return False
        for line in lines:
            if b'"contract"' in line:
                self.open(decode(line, Opening))
            else:
                numbered = decode(line, Numbered)
                assert self.snapshot is not None
                assert numbered.seq == self.snapshot.seq + 1
                apply(self.snapshot, numbered.seq, numbered.of)
        return True

    def open(self, opening: Opening) -> None:
        if opening.snapshot is not None:
            self.snapshot = opening.snapshot
        else:
            self.resumed += 1
        assert self.snapshot is not None
        assert (self.snapshot.run, self.snapshot.seq) == (opening.run, opening.seq)

    async def catch_up(self) -> None:
        self.feed.flush()
        while self.snapshot is None or self.snapshot.seq < self.feed.seq:
            if not await self.read():
                self.attach()


async def test_a_watcher_gets_the_state_and_then_every_event_in_order() -> None:
    feed = Feed(fresh(), batch_s=0)
    feed.publish(opened(1))
    watcher = feed.watch()
    for number in range(2, 12):
        feed.publish(opened(number))
    opening = decode(await anext(watcher), Opening)
    assert (opening.run, opening.seq) == ("run-1", 1)
    assert opening.snapshot is not None
    assert list(opening.snapshot.exchanges) == ["x1"]
    lines = (await anext(watcher)).splitlines()
    numbered = [decode(line, Numbered) for line in lines]
    assert [each.seq for each in numbered] == list(range(2, 12))
    assert [each.of for each in numbered] == [opened(number) for number in range(2, 12)]


async def test_what_is_announced_together_is_delivered_together_and_shortly_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn = turned(monkeypatch)
    feed = Feed(fresh())
    watcher = feed.watch()
    await anext(watcher)
    for number in range(500):
        feed.publish(opened(number))
    reading = asyncio.ensure_future(anext(watcher))
    await turn(BATCH_S / 3)
    assert not reading.done()
    await turn(BATCH_S)
    assert reading.done()
    assert reading.result().count(b"\n") == 500


async def test_publishing_only_puts_an_event_aside() -> None:
    feed = Feed(fresh())
    event = opened(1)
    feed.publish(event)

    def publish_many() -> None:
        for _ in range(1_000):
            feed.publish(event)

    assert calls_made(publish_many) <= 3_010
    assert (feed.applied, len(feed.snapshot.exchanges)) == (0, 1)


async def test_the_snapshot_is_never_behind_what_was_announced() -> None:
    feed = Feed(fresh(), batch_s=60)
    feed.publish(opened(1))
    assert "x1" in feed.snapshot.exchanges
    assert feed.snapshot.seq == feed.seq == 1
    feed.close()


@pytest.mark.parametrize(("missed", "resumes"), [(0, True), (1, True), (64, True), (65, False), (500, False)])
async def test_who_was_away_gets_what_it_missed_or_a_new_snapshot(missed: int, resumes: bool) -> None:
    feed = Feed(fresh(), batch_s=0, kept_events=64)
    for number in range(100):
        feed.publish(opened(number))
    feed.flush()
    for number in range(missed):
        feed.publish(opened(1000 + number))
    watcher = feed.watch(("run-1", 100))
    opening = decode(await anext(watcher), Opening)
    assert (opening.snapshot is None) is resumes
    assert opening.seq == (100 if resumes else 100 + missed)
    if resumes and missed:
        seqs = [decode(line, Numbered).seq for line in (await anext(watcher)).splitlines()]
        assert seqs == list(range(101, 101 + missed))


@pytest.mark.parametrize("since", [("run-0", 5), ("run-1", 6), ("run-1", -1), ("", 5)])
async def test_a_position_of_another_run_or_ahead_of_us_gets_a_snapshot(since: tuple[str, int]) -> None:
    feed = Feed(fresh(), batch_s=0)
    for number in range(5):
        feed.publish(opened(number))
    opening = decode(await anext(feed.watch(since)), Opening)
    assert opening.snapshot is not None
    assert opening.seq == 5


async def test_who_falls_behind_is_cut_off_and_holds_up_nobody() -> None:
    feed = Feed(fresh(), batch_s=0, kept_events=64)
    slow, quick = feed.watch(), feed.watch()
    await anext(slow)
    await anext(quick)
    for number in range(200):
        feed.publish(opened(number))
        feed.flush()
        await anext(quick)
    with pytest.raises(StopAsyncIteration):
        await anext(slow)
    feed.publish(Stopping(NOW))
    feed.flush()
    assert decode(await anext(quick), Numbered).seq == 201


async def test_watchers_end_with_the_proxys_state_after_20_000_events_and_many_cuts() -> None:
    chance = random.Random(4141)
    feed = Feed(fresh(), batch_s=60, kept_events=256)
    mirrors = [Mirror(feed) for _ in range(4)]
    for mirror in mirrors:
        mirror.attach()
    for number in range(20_000):
        feed.publish(random_event(chance, number))
        if chance.random() < 0.02:
            feed.flush()
            mirror = chance.choice(mirrors)
            if (mirror.watcher is not None and chance.random() < 0.2) or not await mirror.read():
                mirror.attach()
    for mirror in mirrors:
        await mirror.catch_up()
        assert mirror.snapshot == feed.snapshot
    assert 15_000 < feed.snapshot.seq < 20_000, "changes of standings are told once a batch"
    assert sum(mirror.resumed for mirror in mirrors) > 10
    assert sum(mirror.attached - mirror.resumed for mirror in mirrors) > 10


async def test_of_standings_only_the_last_of_a_batch_is_told() -> None:
    feed = Feed(fresh(), batch_s=60)
    watcher = feed.watch()
    await anext(watcher)
    day, month = (Standing(f"cap:{name}", Cycle(NOW, None), 100, 100) for name in ("day", "month"))
    feed.publish(opened(1))
    feed.publish(StandingsChanged(NOW, (day, month)))
    feed.publish(opened(2))
    feed.publish(StandingsChanged(NOW + 1, (day.holding(7),)))
    feed.flush()
    feed.publish(StandingsChanged(NOW + 2, (month.holding(9),)))
    feed.flush()
    told = [decode(line, Numbered) for line in (await anext(watcher)).splitlines()]
    assert [each.seq for each in told] == [1, 2, 3, 4]
    assert [each.of for each in told] == [
        opened(1),
        StandingsChanged(NOW + 1, (day.holding(7), month)),
        opened(2),
        StandingsChanged(NOW + 2, (month.holding(9),)),
    ]


async def test_a_new_run_replaces_the_state_even_where_its_numbers_match() -> None:
    first, second = Feed(fresh("run-1"), batch_s=0), Feed(fresh("run-2"), batch_s=0)
    mirror = Mirror(first)
    mirror.attach()
    for number in range(10):
        first.publish(opened(number))
        second.publish(opened(100 + number))
    await mirror.catch_up()
    mirror.attach(second)
    await mirror.read()
    assert mirror.snapshot == second.snapshot
    assert mirror.snapshot is not None
    assert "x109" in mirror.snapshot.exchanges


async def test_waiting_for_the_next_lines_may_be_given_up_without_losing_any() -> None:
    feed = Feed(fresh(), batch_s=0)
    watcher = feed.watch()
    await anext(watcher)
    for number in range(1, 20):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(watcher), 0.001)
        feed.publish(opened(number))
        feed.flush()
        assert decode(await anext(watcher), Numbered).seq == number


async def test_closing_delivers_the_rest_and_ends_the_watch() -> None:
    feed = Feed(fresh(), batch_s=60)
    watcher = feed.watch()
    feed.publish(Stopping(NOW))
    feed.close()
    assert decode(await anext(watcher), Opening).seq == 0
    assert decode(await anext(watcher), Numbered).of == Stopping(NOW)
    with pytest.raises(StopAsyncIteration):
        await anext(watcher)


async def test_a_watcher_that_waits_ends_when_the_feed_closes() -> None:
    feed = Feed(fresh())
    watcher = feed.watch()
    await anext(watcher)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(asyncio.wait_for(_rest(watcher), 60))
        await asyncio.sleep(0)
        feed.close()
    assert waiting.result() == []


async def _rest(watcher: Watcher) -> list[bytes]:
    return [lines async for lines in watcher]


async def test_tests_wait_for_what_happens_or_has_happened() -> None:
    feed = Feed(fresh(), batch_s=0.01)
    before = feed.seq
    feed.publish(opened(1))
    assert await feed.wait_for(lambda event: isinstance(event, ExchangeOpened), since=before) == opened(1)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(feed.wait_for(lambda event: isinstance(event, Stopping)))
        await asyncio.sleep(0)
        feed.publish(opened(2))
        feed.publish(Stopping(NOW))
    assert waiting.result() == Stopping(NOW)


async def test_a_failing_predicate_fails_its_own_wait_only() -> None:
    feed = Feed(fresh(), batch_s=0.001)

    def fail(event: Event) -> bool:
        raise ValueError("mine")

    feed_events = asyncio.gather(
        feed.wait_for(fail), feed.wait_for(lambda event: isinstance(event, Stopping)), return_exceptions=True
    )
    await asyncio.sleep(0)
    feed.publish(Stopping(NOW))
    failed, found = await feed_events
    assert isinstance(failed, ValueError)
    assert found == Stopping(NOW)


async def test_an_event_that_cannot_be_applied_is_reported_once_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    snapshot = fresh()
    snapshot.zone = "Nowhere/At_All"  # every settlement asks for the day in this zone
    feed = Feed(snapshot, batch_s=0)
    settled = AttemptSettled(NOW, "x1", "main", "small", Usage(1, 1), Quality.REPORTED, 1, True, (), None)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            feed.publish(settled)
        feed.publish(KeyRevoked(NOW, "laptop"))
        feed.publish(HoldInDoubt(NOW, 7, "x1", "main", "small", NOW, ()))
        feed.flush()
    assert feed.snapshot.seq == 5
    assert 7 in feed.snapshot.in_doubt
    assert len(caplog.records) == 1


async def test_text_that_is_no_unicode_reaches_a_watcher_in_readable_form() -> None:
    feed = Feed(fresh(), batch_s=0)
    watcher = feed.watch()
    await anext(watcher)
    feed.publish(ExchangeOpened(NOW, "x1", "laptop", "", "agent\udcff/1", "fast", True, 1))
    feed.flush()
    event = decode(await anext(watcher), Numbered).of
    assert isinstance(event, ExchangeOpened)
    assert event.client == "agent?/1"
    opening = decode(await anext(feed.watch()), Opening)
    assert opening.snapshot is not None
    assert opening.snapshot.exchanges["x1"].client == "agent?/1"


async def test_an_ear_hears_every_event_once_it_is_applied() -> None:
    feed = Feed(fresh(), batch_s=60)
    heard: list[tuple[int, Event]] = []
    feed.hear(lambda event: heard.append((feed.applied, event)))
    first, second = Stopping(1), Stopping(2)
    feed.publish(first)
    feed.publish(second)
    assert heard == []
    feed.flush()
    assert heard == [(2, first), (2, second)]
