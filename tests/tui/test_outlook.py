"""Outlook: rates, and when what is left runs out."""

import pytest
from tui.snapshots import CENT, DAY, DOLLAR, HOUR, MINUTE, NOW_MS, ZONE, account, empty, exchange, standing

from bursar.contract.snapshot import AttemptView, Snapshot, Spend
from bursar.domain.account import Account, AccountKind, Standing, Unit
from bursar.domain.cycle import Every, cycle_at
from bursar.domain.exchange import Outcome
from bursar.domain.grant import Grant, GrantKind
from bursar.domain.usage import Quality, Usage
from bursar_tui.outlook import (
    Level,
    Outlook,
    burn_nano,
    days_to,
    minutes_to,
    outlooks,
    present_standing,
    usual_nano,
)


def spent(snapshot: Snapshot, number: int, *, ago: int, cost: int, paid: tuple[str, ...], used: int = 1_000) -> None:
    """A call that was settled some time before now."""
    view = exchange(number, "fast", ago=ago)
    view.attempts.append(
        AttemptView(
            "main", "small", NOW_MS - ago, usage=Usage(used, 0), quality=Quality.REPORTED, cost_nano=cost, paid_by=paid
        )
    )
    view.outcome, view.total_ms = Outcome.COMPLETE, 0
    snapshot.exchanges[view.id] = view


def with_account(of: Account, settled: int, held: int = 0, *, up_ms: int = HOUR) -> Snapshot:
    snapshot = empty()
    snapshot.started_ms = NOW_MS - up_ms
    snapshot.accounts[of.id], snapshot.standings[of.id] = of, standing(of, settled, held)
    return snapshot


def only(snapshot: Snapshot) -> Outlook:
    (outlook,) = outlooks(snapshot, NOW_MS, ZONE)
    return outlook


def test_an_account_lasts_as_long_as_its_rate_says() -> None:
    snapshot = with_account(account("daily", Unit.NANO_DOLLARS, Every.DAY, 5 * DOLLAR), 4 * DOLLAR)
    # Fifty cents in a quarter of an hour are two dollars an hour: half an hour for the dollar that is left.
    spent(snapshot, 1, ago=10 * MINUTE, cost=50 * CENT, paid=("cap:daily",))
    outlook = only(snapshot)
    assert outlook.rate == 2 * DOLLAR
    assert outlook.out_ms == NOW_MS + 30 * MINUTE
    assert outlook.level is Level.RUNS_OUT


def test_what_is_held_is_not_left() -> None:
    snapshot = with_account(account("daily", Unit.NANO_DOLLARS, Every.DAY, 5 * DOLLAR), 4 * DOLLAR, 50 * CENT)
    spent(snapshot, 1, ago=10 * MINUTE, cost=50 * CENT, paid=("cap:daily",))
    assert only(snapshot).out_ms == NOW_MS + 15 * MINUTE


def test_what_starts_afresh_before_it_runs_out_lasts() -> None:
    snapshot = with_account(account("hour", Unit.REQUESTS, Every.HOUR, 100), 10)
    spent(snapshot, 1, ago=MINUTE, cost=0, paid=("cap:hour",))
    outlook = only(snapshot)
    assert (outlook.rate, outlook.out_ms, outlook.level) == (4, None, Level.LASTS)


@pytest.mark.parametrize(("unit", "rate"), [(Unit.TOKENS, 4_000), (Unit.REQUESTS, 4), (Unit.NANO_DOLLARS, 4 * CENT)])
def test_each_account_counts_in_its_unit(unit: Unit, rate: int) -> None:
    snapshot = with_account(account("one", unit, Every.MONTH, 10**15), 0)
    spent(snapshot, 1, ago=MINUTE, cost=CENT, paid=("cap:one",))
    assert only(snapshot).rate == rate


def test_who_did_not_pay_loses_nothing() -> None:
    snapshot = with_account(account("one", Unit.TOKENS, Every.MONTH, 10**9), 0)
    spent(snapshot, 1, ago=MINUTE, cost=CENT, paid=("cap:other",))
    assert only(snapshot).rate == 0


def test_what_is_long_ago_says_nothing_about_now() -> None:
    snapshot = with_account(account("one", Unit.TOKENS, Every.MONTH, 10**9), 0)
    spent(snapshot, 1, ago=16 * MINUTE, cost=CENT, paid=("cap:one",))
    assert only(snapshot).rate == 0


def test_the_first_seconds_of_a_run_are_not_extrapolated() -> None:
    snapshot = with_account(account("one", Unit.REQUESTS, Every.MONTH, 10**9), 0, up_ms=5_000)
    spent(snapshot, 1, ago=1_000, cost=CENT, paid=("cap:one",))
    assert only(snapshot).rate == 20


def test_a_busy_proxy_is_measured_as_far_back_as_its_calls_are_kept() -> None:
    snapshot = with_account(account("one", Unit.REQUESTS, Every.MONTH, 10**9), 0)
    for number in range(200):
        spent(snapshot, number, ago=2 * MINUTE - number * 100, cost=CENT, paid=("cap:one",))
    assert only(snapshot).rate == 200 * 30


