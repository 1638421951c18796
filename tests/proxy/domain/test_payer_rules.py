"""States of plans, levels of wallets, and accounts asked beside one another: the pure rules."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.account import Account, AccountKind, Need, Shortfall, Standing, Unit, bear, charge_to, opened
from bursar.domain.cycle import FOREVER, Cycle, Every
from bursar.domain.grant import Grant, GrantKind, with_grants
from bursar.domain.plan import PlanState, Term
from bursar.domain.wallet import Levels, WalletState, wallet_state

DOLLAR = 1_000_000_000
amounts = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("state", "until_ms", "now_ms", "found", "bears"),
    [
        ("active", None, 10**18, "active", True),
        ("active", 100, 99, "active", True),
        ("active", 100, 100, "expired", False),
        ("grace", 100, 99, "grace", True),
        ("grace", 100, 100, "expired", False),
        ("cancelled", 100, 99, "cancelled", True),
        ("cancelled", 100, 101, "expired", False),
        ("suspended", None, 0, "suspended", False),
        ("suspended", 100, 200, "suspended", False),
        ("expired", None, 0, "expired", False),
    ],
)
def test_a_state_lasts_until_its_end(state: str, until_ms: int | None, now_ms: int, found: str, bears: bool) -> None:
    term = Term(PlanState(state), until_ms)
    assert (term.at(now_ms), term.bears(now_ms)) == (PlanState(found), bears)


@pytest.mark.parametrize(
    ("nano", "state"),
    [
        (20 * DOLLAR + 1, WalletState.NORMAL),
        (20 * DOLLAR, WalletState.LOW),
        (10 * DOLLAR, WalletState.LOW),
        (10 * DOLLAR - 1, WalletState.WARNING),
        (5 * DOLLAR, WalletState.WARNING),
        (5 * DOLLAR - 1, WalletState.CRITICAL),
        (-DOLLAR, WalletState.CRITICAL),
    ],
)
def test_the_levels_are_those_of_the_vendors(nano: int, state: WalletState) -> None:
    assert wallet_state(nano, Levels()) is state


def account(kind: AccountKind, unit: Unit = Unit.NANO_DOLLARS, limit: int = 0) -> Account:
    return Account(f"{kind}:main", kind, "main", unit, Every.TOTAL, limit)


@given(
    quota=amounts, balance=amounts, limit=amounts, needs=st.lists(st.tuples(amounts, amounts), min_size=1, max_size=5)
)
def test_a_split_adds_up_and_nobody_bears_beyond_what_it_has(
    quota: int, balance: int, limit: int, needs: list[tuple[int, int]]
) -> None:
    plan = account(AccountKind.PLAN, Unit.TOKENS, quota)
    wallet, overflow = account(AccountKind.WALLET, limit=balance), account(AccountKind.OVERFLOW, limit=limit)
    standings = {each.id: opened(each, FOREVER) for each in (plan, wallet, overflow)}
    demands = [(Need(plan, tokens), Need(wallet, nano, (overflow,))) for tokens, nano in needs]
    try:
        shares = bear(standings, demands)
    except Shortfall:
        assert charge_to(standings, demands, {}).get(plan.id, 0) <= quota
        return
    assert shares.get(plan.id, 0) <= quota
    assert shares.get(wallet.id, 0) == shares.get(overflow.id, 0) <= min(balance, limit)
    left = quota
    owed = Fraction(0)
    for tokens, nano in needs:
        by_plan = min(tokens, left)
        left -= by_plan
        owed += Fraction(nano * (tokens - by_plan), tokens) if tokens else 0
    assert owed <= shares.get(wallet.id, 0) < owed + len(needs)
    assert all(type(amount) is int for amount in shares.values())


@given(
    start=st.integers(0, 10**6),
    length=st.integers(1, 10**6),
    at=st.integers(-(10**6), 3 * 10**6),
    old=amounts,
    new=amounts,
    used=amounts,
)
def test_a_changed_plan_gives_no_more_than_the_rest_of_the_difference(
    start: int, length: int, at: int, old: int, new: int, used: int
) -> None:
    before = Standing("plan:main", Cycle(start, start + length), old, old, 0, used)
    plan = account(AccountKind.PLAN, Unit.TOKENS, new)
    after = before.regranted(plan, at)
    if new <= old:
        assert after == before
        return
    rest = Fraction(min(max(0, start + length - at), length), length)
    assert 0 <= (new - old) * rest - (after.granted - old) < 1
    assert after.limit == new
    assert after.regranted(plan, at + 1) == after


def test_a_cap_follows_its_configuration_whole_and_at_once() -> None:
    before = Standing("cap:main", Cycle(0, 100), 50, 50, 0, 40)
    assert before.regranted(account(AccountKind.CAP, limit=30), 99).granted == 30
    assert before.regranted(account(AccountKind.CAP, limit=80), 99).granted == 80


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 300), st.booleans()), max_size=8), st.integers(0, 400))
def test_raises_count_while_they_last_in_whichever_cycle(made: list[tuple[int, int, bool]], now_ms: int) -> None:
    """Those made in the cycle before were not in its grant yet; those made here are, and go when they lapse."""
    grants = [
        Grant(n, GrantKind.RAISE, "cap:main", 100 if here else 0, amount, 0, until_ms=until_ms)
        for n, (amount, until_ms, here) in enumerate(made)
    ]
    standing = Standing("cap:main", Cycle(100, 200), 50, 50 + sum(g.amount for g in grants if g.cycle_start_ms == 100))
    lasting = sum(grant.amount for grant in grants if (grant.until_ms or 0) > now_ms)
    assert with_grants(standing, grants, now_ms).granted == 50 + lasting
