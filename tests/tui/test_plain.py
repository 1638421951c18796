"""Plain mode: a line for each event, in the words of the screens, with nothing in it that acts."""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from tui.snapshots import CENT, DOLLAR, HOUR, NOW_MS, busy, empty, standing, troubled, watching
from tui.stage import compare

from bursar.contract.codec import CONTRACT, Numbered, Opening
from bursar.contract.events import (
    Alerted,
    AttemptFailed,
    AttemptSettled,
    AttemptStarted,
    BalanceCompared,
    BalanceView,
    ConfigurationLoaded,
    ConfigurationRejected,
    DoubtResolved,
    Event,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeProgressed,
    Granted,
    GrantEnded,
    HoldInDoubt,
    KeyChanged,
    KeyRevoked,
    KeyView,
    Logged,
    RouteView,
    StandingsChanged,
    Stopping,
    UpstreamHealthChanged,
    UpstreamView,
)
from bursar.contract.log_line import Level as LogLevel
from bursar.contract.log_line import LogLine
from bursar.contract.snapshot import Snapshot
from bursar.domain.alert import Alert, AlertKind, Urgency
from bursar.domain.clock import FixedClock
from bursar.domain.exchange import Outcome
from bursar.domain.grant import Grant, GrantKind
from bursar.domain.usage import Quality, Usage
from bursar_tui.link import Since, Unattached
from bursar_tui.plain import Plain, aloud

CALL = "01jd00000abcde"


class Out(io.StringIO):
    """What is written, and after each event that it has been."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: asyncio.Queue[None] = asyncio.Queue()

    def flush(self) -> None:
        self.flushed.put_nowait(None)


class Heard:
    """What plain mode writes over a hand-made state, while things happen."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.out = Out()
        self.later: asyncio.Queue[Numbered] = asyncio.Queue()

    async def lines(self, *events: Event) -> list[str]:
        """What is written after these events."""
        before = len(self.out.getvalue().splitlines())
        for place, event in enumerate(events, self.snapshot.seq + 1):
            self.later.put_nowait(Numbered(place, event))
        for _ in events:
            await self.out.flushed.get()
        return self.out.getvalue().splitlines()[before:]


@asynccontextmanager
async def listening(snapshot: Snapshot) -> AsyncIterator[Heard]:
    heard = Heard(snapshot)
    running = asyncio.ensure_future(Plain(heard.out, FixedClock(NOW_MS)).run(watching(snapshot, heard.later)))
    async with asyncio.timeout(60):
        await heard.out.flushed.get()
        yield heard
    running.cancel()


async def test_the_state_it_begins_with() -> None:
    async with listening(busy()) as heard:
        compare("plain-busy", heard.out.getvalue())
    async with listening(troubled()) as heard:
        compare("plain-troubled", heard.out.getvalue())


async def test_a_call_line_by_line() -> None:
    async with listening(busy()) as heard:
        usage = Usage(1_204, 140)
        lines = await heard.lines(
            ExchangeOpened(NOW_MS, CALL, "laptop", "", "aider", "fast", True, 1_204),
            AttemptStarted(NOW_MS, CALL, "openai", "gpt-5.1-mini", 7 * CENT),
            AttemptFailed(NOW_MS, CALL, "openai", "gpt-5.1-mini", "rate_limit_exceeded", "slow down"),
            AttemptStarted(NOW_MS, CALL, "apertis", "gpt-5.1-mini", 7 * CENT),
            ExchangeProgressed(NOW_MS, CALL, 100, CENT, 6 * CENT),
            AttemptSettled(
                NOW_MS, CALL, "apertis", "gpt-5.1-mini", usage, Quality.REPORTED, CENT, True, ("cap:daily",), 80
            ),
            ExchangeClosed(NOW_MS, CALL, Outcome.COMPLETE, 200, "", "", "stop", 3_400),
        )
    assert lines == [
        "14:58:31  Call abcde opened: laptop asks for fast with aider, 1,204 tokens.",
        "14:58:31  Call abcde of laptop goes to openai/gpt-5.1-mini, $0.0700 held.",
        "14:58:31  Call abcde of laptop was not taken by openai/gpt-5.1-mini: slow down.",
        "14:58:31  Call abcde of laptop goes to apertis/gpt-5.1-mini, $0.0700 held.",
        "14:58:31  Call abcde of laptop cost $0.0100: 1,204 tokens in, 140 out, paid by daily.",
        "14:58:31  Call abcde of laptop is done after 3.4 s.",
    ]