@pytest.mark.parametrize(
    ("settled", "held", "level"),
    [(79, 0, Level.LASTS), (79, 1, Level.LOW), (99, 1, Level.USED_UP), (130, 0, Level.USED_UP)],
)
def test_levels_without_traffic(settled: int, held: int, level: Level) -> None:
    assert only(with_account(account("one", Unit.REQUESTS, Every.DAY, 100), settled, held)).level is level


def test_a_cap_of_nothing_is_used_up() -> None:
    assert only(with_account(account("none", Unit.NANO_DOLLARS, Every.DAY, 0), 0)).level is Level.USED_UP


def test_a_month_that_would_end_in_hours_is_told_but_no_alarm() -> None:
    plan = account("plan", Unit.TOKENS, Every.MONTH, 1_000_000, AccountKind.PLAN)
    snapshot = with_account(plan, 500_000)
    spent(snapshot, 1, ago=MINUTE, cost=0, paid=(plan.id,), used=50_000)
    outlook = only(snapshot)
    assert outlook.out_ms == NOW_MS + 150 * MINUTE
    assert outlook.level is Level.LASTS


def test_the_most_urgent_comes_first_and_the_rest_as_configured() -> None:
    snapshot = empty()
    for name, settled in (("b", 0), ("low", 85), ("up", 100), ("a", 0)):
        of = account(name, Unit.REQUESTS, Every.DAY, 100)
        snapshot.accounts[of.id], snapshot.standings[of.id] = of, standing(of, settled)
    assert [each.account.name for each in outlooks(snapshot, NOW_MS, ZONE)] == ["up", "low", "b", "a"]


def test_a_cycle_that_is_over_is_shown_as_the_one_that_has_begun() -> None:
    of = account("daily", Unit.REQUESTS, Every.DAY, 100)
    yesterday = cycle_at(Every.DAY, NOW_MS - DAY, ZONE)
    shown = present_standing(of, Standing(of.id, yesterday, 100, 100, 3, 97), NOW_MS, ZONE)
    assert (shown.granted, shown.held, shown.settled) == (100, 0, 0)
    assert shown.cycle == cycle_at(Every.DAY, NOW_MS, ZONE)
    assert present_standing(of, None, NOW_MS, ZONE) == shown


def test_a_raise_that_goes_on_counts_in_the_next_cycle_too() -> None:
    of = account("hour", Unit.REQUESTS, Every.HOUR, 100)
    last = cycle_at(Every.HOUR, NOW_MS - HOUR, ZONE)
    raised = Grant(1, GrantKind.RAISE, of.id, last.start_ms, 50, NOW_MS - HOUR, until_ms=NOW_MS + MINUTE)
    lapsed = Grant(2, GrantKind.RAISE, of.id, last.start_ms, 7, NOW_MS - HOUR, until_ms=NOW_MS)
    shown = present_standing(of, Standing(of.id, last, 100, 157, 0, 90), NOW_MS, ZONE, [raised, lapsed])
    assert (shown.granted, shown.settled) == (150, 0)


def test_burn_rate_counts_what_runs_once() -> None:
    snapshot = empty()
    snapshot.started_ms = NOW_MS - HOUR
    start = NOW_MS - NOW_MS % MINUTE
    snapshot.minutes = [
        Spend(start - 30 * MINUTE, start - 29 * MINUTE, DOLLAR),
        Spend(start - 5 * MINUTE, start - 4 * MINUTE, 10 * CENT),
    ]
    view = exchange(1, "fast", ago=1_000)
    snapshot.exchanges[view.id] = view
    assert burn_nano(snapshot, NOW_MS) == 40 * CENT
    spent(snapshot, 2, ago=500, cost=7 * CENT, paid=())
    settled = snapshot.exchanges["01jd0000000002"]
    settled.outcome, settled.cost_nano = None, 7 * CENT  # on disk already, and so in `minutes`
    assert burn_nano(snapshot, NOW_MS) == 40 * CENT
    settled.attempts[-1].quality = None
    assert burn_nano(snapshot, NOW_MS) == 68 * CENT


def test_minutes_and_days_without_a_call_are_there() -> None:
    snapshot = empty()
    start = NOW_MS - NOW_MS % MINUTE
    snapshot.minutes = [Spend(start - 2 * MINUTE, start - MINUTE, CENT), Spend(start, start + MINUTE, 3 * CENT)]
    assert minutes_to(snapshot, NOW_MS, 4) == [0, CENT, 0, 3 * CENT]
    today, before = cycle_at(Every.DAY, NOW_MS, ZONE), cycle_at(Every.DAY, NOW_MS - 2 * DAY, ZONE)
    snapshot.days = [
        Spend(before.start_ms, before.end_ms or 0, 6 * CENT),
        Spend(today.start_ms, today.end_ms or 0, 9 * CENT),
    ]
    days = days_to(snapshot, NOW_MS, 5, ZONE)
    assert [day.cost_nano for day in days] == [0, 0, 6 * CENT, 0, 9 * CENT]
    assert all(one.end_ms == other.start_ms for one, other in zip(days, days[1:], strict=False))
    assert usual_nano(days) == 3 * CENT
    assert usual_nano(days[-1:]) is None
