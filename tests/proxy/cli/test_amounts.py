"""Amounts and times mean what people mean by them, or are refused with how to write them."""

import argparse
from datetime import datetime

import pytest

from bursar.cli.amounts import Amount, amount
from bursar.cli.times import past_ms, span_ms
from bursar.domain.cycle import Every

AMOUNTS = {
    "5usd/day": Amount(Every.DAY, usd="5.00"),
    "5 USD/day": Amount(Every.DAY, usd="5.00"),
    "$2.5/month": Amount(Every.MONTH, usd="2.50"),
    "0usd/day": Amount(Every.DAY, usd="0.00"),
    "1_000.125dollars/week": Amount(Every.WEEK, usd="1000.125"),
    "20usd": Amount(Every.TOTAL, usd="20.00"),
    "100000tokens/hour": Amount(Every.HOUR, tokens=100_000),
    "100ktokens/hour": Amount(Every.HOUR, tokens=100_000),
    "2mtokens/week": Amount(Every.WEEK, tokens=2_000_000),
    "1request/total": Amount(Every.TOTAL, requests=1),
}


@pytest.mark.parametrize("text", AMOUNTS)
def test_an_amount(text: str) -> None:
    assert amount(text) == AMOUNTS[text]


@pytest.mark.parametrize(
    "text",
    ["", "5", "5/day", "usd/day", "-5usd/day", "5eur/day", "5usd/fortnight", "5usd/", "1,000usd/day", "1.5tokens/day"]
    + ["5kusd/day", "0.0000000001usd/day", "99999999999usd/day", "1.2.3usd/day", "5usd/day\n5usd/day"],
)
def test_what_is_no_amount_is_explained(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        amount(text)


def test_a_stretch_of_time() -> None:
    assert [span_ms(text) for text in ("90min", "12h", "30d", "2w")] == [
        5_400_000,
        43_200_000,
        2_592_000_000,
        1_209_600_000,
    ]
    for text in ("", "30", "d", "1y", "-1d", "1.5h"):
        with pytest.raises(argparse.ArgumentTypeError):
            span_ms(text)


def test_an_instant_in_the_past() -> None:
    now = datetime(2026, 11, 21, 14, 30).astimezone()
    now_ms = int(now.timestamp() * 1000)

    def ms(*parts: int) -> int:
        return int(datetime(*parts).astimezone().timestamp() * 1000)  # type: ignore[arg-type]

    assert past_ms("2h", now_ms) == now_ms - 7_200_000
    assert past_ms("today", now_ms) == ms(2026, 11, 21)
    assert past_ms("yesterday", now_ms) == ms(2026, 11, 20)
    assert past_ms("2026-11-01", now_ms) == ms(2026, 11, 1)
    assert past_ms("2026-11-01 08:15", now_ms) == ms(2026, 11, 1, 8, 15)
    with pytest.raises(ValueError, match="is no time"):
        past_ms("last week", now_ms)