async def test_no_reason_is_heard_twice_in_full() -> None:
    async with listening(busy()) as heard:
        lines = await heard.lines(
            ExchangeOpened(NOW_MS, CALL, "laptop", "", "", "fast", True, 1_204),
            AttemptFailed(NOW_MS, CALL, "openai", "gpt-5.1-mini", "budget_exceeded", "The cap is used up."),
            AttemptFailed(NOW_MS, CALL, "apertis", "gpt-5.1-mini", "budget_exceeded", "The cap is used up."),
            ExchangeClosed(NOW_MS, CALL, Outcome.REFUSED, 402, "budget_exceeded", "The cap is used up.", "", 3),
        )
    assert lines[1:] == [
        "14:58:31  Call abcde of laptop was not taken by openai/gpt-5.1-mini: The cap is used up.",
        "14:58:31  Call abcde of laptop was not taken by apertis/gpt-5.1-mini either, for the same reason.",
        "14:58:31  Call abcde of laptop is refused after 3 ms, for the reason just said.",
    ]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            ExchangeClosed(NOW_MS, CALL, Outcome.REFUSED, 402, "budget_exceeded", "Used up.", "", 3),
            "Call abcde is refused after 3 ms: Used up.",
        ),
        (
            AttemptSettled(NOW_MS, CALL, "a", "b", Usage(1, 2), Quality.COUNTED, 0, False, (), None),
            "Call abcde used 1 token in, 2 out; no price is known.",
        ),
        (
            Granted(NOW_MS, Grant(1, GrantKind.RAISE, "cap:daily", 0, 2 * DOLLAR, NOW_MS, until_ms=NOW_MS + HOUR)),
            "Cap daily is raised by $2.00 for 1 h.",
        ),
        (
            Granted(NOW_MS, Grant(2, GrantKind.TOP_UP, "wallet:openai", 0, 20 * DOLLAR, NOW_MS)),
            "Wallet openai has $20.00 more, which was paid in.",
        ),
        (
            GrantEnded(NOW_MS, Grant(1, GrantKind.RAISE, "cap:daily", 0, 2 * DOLLAR, NOW_MS)),
            "Raise of daily by $2.00 has ended.",
        ),
        (
            BalanceCompared(NOW_MS, BalanceView("wallet:openai", NOW_MS, drift_nano=12 * CENT, alarm=True)),
            "Wallet openai: the vendor has charged $0.12 more than was settled here.",
        ),
        (HoldInDoubt(NOW_MS, 1, CALL, "a", "b", NOW_MS, ()), "A hold for a/b is in doubt: its process died."),
        (DoubtResolved(NOW_MS, 1), "A hold in doubt is resolved."),
        (ConfigurationLoaded(NOW_MS, (), (), ()), "A new configuration is in force."),
        (ConfigurationRejected(NOW_MS, ("line 3",)), "The new configuration is not in force: line 3"),
        (
            BalanceCompared(NOW_MS, BalanceView("wallet:openai", NOW_MS, drift_nano=-12 * CENT, alarm=True)),
            "Wallet openai: the vendor has charged $0.12 less than was settled here.",
        ),
        (
            ExchangeClosed(NOW_MS, CALL, Outcome.CUT, 200, "", "", "length", 3_000),
            "Call abcde is cut at a budget's limit after 3.0 s.",
        ),
        (
            Logged(NOW_MS, LogLine(1, NOW_MS, LogLevel.WARNING, "alerts.ways", "alerts do not arrive by desktop")),
            "The proxy's log, alerts.ways: alerts do not arrive by desktop",
        ),
        (KeyRevoked(NOW_MS, "ci"), "Key ci was revoked."),
        (Stopping(NOW_MS), "The proxy is stopping."),
    ],
)
async def test_every_other_event(event: Event, said: str) -> None:
    async with listening(busy()) as heard:
        assert await heard.lines(event) == [f"14:58:31  {said}"]


async def test_of_upstreams_and_their_routes_only_what_has_changed_is_said() -> None:
    def now(health: str, *routes: RouteView) -> UpstreamHealthChanged:
        reason = "" if health == "ok" else "refused."
        return UpstreamHealthChanged(NOW_MS, UpstreamView("a", "ollama", "http://x", health, reason, routes=routes))

    async with listening(busy()) as heard:
        assert await heard.lines(now("ok"), now("ok", RouteView("small"))) == []
        said = await heard.lines(
            now("ok", RouteView("small", "cooling", reason="Overloaded")),
            now("ok", RouteView("small", "cooling", reason="Overloaded")),
            now("ok", RouteView("small")),
            now("cooling"),
            now("cooling"),
            now("off"),
            now("ok"),
        )
    assert [line[10:] for line in said] == [
        "Route a/small is cooling: Overloaded.",
        "Route a/small is well again.",
        "Upstream a is cooling: refused.",
        "Upstream a is off: refused.",
        "Upstream a is well again.",
    ]


