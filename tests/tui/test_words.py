"""Words: figures as people read them, to the nearest unit that matters."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.account import Unit
from bursar.domain.money import NANO_PER_USD
from bursar_tui.words import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    about,
    age,
    amount,
    balance,
    bare,
    cost,
    counted,
    duration,
    instant,
    milliseconds,
    money,
    part,
    percent,
    rest,
    span,
    stopwatch,
    tokens,
    took,
)

FRIDAY = 1_795_183_111_000
"""Friday 20 November 2026, 13:58:31 UTC."""


@pytest.mark.parametrize(
    ("nano", "said"),
    [
        (0, "$0.00"),
        (1, "<$0.0001"),
        (99_999, "<$0.0001"),
        (100_000, "$0.0001"),
        (149_999, "$0.0001"),
        (150_000, "$0.0002"),
        (21_000_000, "$0.0210"),
        (999_949_999, "$0.9999"),
        (NANO_PER_USD, "$1.00"),
        (3_124_999_999, "$3.12"),
        (3_125_000_000, "$3.13"),
        (1_234_567 * NANO_PER_USD, "$1,234,567.00"),
        (-3 * NANO_PER_USD, "-$3.00"),
    ],
)
def test_money(nano: int, said: str) -> None:
    assert money(nano) == said


@pytest.mark.parametrize(
    ("nano", "said"), [(0, "$0.00"), (730_000_000, "$0.73"), (4_000_000, "$0.0040"), (-1, "-$0.00")]
)
def test_balance(nano: int, said: str) -> None:
    assert balance(nano) == said


def test_parts_of_a_small_cap_have_as_many_digits_as_tell_them_apart() -> None:
    nano, cap = Unit.NANO_DOLLARS, 20_000_000
    assert (part(1_000_000, cap, nano), part(18_900_000, cap, nano)) == ("$0.0010", "$0.0189")
    assert part(1_000_000, NANO_PER_USD, nano) == balance(1_000_000)
    assert part(312, 400, Unit.REQUESTS) == "312"


def test_what_is_left_is_never_said_to_be_more() -> None:
    nano = Unit.NANO_DOLLARS
    assert rest(4_999_999_999, 5 * NANO_PER_USD, nano) == "$4.99"
    assert rest(49_500_000, 50_000_000, nano) == "$0.0495"
    assert rest(9_999_999, 5 * NANO_PER_USD, nano) == "<$0.01"
    assert rest(-1, 5 * NANO_PER_USD, nano) == "$0.00"
    assert rest(1_240_000, 5_000_000, Unit.TOKENS) == "1.24M"


def test_the_points_of_costs_stand_below_each_other() -> None:
    column = [cost(nano).rjust(8) for nano in (21_000_000, 1_240_000_000, 99_999_900_000)]
    assert column == [" $0.0210", " $1.2400", "$99.9999"]
    assert {each.index(".") for each in column} == {3}
    assert cost(123 * NANO_PER_USD) == "$123.00"


@given(st.integers(min_value=0, max_value=10**18))
def test_money_is_never_off_by_more_than_half_its_last_digit(nano: int) -> None:
    said = money(nano)
    if said.startswith("<"):
        assert 0 < nano < 100_000
        return
    whole, decimals = said.removeprefix("$").replace(",", "").split(".")
    step = 10 ** (9 - len(decimals))
    assert abs(int(whole) * NANO_PER_USD + int(decimals) * step - nano) <= step // 2


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0"),
        (812, "812"),
        (9_999, "9,999"),
        (10_000, "10.0k"),
        (18_049, "18.0k"),
        (180_900, "180k"),
        (999_999, "999k"),
        (1_240_000, "1.24M"),
        (5_000_000_000, "5.00G"),
        (-12_500, "-12.5k"),
    ],
)
def test_tokens(count: int, said: str) -> None:
    assert tokens(count) == said


@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_tokens_fit_their_column(count: int) -> None:
    assert len(tokens(count)) <= 6


def test_amounts_carry_their_unit() -> None:
    assert amount(730_000_000, Unit.NANO_DOLLARS) == "$0.73"
    assert amount(1_240_000, Unit.TOKENS) == "1.24M tokens"
    assert amount(1, Unit.REQUESTS) == "1 request"
    assert amount(312, Unit.REQUESTS) == "312 requests"
    assert [bare(312, unit) for unit in Unit] == ["<$0.0001", "312", "312", "312", "0.000312"]


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (-5, "0.0 s"),
        (412, "0.4 s"),
        (9_999, "9.9 s"),
        (12_400, "12 s"),
        (60_000, "1 min"),
        (184_000, "3 min 4 s"),
        (6 * HOUR_MS + 12 * MINUTE_MS, "6 h 12 min"),
        (4 * DAY_MS + 3 * HOUR_MS, "4 d 3 h"),
    ],
)
def test_duration(ms: int, said: str) -> None:
    assert duration(ms) == said


def test_the_shorter_forms() -> None:
    assert [age(ms) for ms in (0, 900, 12_000, 184_000)] == ["0 s", "0 s", "12 s", "3 min 4 s"]
    assert [stopwatch(ms) for ms in (0, 59_999, 60_000, 3_725_000)] == ["0 s", "59 s", "1:00", "1:02:05"]
    assert [took(ms) for ms in (3, 999, 12_345, 60_000)] == ["3 ms", "999 ms", "12.3 s", "1:00"]
    assert [milliseconds(ms) for ms in (None, 312, 1_840)] == ["", "312 ms", "1.8 s"]
    said = [span(ms) for ms in (0, 42 * MINUTE_MS, 151 * MINUTE_MS, 9 * HOUR_MS + 1, 60 * HOUR_MS)]
    assert said == ["<1 min", "42 min", "2 h 31 min", "9 h", "2 d"]


def test_instants_are_named_as_near_as_they_are() -> None:
    assert instant(FRIDAY - 5_000, FRIDAY, UTC) == "13:58:26"
    assert instant(FRIDAY - DAY_MS, FRIDAY, UTC) == "Thu 13:58"
    assert instant(FRIDAY - 30 * DAY_MS, FRIDAY, UTC) == "21 Oct 13:58"
    assert about(FRIDAY + HOUR_MS, FRIDAY, UTC) == "14:58"
    assert about(FRIDAY + 2 * DAY_MS, FRIDAY, UTC) == "Sun 13:58"
    assert about(FRIDAY + 13 * DAY_MS, FRIDAY, UTC) == "3 Dec"


def test_counts_and_shares() -> None:
    assert [counted(count, "call") for count in (0, 1, 1_204)] == ["0 calls", "1 call", "1,204 calls"]
    assert [percent(1, 3), percent(3, 3), percent(0, 0)] == [33, 100, 100]
