"""Chronicle: what happens is in the log by names and codes; a call's own words never are."""

import logging

import pytest

from bursar.contract.events import (
    AttemptFailed,
    BalanceCompared,
    BalanceView,
    ConfigurationLoaded,
    DoubtResolved,
    Event,
    ExchangeClosed,
    ExchangeProgressed,
    Granted,
    GrantEnded,
    HoldInDoubt,
    KeyChanged,
    KeyRevoked,
    KeyView,
    Stopping,
    UpstreamHealthChanged,
    UpstreamView,
)
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.cycle import Every
from bursar.domain.exchange import Outcome
from bursar.domain.grant import Grant, GrantKind
from bursar.log.chronicle import Chronicle

RAISE = Grant(1, GrantKind.RAISE, "cap:daily", 0, 2_000_000_000, 5, by="ada", until_ms=9)
KEY = KeyView("laptop", "a7Qx", "", (), 5, None, False)
QUOTED = "the vendor quotes the prompt"


def health(state: str, code: str = "") -> UpstreamHealthChanged:
    return UpstreamHealthChanged(5, UpstreamView("main", "openai", "https://v.example", state, QUOTED, code=code))


def heard(caplog: pytest.LogCaptureFixture, *events: Event) -> list[tuple[str, str, dict[str, object]]]:
    """What events leave in the log: level, sentence and fields."""
    chronicle = Chronicle()
    with caplog.at_level(logging.DEBUG, "bursar.events"):
        for event in events:
            chronicle.hear(event)
    assert QUOTED not in caplog.text
    return [(record.levelname, record.getMessage(), getattr(record, "fields", {})) for record in caplog.records]


def test_what_somebody_will_ask_about_later(caplog: pytest.LogCaptureFixture) -> None:
    said = heard(
        caplog,
        KeyChanged(5, KEY),
        ConfigurationLoaded(5, (), (), ()),
        KeyChanged(5, KEY),
        KeyRevoked(5, "laptop"),
        Granted(5, RAISE),
        GrantEnded(5, RAISE),
        HoldInDoubt(5, 7, "x1", "main", "small", 4, ()),
        DoubtResolved(5, 7, settled=True),
        BalanceCompared(5, BalanceView("wallet:main", 5, drift_nano=9, alarm=True)),
        BalanceCompared(5, BalanceView("wallet:main", 5)),
        Stopping(5),
    )
    assert [(level, words) for level, words, _ in said] == [
        ("INFO", "a configuration is in force"),
        ("INFO", "a client key was issued or changed"),
        ("INFO", "a client key was revoked"),
        ("INFO", "a raise was granted"),
        ("INFO", "a raise has ended"),
        ("WARNING", "a hold is in doubt: its process died"),
        ("INFO", "a hold in doubt was settled"),
        ("WARNING", "the vendor has charged more than was settled here"),
        ("INFO", "stopping: what runs is finished, no further call is taken"),
    ]
    assert said[3][2] == {"account": "cap:daily", "usd": "2.0", "by": "ada"}
    assert said[7][2] == {"account": "wallet:main", "drift_usd": "0.000000009"}


@pytest.mark.parametrize(
    ("unit", "amount", "field"),
    [
        (Unit.NANO_DOLLARS, 3_500_000_000, ("usd", "3.5")),
        (Unit.TOKENS, 50_000, ("tokens", "50000")),
        (Unit.REQUESTS, 100, ("requests", "100")),
        (Unit.MICRO_REQUESTS, 1_500_000, ("requests", "1.5")),
        (Unit.WEIGHTED_TOKENS, 7, ("weighted_tokens", "7")),
    ],
)
def test_a_grant_is_told_in_the_unit_of_its_account(
    caplog: pytest.LogCaptureFixture, unit: Unit, amount: int, field: tuple[str, str]
) -> None:
    account = Account("cap:daily", AccountKind.CAP, "daily", unit, Every.DAY, 1)
    grant = Grant(1, GrantKind.RAISE, "cap:daily", 0, amount, 5, by="ada", until_ms=9)
    said = heard(caplog, ConfigurationLoaded(5, (), (), (account,)), Granted(5, grant))
    assert said[-1][2] == {"account": "cap:daily", field[0]: field[1], "by": "ada"}


def test_an_upstream_is_spoken_of_when_it_comes_to_be_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    each = ("ok", "cooling", "cooling", "off", "ok", "ok")
    said = heard(caplog, *(health(state, "upstream_unreachable" if state != "ok" else "") for state in each))
    assert [(level, fields.get("health", "ok")) for level, _, fields in said] == [
        ("WARNING", "cooling"),
        ("WARNING", "off"),
        ("INFO", "ok"),
    ]
    assert said[0][2]["code"] == "upstream_unreachable"


def test_calls_are_for_those_who_look_closely_and_bugs_for_all(caplog: pytest.LogCaptureFixture) -> None:
    said = heard(
        caplog,
        AttemptFailed(5, "x1", "main", "small", "content_filter", QUOTED),
        ExchangeProgressed(5, "x1", 1, 1, 1),
        ExchangeClosed(5, "x1", Outcome.COMPLETE, 200, "", "", "stop", 9),
        ExchangeClosed(5, "x2", Outcome.REFUSED, 400, "content_filter", QUOTED, "", 9),
        ExchangeClosed(5, "x3", Outcome.FAILED, 500, "", "", "", 9),
    )
    assert [(level, fields["exchange"]) for level, _, fields in said] == [
        ("DEBUG", "x1"),
        ("DEBUG", "x2"),
        ("ERROR", "x3"),
    ]
