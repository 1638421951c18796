"""Budget: the word for an account, all things considered, and the order of urgency."""

from dataclasses import replace

import pytest
from tui.money import wealthy
from tui.snapshots import CENT, DAY, DOLLAR, HOUR, MINUTE, NOW_MS, ZONE, account, empty, standing

from bursar.contract.snapshot import Snapshot
from bursar.domain.account import AccountKind, Unit
from bursar.domain.cycle import Every
from bursar.domain.plan import PlanState, Term
from bursar.domain.wallet import Levels
from bursar_tui.budget import budgets, raises_of
from bursar_tui.seen import Attachment, Seen, Tie


def seen(snapshot: Snapshot, later_ms: int = 0) -> Seen:
    return Seen(snapshot, NOW_MS + later_ms, Attachment(Tie.LIVE, NOW_MS, ""), ZONE)


@pytest.mark.parametrize(
    ("cents", "word"),
    [
        (2_100, "normal"),
        (2_000, "low"),
        (1_000, "low"),
        (999, "warning"),
        (500, "warning"),
        (499, "critical"),
        (0, "empty"),
    ],
)
def test_how_full_a_wallet_is(cents: int, word: str) -> None:
    snapshot = empty()
    wallet = replace(account("main", Unit.NANO_DOLLARS, Every.TOTAL, 0, AccountKind.WALLET), levels=Levels())
    snapshot.accounts[wallet.id] = wallet
    snapshot.standings[wallet.id] = replace(standing(wallet, 0), granted=cents * CENT)
    [budget] = budgets(seen(snapshot))
    assert budget.mark.word == word


@pytest.mark.parametrize(
    ("term", "word"),
    [
        (Term(), "lasts"),
        (Term(PlanState.SUSPENDED), "suspended"),
        (Term(PlanState.GRACE, NOW_MS + DAY), "grace"),
        (Term(PlanState.GRACE, NOW_MS), "expired"),
        (Term(PlanState.CANCELLED, NOW_MS + DAY), "cancelled"),
    ],
)
def test_the_state_of_a_plan(term: Term, word: str) -> None:
    snapshot = empty()
    plan = replace(account("main", Unit.TOKENS, Every.MONTH, 1_000, AccountKind.PLAN), term=term)
    snapshot.accounts[plan.id] = plan
    [budget] = budgets(seen(snapshot))
    assert budget.mark.word == word


def test_what_stops_calls_comes_first_then_what_will() -> None:
    glyphs = [budget.mark.glyph for budget in budgets(seen(wealthy()))]
    assert glyphs == sorted(glyphs, key="✗▲●".index)
    assert len(set(glyphs)) == 3


def test_raises_go_on_until_they_end() -> None:
    snapshot = wealthy()
    assert [grant.amount for grant in raises_of(seen(snapshot), "cap:laptop-day")] == [2 * DOLLAR, DOLLAR]
    assert [grant.amount for grant in raises_of(seen(snapshot, 42 * MINUTE), "cap:laptop-day")] == [DOLLAR]
    assert raises_of(seen(snapshot, 2 * HOUR), "cap:laptop-day") == ()
    assert raises_of(seen(snapshot), "cap:daily") == ()
