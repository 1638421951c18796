"""Money is exact: text to integer and back, and rounded up once."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.money import FACTOR_ONE, charge, factor_of, nano_of_usd, plain_usd, usd

amounts = st.integers(0, 9 * 10**18)


@pytest.mark.parametrize(
    ("text", "nano"),
    [("5", 5_000_000_000), ("$0.15", 150_000_000), (" 0.01875 ", 18_750_000), ("0.000000001", 1), ("1_000", 10**12)],
)
def test_dollars_are_read_exactly(text: str, nano: int) -> None:
    assert nano_of_usd(text) == nano


@pytest.mark.parametrize("text", ["", "five", "-1", "nan", "inf", "1e400", "0.0000000001", "10000000000", "1,5", "0x5"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        nano_of_usd(text)


@given(amounts)
def test_what_is_shown_is_read_back(nano: int) -> None:
    assert nano_of_usd(plain_usd(nano)) == nano
    assert nano_of_usd(usd(nano).replace(",", "")) == nano


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (0, "$0.00"),
        (5_000_000_000, "$5.00"),
        (4_750_000, "$0.00475"),
        (-1, "-$0.000000001"),
        (1_234_500_000_000, "$1,234.50"),
    ],
)
def test_amounts_as_people_read_them(nano: int, shown: str) -> None:
    assert usd(nano) == shown


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**12)), max_size=6),
    st.integers(0, 2 * FACTOR_ONE),
)
def test_a_charge_is_the_sum_rounded_up_once(lines: list[tuple[int, int]], factor: int) -> None:
    exact = sum((Fraction(tokens * price, 10**6) for tokens, price in lines), Fraction(0)) * Fraction(
        factor, FACTOR_ONE
    )
    assert charge(lines, factor) == ceil(exact)


def test_a_fraction_of_a_cent_is_kept() -> None:
    assert charge([(1, nano_of_usd("0.01875"))]) == 19
    assert charge([(1_000_000, nano_of_usd("0.01875"))]) == 18_750_000
    assert charge([(100, nano_of_usd("10"))], factor_of("0.7")) == nano_of_usd("0.0007")


def test_nothing_negative_is_charged() -> None:
    with pytest.raises(ValueError, match="cannot charge"):
        charge([(-1, 5)])


@given(st.decimals("0", "1000", places=6))
def test_factors_are_read_exactly(factor: Decimal) -> None:
    assert Decimal(factor_of(str(factor))) / FACTOR_ONE == factor