async def test_what_became_of_a_key() -> None:
    key = KeyView("new", "abcd", "", (), NOW_MS, None, disabled=False)
    off, other = replace(key, disabled=True), replace(key, rates=("60/min",))
    async with listening(busy()) as heard:
        said = await heard.lines(
            *(KeyChanged(NOW_MS, each) for each in (key, off, key, other, replace(other, hint="efgh")))
        )
    assert [line[10:] for line in said] == [
        "Key new was issued.",
        "Key new is refused from now on.",
        "Key new is accepted again.",
        "Key new is held to other limits.",
        "Key new was replaced by a new one.",
    ]


async def test_what_is_told_as_an_event_is_not_told_again_from_the_log() -> None:
    def line(level: LogLevel, subject: str) -> Logged:
        return Logged(NOW_MS, LogLine(1, NOW_MS, level, subject, "said"))

    async with listening(busy()) as heard:
        assert await heard.lines(line(LogLevel.INFO, "daemon.run"), line(LogLevel.WARNING, "events")) == []
        assert len(await heard.lines(line(LogLevel.ERROR, "events"), line(LogLevel.WARNING, "daemon.household"))) == 2


async def test_an_alert_is_told_but_not_one_that_says_what_an_event_has_just_said() -> None:
    def alert(kind: AlertKind) -> Alerted:
        return Alerted(NOW_MS, Alert(str(kind), kind, Urgency.WARNING, f"It is {kind}.", NOW_MS))

    snapshot = busy()
    for kind in (AlertKind.WALLET, AlertKind.CONFIGURATION):
        snapshot.alerts[str(kind)] = alert(kind).alert
    async with listening(snapshot) as heard:
        assert "Alert: It is wallet." in heard.out.getvalue()
        assert "It is configuration." not in heard.out.getvalue()
        told = await heard.lines(alert(AlertKind.USED), alert(AlertKind.EXPOSED), alert(AlertKind.DOUBT))
    assert told == ["14:58:31  Alert: It is used."]


def test_no_sign_stands_for_a_word() -> None:
    assert aloud("Cap a: <$0.0001 left, used up in <1 min.") == (
        "Cap a: less than $0.0001 left, used up in less than 1 min."
    )
    assert aloud("model <b>") == "model <b>"


async def test_an_account_is_spoken_of_when_it_comes_to_stand_otherwise() -> None:
    snapshot = busy()
    ci = snapshot.accounts["cap:ci-hour"]
    async with listening(snapshot) as heard:
        assert await heard.lines(StandingsChanged(NOW_MS, (standing(ci, 32),))) == []
        low = await heard.lines(StandingsChanged(NOW_MS, (standing(ci, 110),)))
        assert low == ["14:58:31  Cap ci-hour: 10 left of 120 requests, starts afresh in 1 min."]
        assert await heard.lines(StandingsChanged(NOW_MS, (standing(ci, 111),))) == []
        up = await heard.lines(StandingsChanged(NOW_MS, (standing(ci, 120),)))
        assert up == ["14:58:31  Cap ci-hour: 0 left of 120 requests, used up, starts afresh in 1 min."]


async def test_nothing_in_a_line_acts() -> None:
    async with listening(busy()) as heard:
        name = "gpt\x1b]52;c;aGk=\x07\n\x9b2J[/]"
        (said,) = await heard.lines(ExchangeOpened(NOW_MS, CALL, name, "", name, name, True, 1))
    assert "[/]" in said
    assert not any(ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 for each in said)


async def test_a_loss_is_said_once_and_so_is_the_end_of_it() -> None:
    answers = [Unattached("nobody"), Unattached("nobody"), Unattached("nobody")]

    async def watch(since: Since | None) -> AsyncGenerator[Opening | Numbered, None]:
        if answers:
            raise answers.pop()
        yield Opening(CONTRACT, "r1", 0, empty())
        await asyncio.Event().wait()

    out = Out()
    running = asyncio.ensure_future(Plain(out, FixedClock(NOW_MS)).run(watch))
    async with asyncio.timeout(60):
        for _ in range(2):
            await out.flushed.get()
    running.cancel()
    lines = [line[10:] for line in out.getvalue().splitlines()]
    assert lines == [
        "Not attached: nobody. Trying again until it answers.",
        "Attached to Bursar 0.1.0 at http://127.0.0.1:4141/v1.",
        "0 calls running, $0.00 an hour.",
    ]
