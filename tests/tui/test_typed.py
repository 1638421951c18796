"""Typed: what people type is what is meant, and what cannot be meant is said in a sentence."""

import argparse

import pytest

from bursar.cli.amounts import amount as cli_amount
from bursar.cli.times import span_ms as cli_span_ms
from bursar.domain.account import Unit
from bursar_tui.typed import amount, as_option, count, dollars, presets, rates, span_ms, span_option

DOLLAR = 1_000_000_000
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("text", "unit", "meant"),
    [
        ("2", Unit.NANO_DOLLARS, 2 * DOLLAR),
        ("$2.50", Unit.NANO_DOLLARS, 5 * DOLLAR // 2),
        (" 2usd ", Unit.NANO_DOLLARS, 2 * DOLLAR),
        ("50k", Unit.TOKENS, 50_000),
        ("1_000 tokens", Unit.WEIGHTED_TOKENS, 1_000),
        ("3M", Unit.TOKENS, 3_000_000),
        ("100 requests", Unit.REQUESTS, 100),
        ("1.5", Unit.MICRO_REQUESTS, 1_500_000),
    ],
)
def test_an_amount_is_in_the_unit_of_its_account(text: str, unit: Unit, meant: int) -> None:
    assert amount(text, unit) == meant


@pytest.mark.parametrize("text", ["", "-1", "1.5", "k", "ten", "1e9", "٣", "5usd"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a whole number"):
        count(text)


@pytest.mark.parametrize("text", ["", "-1", "nan", "ten", "1/3"])
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        dollars(text)


@pytest.mark.parametrize(
    ("text", "meant"), [("90min", 90 * 60_000), ("1h", HOUR), (" 2 D ", 48 * HOUR), ("1w", 168 * HOUR)]
)
def test_a_time(text: str, meant: int) -> None:
    assert span_ms(text) == meant


@pytest.mark.parametrize("text", ["", "0h", "1", "h", "soon", "1.5h", "-1h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="90min"):
        span_ms(text)


def test_rates_are_checked_as_the_proxy_checks_them() -> None:
    assert rates("60/min, 100ktok/min") == ("60/min", "100000tok/min")
    with pytest.raises(ValueError, match="fortnight"):
        rates("60/fortnight")


@pytest.mark.parametrize("unit", [Unit.NANO_DOLLARS, Unit.TOKENS, Unit.REQUESTS])
@pytest.mark.parametrize("limit", [0, 1, 7, 100, 5_000, 999_999, 5 * DOLLAR, 12_345_678_901, 10**15])
def test_presets_are_more_than_nothing_and_commands_take_them(unit: Unit, limit: int) -> None:
    found = presets(limit, unit)
    assert found == tuple(sorted(set(found)))
    for each in found:
        assert each > 0
        try:
            typed = cli_amount(as_option(each, unit))
        except argparse.ArgumentTypeError as error:  # pragma: no cover - only where it fails
            pytest.fail(str(error))
        if unit is Unit.NANO_DOLLARS:
            assert typed.usd is not None
            assert dollars(typed.usd) == each
        else:
            assert each in (typed.tokens, typed.requests)


@pytest.mark.parametrize("ms", [60_000, 90 * 60_000, HOUR, 36 * HOUR, 48 * HOUR, 0])
def test_a_time_is_written_as_the_commands_take_it(ms: int) -> None:
    assert cli_span_ms(span_option(ms)) == ms
