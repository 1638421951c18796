"""Who bears a demand: nobody beyond what it has, each demand whole, or nothing at all."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.account import Account, AccountKind, Need, Shortfall, Standing, Unit, bear, charge_to, opened
from bursar.domain.cycle import FOREVER, Every


def account(name: str, granted: int, unit: Unit = Unit.TOKENS) -> Account:
    return Account(f"cap:{name}", AccountKind.CAP, name, unit, Every.TOTAL, granted)


def standings(*accounts: Account) -> dict[str, Standing]:
    return {each.id: opened(each, FOREVER) for each in accounts}


PLAN, WALLET = account("plan", 100), account("wallet", 3_000, Unit.NANO_DOLLARS)


def test_the_first_bears_what_it_can_and_the_next_the_rest_of_the_share() -> None:
    demand = (Need(PLAN, 150), Need(WALLET, 3_000))
    assert bear(standings(PLAN, WALLET), [demand]) == {PLAN.id: 100, WALLET.id: 1_000}


def test_what_the_first_can_bear_alone_the_next_never_sees() -> None:
    shares = bear(standings(PLAN, WALLET), [(Need(PLAN, 100), Need(WALLET, 2_000))])
    assert shares == {PLAN.id: 100}


def test_two_demands_cannot_both_take_the_last_unit() -> None:
    with pytest.raises(Shortfall) as caught:
        bear(standings(PLAN), [(Need(PLAN, 60),), (Need(PLAN, 60),)])
    assert (caught.value.account, caught.value.needed) == (PLAN, 60)


def test_an_account_spent_to_the_last_unit_refuses() -> None:
    spent = {PLAN.id: opened(PLAN, FOREVER).settling(0, 100)}
    with pytest.raises(Shortfall):
        bear(spent, [(Need(PLAN, 1),)])


def test_an_account_that_grants_nothing_refuses_what_costs_nothing() -> None:
    nothing = account("nothing", 0)
    with pytest.raises(Shortfall):
        bear(standings(nothing), [(Need(nothing, 0),)])


def test_used_is_never_refused() -> None:
    shares = charge_to(standings(PLAN), [(Need(PLAN, 150),)], {})
    assert shares == {PLAN.id: 150}


def test_what_is_given_back_can_be_charged_again() -> None:
    demand, held = (Need(PLAN, 150), Need(WALLET, 3_000)), opened(PLAN, FOREVER).holding(80)
    charged = charge_to({PLAN.id: held, WALLET.id: opened(WALLET, FOREVER)}, [demand], {PLAN.id: 80})
    assert charged == charge_to(standings(PLAN, WALLET), [demand], {})


amounts = st.integers(0, 500)


@given(
    st.lists(st.tuples(amounts, amounts, amounts), min_size=1, max_size=3), st.lists(amounts, min_size=1, max_size=4)
)
def test_no_account_bears_beyond_what_it_has_and_shares_add_up(
    figures: list[tuple[int, int, int]], wanted: list[int]
) -> None:
    accounts = [account(f"a{place}", granted) for place, (granted, _, _) in enumerate(figures)]
    before = {
        each.id: Standing(each.id, FOREVER, granted, granted, held, settled)
        for each, (granted, held, settled) in zip(accounts, figures, strict=True)
    }
    demands = [tuple(Need(each, amount * (place + 1)) for place, each in enumerate(accounts)) for amount in wanted]
    try:
        shares = bear(before, demands)
    except Shortfall:
        return
    for each in accounts:
        assert shares.get(each.id, 0) <= max(0, before[each.id].available)
    whole = sum(Fraction(amount, int(account_id.removeprefix("cap:a")) + 1) for account_id, amount in shares.items())
    assert sum(wanted) <= whole < sum(wanted) + len(wanted) * len(accounts)


@given(granted=amounts, held=amounts, used=st.integers(0, 1000))
def test_a_standing_adds_up(granted: int, held: int, used: int) -> None:
    start = opened(account("a", granted), FOREVER)
    assert start.available == granted
    assert start.holding(held).available == granted - held
    ended = start.holding(held).settling(held, used)
    assert (ended.held, ended.settled, ended.available) == (0, used, granted - used)
    assert start.granting(5).available == granted + 5
