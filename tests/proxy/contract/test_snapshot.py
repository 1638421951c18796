"""The reducer: what each event does to the state, and what no sequence of them may do."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bursar.contract.configuration import ConfigurationView
from bursar.contract.events import (
    AliasView,
    AttemptFailed,
    AttemptSettled,
    AttemptStarted,
    Calibrated,
    ConfigurationLoaded,
    ConfigurationRejected,
    DoubtResolved,
    Event,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeProgressed,
    HoldInDoubt,
    KeyChanged,
    KeyRevoked,
    KeyView,
    Logged,
    StandingsChanged,
    Stopping,
    UpstreamHealthChanged,
    UpstreamView,
)
from bursar.contract.log_line import Level, LogLine
from bursar.contract.snapshot import KEPT_DAYS, KEPT_EXCHANGES, KEPT_LINES, KEPT_MINUTES, MINUTE_MS, Snapshot, apply
from bursar.domain.account import Account, AccountKind, Standing, Unit
from bursar.domain.calibration import Calibration, Factor, beginning
from bursar.domain.cycle import Cycle, Every
from bursar.domain.exchange import Outcome
from bursar.domain.usage import Quality, Usage

NOW = 1_790_000_000_000
DAY_MS = 86_400_000


def fresh(zone: str = "UTC") -> Snapshot:
    return Snapshot("run", "0.1.0", NOW, "http://127.0.0.1:4141/v1", NOW, zone)


def after(*events: Event, zone: str = "UTC") -> Snapshot:
    snapshot = fresh(zone)
    for seq, event in enumerate(events, 1):
        apply(snapshot, seq, event)
    return snapshot


def opened(exchange_id: str = "x1", at_ms: int = NOW, key: str = "laptop") -> ExchangeOpened:
    return ExchangeOpened(at_ms, exchange_id, key, "thesis", "aider", "fast", True, 120)


def started(exchange_id: str = "x1", upstream: str = "main", held_nano: int = 900) -> AttemptStarted:
    return AttemptStarted(NOW + 1, exchange_id, upstream, "small", held_nano)


def failed(exchange_id: str = "x1", upstream: str = "main") -> AttemptFailed:
    return AttemptFailed(NOW + 2, exchange_id, upstream, "small", "model_overloaded", "busy")


def settled(
    exchange_id: str = "x1", upstream: str = "main", at_ms: int = NOW + 3, cost_nano: int = 700
) -> AttemptSettled:
    usage = Usage(130, 50)
    return AttemptSettled(
        at_ms, exchange_id, upstream, "small", usage, Quality.REPORTED, cost_nano, True, ("cap:day",), 210
    )


def closed(exchange_id: str = "x1") -> ExchangeClosed:
    return ExchangeClosed(NOW + 4, exchange_id, Outcome.COMPLETE, 200, "", "", "stop", 1_500)


def standing(account_id: str, held: int = 0) -> Standing:
    return Standing(account_id, Cycle(NOW, None), 1_000, 1_000, held)


def key(name: str = "laptop") -> KeyView:
    return KeyView(name, "abcd", "", (), NOW, None, False)


def test_every_event_is_numbered_and_moves_the_time_on_but_not_back() -> None:
    snapshot = after(Stopping(NOW + 50), KeyRevoked(NOW + 20, "laptop"))
    assert (snapshot.seq, snapshot.now_ms) == (2, NOW + 50)


def test_a_change_of_a_key_forgets_nothing_of_its_last_use() -> None:
    snapshot = after(KeyChanged(NOW, key()), opened(), KeyChanged(NOW + 1, replace(key(), rates=("60/min",))))
    known = snapshot.keys["laptop"]
    assert (known.rates, known.last_used_ms, known.last_client) == (("60/min",), NOW, "aider")
    apply(snapshot, 4, KeyRevoked(NOW + 2, "laptop"))
    apply(snapshot, 5, KeyChanged(NOW + 3, key()))
    assert snapshot.keys["laptop"].last_used_ms is None


def test_an_exchange_from_its_opening_to_its_end() -> None:
    snapshot = after(opened(), started())
    exchange = snapshot.exchanges["x1"]
    assert (exchange.key, exchange.project, exchange.client, exchange.alias) == ("laptop", "thesis", "aider", "fast")
    assert (exchange.prompt_tokens, exchange.held_nano, exchange.outcome) == (120, 900, None)
    apply(snapshot, 3, ExchangeProgressed(NOW + 2, "x1", 40, 500, 950))
    assert (exchange.completion_tokens, exchange.cost_nano, exchange.held_nano) == (40, 500, 950)
    apply(snapshot, 4, settled())
    assert (exchange.prompt_tokens, exchange.completion_tokens) == (130, 50)
    assert (exchange.cost_nano, exchange.held_nano) == (700, 0)
    attempt = exchange.attempts[0]
    assert (attempt.usage, attempt.quality) == (Usage(130, 50), Quality.REPORTED)
    assert (attempt.priced, attempt.paid_by, attempt.first_ms) == (True, ("cap:day",), 210)
    apply(snapshot, 5, closed())
    assert (exchange.outcome, exchange.status, exchange.finish_reason) == (Outcome.COMPLETE, 200, "stop")
    assert exchange.total_ms == 1_500


def test_a_fallback_has_an_attempt_for_each_route_and_adds_their_costs() -> None:
    snapshot = after(
        opened(),
        started(upstream="main"),
        failed(upstream="main"),
        started(upstream="local"),
        settled(upstream="local", cost_nano=300),
        started(upstream="local"),
        settled(upstream="local", cost_nano=50),
    )
    exchange = snapshot.exchanges["x1"]
    assert [(each.upstream, each.code, each.cost_nano) for each in exchange.attempts] == [
        ("main", "model_overloaded", 0),
        ("local", "", 300),
        ("local", "", 50),
    ]
    assert exchange.cost_nano == 350


def test_a_retry_at_the_same_route_is_an_attempt_of_its_own() -> None:
    snapshot = after(opened(), started(), failed(), started(), settled())
    assert [each.code for each in snapshot.exchanges["x1"].attempts] == ["model_overloaded", ""]


def test_a_route_refused_before_anything_was_held_is_shown() -> None:
    attempt = after(opened(), failed()).exchanges["x1"].attempts[0]
    assert (attempt.upstream, attempt.code, attempt.message) == ("main", "model_overloaded", "busy")


def test_a_refusal_gives_back_what_was_held() -> None:
    assert after(opened(), started(), failed()).exchanges["x1"].held_nano == 0


def test_a_call_is_noted_at_its_key() -> None:
    snapshot = after(KeyChanged(NOW, key()), opened(at_ms=NOW + 9))
    assert (snapshot.keys["laptop"].last_used_ms, snapshot.keys["laptop"].last_client) == (NOW + 9, "aider")


def test_spend_is_counted_even_where_its_exchange_is_no_longer_shown() -> None:
    snapshot = after(settled("forgotten"))
    assert [(each.cost_nano, each.tokens, each.requests) for each in snapshot.days] == [(700, 180, 1)]
    assert [each.cost_nano for each in snapshot.minutes] == [700]
    assert snapshot.exchanges == {}


def test_days_begin_at_midnight_where_the_user_is() -> None:
    berlin_evening = 1_790_027_940_000  # 2026-09-21T23:59:00+02:00
    snapshot = after(settled(at_ms=berlin_evening), settled(at_ms=berlin_evening + MINUTE_MS), zone="Europe/Berlin")
    assert [each.cost_nano for each in snapshot.days] == [700, 700]
    assert snapshot.days[0].end_ms == snapshot.days[1].start_ms == berlin_evening + MINUTE_MS
    assert len(after(settled(at_ms=berlin_evening), settled(at_ms=berlin_evening + MINUTE_MS)).days) == 1


def test_spend_within_a_minute_is_one_figure() -> None:
    start = NOW - NOW % MINUTE_MS
    snapshot = after(settled(at_ms=start), settled(at_ms=start + 59_999), settled(at_ms=start + 60_000))
    assert [(each.start_ms - start, each.cost_nano) for each in snapshot.minutes] == [(0, 1_400), (60_000, 700)]


def test_standings_are_replaced_one_by_one() -> None:
    snapshot = after(
        StandingsChanged(NOW, (standing("a", 1), standing("b", 1))), StandingsChanged(NOW, (standing("b", 2),))
    )
    assert {each.account_id: each.held for each in snapshot.standings.values()} == {"a": 1, "b": 2}


def test_holds_in_doubt_come_and_go() -> None:
    doubt = HoldInDoubt(NOW, 7, "x1", "main", "small", NOW - 5, (("cap:day", 900),))
    snapshot = after(doubt)
    assert snapshot.in_doubt[7].shares == (("cap:day", 900),)
    apply(snapshot, 2, DoubtResolved(NOW, 7))
    apply(snapshot, 3, DoubtResolved(NOW, 7))
    assert snapshot.in_doubt == {}


def test_a_new_configuration_replaces_the_old_and_its_problems() -> None:
    account = Account("cap:day", AccountKind.CAP, "day", Unit.NANO_DOLLARS, Every.DAY, 1_000)
    snapshot = after(
        StandingsChanged(NOW, (standing("cap:day"), standing("cap:gone"))),
        ConfigurationRejected(NOW, ("line 3: no such key",), "x"),
    )
    assert snapshot.configuration == ConfigurationView(file_etag="x", problems=("line 3: no such key",))
    upstream, alias = UpstreamView("main", "openai_compatible", "https://a.example"), AliasView("fast", ("main/small",))
    apply(snapshot, 3, ConfigurationLoaded(NOW, (upstream,), (alias,), (account,), "y", ("no key",)))
    assert (snapshot.problems, snapshot.configuration) == (("no key",), ConfigurationView("y", "y"))
    assert snapshot.upstreams == {"main": upstream}
    assert snapshot.aliases == {"fast": alias}
    assert snapshot.accounts == {"cap:day": account}
    assert set(snapshot.standings) == {"cap:day"}


def test_health_keys_and_stopping_are_shown() -> None:
    cooling = UpstreamView("main", "openai_compatible", "https://a.example", "cooling", "429", NOW + 5)
    snapshot = after(
        UpstreamHealthChanged(NOW, cooling), KeyChanged(NOW, key("a")), KeyChanged(NOW, key("b")), Stopping(NOW)
    )
    apply(snapshot, 5, KeyRevoked(NOW, "a"))
    apply(snapshot, 6, KeyRevoked(NOW, "never"))
    assert snapshot.upstreams["main"] == cooling
    assert set(snapshot.keys) == {"b"}
    assert snapshot.stopping


@pytest.mark.parametrize("event", [started(), failed(), closed(), ExchangeProgressed(NOW, "x1", 1, 1, 1)])
def test_what_concerns_an_unknown_exchange_changes_nothing(event: Event) -> None:
    assert after(event).exchanges == {}


def test_the_last_exchanges_are_kept_in_order_and_running_ones_whatever_their_age() -> None:
    snapshot = fresh()
    apply(snapshot, 1, opened("running"))
    for number in range(KEPT_EXCHANGES + 50):
        apply(snapshot, 2, opened(f"x{number}"))
        apply(snapshot, 3, closed(f"x{number}"))
    assert len(snapshot.exchanges) == KEPT_EXCHANGES
    assert list(snapshot.exchanges) == ["running", *(f"x{number}" for number in range(51, KEPT_EXCHANGES + 50))]


def test_a_year_of_spend_takes_no_more_room_than_is_shown() -> None:
    snapshot = fresh()
    for number in range(366):
        apply(snapshot, number, settled(at_ms=NOW + number * DAY_MS))
    assert len(snapshot.days) == KEPT_DAYS
    assert len(snapshot.minutes) == KEPT_MINUTES
    assert snapshot.days[-1].start_ms <= NOW + 365 * DAY_MS < snapshot.days[-1].end_ms


IDS = st.sampled_from(["x1", "x2", "x3"])


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Any event at a time that a clock can show, about one of few exchanges, so that they meet."""
    event: Event = draw(st.from_type(Event))  # type: ignore[arg-type]
    event = msgspec.structs.replace(event, at_ms=draw(st.integers(0, 4_000_000_000_000)))
    if hasattr(event, "exchange_id"):
        event = msgspec.structs.replace(event, exchange_id=draw(IDS))
    return event


