"""What is in sight: read off snapshots, in sentences that a person can act on."""

from dataclasses import replace

import pytest
from tui.snapshots import DAY, NOW_MS, account, busy, empty, standing

from bursar.alerts.causes import sight_of
from bursar.alerts.due import Cause, Sight
from bursar.contract.configuration import ConfigurationView
from bursar.contract.events import BalanceView, UpstreamView
from bursar.contract.exposure import ExposureView
from bursar.contract.snapshot import DoubtView, Snapshot
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.alert import AlertKind, Urgency
from bursar.domain.cycle import Every
from bursar.domain.wallet import Levels

DOLLAR = 1_000_000_000
LEVELS = (50, 80, 95, 100)
KINDS = frozenset(AlertKind)


def seen(snapshot: Snapshot, now_ms: int = NOW_MS) -> Sight:
    return sight_of(snapshot, now_ms, LEVELS, KINDS)


def one(snapshot: Snapshot, now_ms: int = NOW_MS) -> Cause:
    [cause] = seen(snapshot, now_ms).causes
    return cause


def with_account(each: Account, settled: int, *, held: int = 0, granted: int | None = None) -> Snapshot:
    snapshot = empty()
    snapshot.accounts[each.id] = each
    stands = standing(each, settled, held)
    snapshot.standings[each.id] = stands if granted is None else replace(stands, granted=granted)
    return snapshot


CAP = account("daily", Unit.NANO_DOLLARS, Every.DAY, 5 * DOLLAR)
WALLET = replace(account("main", Unit.NANO_DOLLARS, Every.TOTAL, 0, AccountKind.WALLET), levels=Levels())


@pytest.mark.parametrize(
    ("cents", "level", "urgency"),
    [
        (249, 0, Urgency.NOTE),
        (250, 50, Urgency.NOTE),
        (399, 50, Urgency.NOTE),
        (400, 80, Urgency.WARNING),
        (480, 95, Urgency.URGENT),
        (700, 100, Urgency.URGENT),
    ],
)
def test_a_cap_by_what_is_settled(cents: int, level: int, urgency: Urgency) -> None:
    cause = one(with_account(CAP, cents * DOLLAR // 100, held=3 * DOLLAR))
    assert (cause.id, cause.level, cause.urgency) == ("account:cap:daily", level, urgency)


def test_how_much_is_used_in_words() -> None:
    assert one(with_account(CAP, 4_120_000_001)).sentence == (
        'Cap "daily" is 82 % used: $4.12 of $5.00. It starts afresh on 2026-11-21 at 00:00.'
    )
    assert one(with_account(CAP, 5 * DOLLAR)).sentence == (
        'Cap "daily" is used up: $5.00 of $5.00. It starts afresh on 2026-11-21 at 00:00. '
        "Raise it: bursar cap raise daily 2usd --for 1h"
    )
    small = replace(CAP, limit=DOLLAR // 50)
    assert "is 99 % used: $0.01989 of $0.02." in one(with_account(small, 19_897_650)).sentence
    tokens = account("quota", Unit.TOKENS, Every.TOTAL, 1000, AccountKind.PLAN)
    assert one(with_account(tokens, 960)).sentence == 'Plan "quota" is 96 % used: 960 of 1,000 tokens.'
    requests = account("few", Unit.REQUESTS, Every.HOUR, 4)
    assert one(with_account(requests, 4)).sentence.endswith("Raise it: bursar cap raise few 1requests --for 1h")


def test_what_grants_nothing_is_no_news() -> None:
    assert not seen(with_account(replace(CAP, limit=0), 0, granted=0)).causes


def test_a_cycle_that_is_over_has_nothing_to_say() -> None:
    assert one(with_account(CAP, 5 * DOLLAR), NOW_MS + DAY).level == 0


@pytest.mark.parametrize(
    ("left", "level", "words"),
    [
        (21, 0, ""),
        (20, 1, "low: $20.00 is left"),
        (9, 2, "nearly empty"),
        (4, 3, "critical"),
        (-1, 3, "nothing is left"),
    ],
)
def test_a_wallet_by_its_levels(left: int, level: int, words: str) -> None:
    cause = one(with_account(WALLET, (30 - left) * DOLLAR, granted=30 * DOLLAR))
    assert (cause.kind, cause.level) == (AlertKind.WALLET, level)
    assert words in cause.sentence
    assert cause.sentence.endswith("bursar wallet top-up 20 --wallet main")


def test_upstreams_that_are_down_well_and_unknown() -> None:
    snapshot = empty()
    for view in (
        UpstreamView("down", "openai", "https://a", "cooling", "Upstream down refuses connections.", code="x"),
        UpstreamView("off", "openai", "https://a", "off", "its key is refused"),
        UpstreamView("well", "openai", "https://a", latency_ms=120),
        UpstreamView("new", "openai", "https://a"),
        UpstreamView("busy", "openai", "https://a", "cooling", "slow down", code="rate_limit_exceeded"),
        UpstreamView("ollama", "ollama", "http://127.0.0.1", "cooling", "gone", found=True),
    ):
        snapshot.upstreams[view.name] = view
    sight = seen(snapshot)
    assert [(each.id, each.urgency, each.sentence) for each in sight.causes] == [
        ("upstream:down", Urgency.WARNING, "Upstream down is down: it refuses connections."),
        ("upstream:off", Urgency.URGENT, "Upstream off is down: its key is refused."),
    ]
    assert sight.well["upstream:well"] == "Upstream well is well again."
    assert sight.unsure == {"upstream:new"}


def test_drift_doubt_configuration_and_exposure() -> None:
    snapshot = with_account(WALLET, 0, granted=100 * DOLLAR)
    snapshot.balances[WALLET.id] = BalanceView(WALLET.id, NOW_MS, drift_nano=2_345_000_000, alarm=True)
    snapshot.in_doubt[7] = DoubtView(7, "x1", "main", "small", NOW_MS, ())
    snapshot.configuration = ConfigurationView("a", "b", ("line 3: port must be a number.", "line 4: no"))
    snapshot.problems = ("Upstream main has no key: it is locked.",)
    snapshot.exposures["me.example.com"] = ExposureView("me.example.com", ("cursor",), "cloudflared", NOW_MS)
    sentences = {each.id: each.sentence for each in seen(snapshot).causes if each.level}
    assert sentences["drift:wallet:main"].startswith('Wallet "main": the vendor has charged $2.34 more')
    assert sentences["doubt"].startswith("1 hold is in doubt")
    assert sentences["configuration"] == (
        "The new configuration is not in force: line 3: port must be a number (and 1 more). See: bursar config check"
    )
    assert sentences["in force"].endswith("it is locked. See: bursar doctor")
    assert "exposed as me.example.com by cloudflared" in sentences["exposed:me.example.com"]


def test_only_the_kinds_that_are_asked_for() -> None:
    everything = seen(busy()).causes
    kinds = {each.kind for each in everything}
    assert AlertKind.USED in kinds
    assert not sight_of(busy(), NOW_MS, LEVELS, frozenset()).causes
    assert not seen(empty()).causes
