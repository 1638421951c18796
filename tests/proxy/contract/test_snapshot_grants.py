"""The reducer: what grants, raises and a vendor's balance do to the state."""

from dataclasses import replace

import msgspec

from bursar.contract.events import (
    BalanceCompared,
    BalanceView,
    ConfigurationLoaded,
    DoubtResolved,
    Event,
    Granted,
    GrantEnded,
    HoldInDoubt,
)
from bursar.contract.snapshot import Snapshot, apply
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.cycle import Every
from bursar.domain.grant import Grant, GrantKind
from bursar.domain.plan import PlanState, Term
from bursar.domain.recurrence import Anchor
from bursar.domain.wallet import AutoTopUp, Levels

NOW = 1_790_000_000_000
RAISE = Grant(3, GrantKind.RAISE, "cap:day", NOW, 2_000, NOW, "late", "ada", NOW + 3_600_000)
WALLET = Account("wallet:main", AccountKind.WALLET, "main", Unit.NANO_DOLLARS, Every.TOTAL, 0)


def after(*events: Event) -> Snapshot:
    snapshot = Snapshot("run", "0.1.0", NOW, "http://127.0.0.1:4141/v1", NOW)
    for seq, event in enumerate(events, 1):
        apply(snapshot, seq, event)
    return snapshot


def test_a_raise_is_shown_until_it_has_ended() -> None:
    assert after(Granted(NOW, RAISE)).raises == {3: RAISE}
    assert after(Granted(NOW, RAISE), GrantEnded(NOW, replace(RAISE, ended_ms=NOW))).raises == {}
    assert after(GrantEnded(NOW, RAISE)).raises == {}


def test_what_has_no_end_is_no_raise() -> None:
    assert after(Granted(NOW, Grant(4, GrantKind.TOP_UP, "wallet:main", 0, 5, NOW))).raises == {}


def test_a_balance_is_shown_as_long_as_its_wallet_is_there() -> None:
    balance = BalanceView("wallet:main", NOW, 5_000, 1_000, 70, True, "token_usage")
    loaded = ConfigurationLoaded(NOW, (), (), (WALLET,))
    assert after(loaded, BalanceCompared(NOW, balance)).balances == {"wallet:main": balance}
    assert after(BalanceCompared(NOW, balance), ConfigurationLoaded(NOW, (), (), ())).balances == {}


def test_a_doubt_goes_however_it_was_resolved() -> None:
    doubted = HoldInDoubt(NOW, 7, "x1", "main", "small", NOW, (("cap:day", 900),))
    assert after(doubted, DoubtResolved(NOW, 7, True, True)).in_doubt == {}


def test_an_account_with_all_that_it_may_have_comes_over_the_door_whole() -> None:
    plan = replace(
        WALLET,
        anchor=Anchor(3, "2026-01-31"),
        within="plan:main",
        term=Term(PlanState.GRACE, NOW),
        levels=Levels(),
        auto=AutoTopUp(1, 2, 3),
        link="https://vendor.example",
    )
    snapshot = after(ConfigurationLoaded(NOW, (), (), (plan,)), Granted(NOW, RAISE))
    assert msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot) == snapshot