@given(st.lists(events(), max_size=60))
def test_no_sequence_of_events_breaks_the_state(sequence: list[Event]) -> None:
    snapshot = fresh()
    cost_nano = 0
    for seq, event in enumerate(sequence, 1):
        before_ms = snapshot.now_ms
        apply(snapshot, seq, event)
        cost_nano += event.cost_nano if isinstance(event, AttemptSettled) else 0
        assert snapshot.seq == seq
        assert snapshot.now_ms == max(before_ms, event.at_ms)
    assert len(snapshot.minutes) <= KEPT_MINUTES
    assert len(snapshot.days) <= KEPT_DAYS
    assert all(exchange_id == exchange.id for exchange_id, exchange in snapshot.exchanges.items())
    assert all(name == view.name for name, view in snapshot.keys.items())
    assert all(earlier.end_ms <= later.start_ms for earlier, later in pairwise(snapshot.days))
    if len(snapshot.days) < KEPT_DAYS:
        assert sum(day.cost_nano for day in snapshot.days) == cost_nano


@given(st.lists(events(), max_size=40), st.integers(0, 40))
def test_two_who_apply_the_same_events_agree_wherever_the_second_begins(sequence: list[Event], cut: int) -> None:
    first, until_cut = fresh(), fresh()
    for seq, event in enumerate(sequence, 1):
        apply(first, seq, event)
        if seq <= cut:
            apply(until_cut, seq, event)
    second = msgspec.json.decode(msgspec.json.encode(until_cut), type=Snapshot)
    for seq, event in enumerate(sequence[cut:], cut + 1):
        apply(second, seq, event)
    assert second == first


def test_the_last_lines_of_the_log_are_kept() -> None:
    lines = [LogLine(number, number, Level.INFO, "events", "said") for number in range(KEPT_LINES + 20)]
    snapshot = after(*(Logged(line.at_ms, line) for line in lines))
    assert snapshot.log == lines[20:]


def test_what_is_known_last_of_how_a_family_is_counted_counts() -> None:
    first = Calibration("main", "llama 3", beginning(1_100), beginning(1_100))
    later = Calibration("main", "llama 3", Factor(1_300, 1_350, 1_000, 30, 40), beginning(1_100))
    other = Calibration("local", "llama 3", beginning(1_100), beginning(1_100))
    snapshot = after(Calibrated(NOW, first), Calibrated(NOW, other), Calibrated(NOW + 1, later))
    assert snapshot.calibrations == {"main/llama 3": later, "local/llama 3": other}
