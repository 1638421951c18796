"""What a refused caller reads: which account, why, until when, and how to raise it."""

from zoneinfo import ZoneInfo

import pytest
from fakes.samples import HOUR_MS, NOON_MS, cap

from bursar.domain.account import Account, Shortfall, Standing, Unit
from bursar.domain.cycle import Every, cycle_at
from bursar.domain.money import nano_of_usd
from bursar.ledger.shortfall import over_budget

BERLIN = ZoneInfo("Europe/Berlin")
"""At NOON_MS it is 14:00 there."""


def said(
    account: Account,
    used: int = 0,
    held: int = 0,
    needed: int = 1,
    *,
    granted: int | None = None,
    now_ms: int = NOON_MS,
) -> str:
    cycle = cycle_at(account.every, now_ms, BERLIN)
    standing = Standing(account.id, cycle, account.limit, account.limit if granted is None else granted, held, used)
    return over_budget(Shortfall(account, standing, needed), now_ms, BERLIN).message


def usd(text: str) -> int:
    return nano_of_usd(text)


def test_a_cap_that_is_used_up_says_all_in_one_line() -> None:
    now_ms = NOON_MS + 3 * HOUR_MS + 48 * 60_000
    assert said(cap(limit=usd("5")), used=usd("5"), now_ms=now_ms) == (
        'Daily cap "laptop" is used up: $5.00 of $5.00. It resets at 00:00 (in 6 h 12 min). '
        "Raise it: bursar cap raise laptop 2usd --for 1h"
    )


def test_an_overrun_is_shown_as_it_is() -> None:
    assert "is used up: $5.25 of $5.00." in said(cap(limit=usd("5")), used=usd("5.25"))


def test_a_call_that_does_not_fit_is_told_what_it_needs_and_what_is_left() -> None:
    message = said(cap(limit=usd("5")), used=usd("4.88"), needed=usd("0.3"))
    assert 'Daily cap "laptop" cannot bear this call: it needs $0.30, $0.12 of $5.00 is left.' in message


def test_what_running_calls_hold_is_told_apart_from_what_is_used() -> None:
    message = said(cap(limit=usd("5")), used=usd("3"), held=usd("1"), needed=usd("1.5"))
    assert "it needs $1.50, $1.00 of $5.00 is left, $1.00 is held by running calls." in message
    message = said(cap(limit=usd("5")), used=usd("3"), held=usd("2"))
    assert "has nothing left for this call: $3.00 of $5.00 is used, $2.00 is held by running calls." in message


def test_a_cap_of_nothing_refuses_everything() -> None:
    assert 'Daily cap "laptop" is $0.00 and refuses every call.' in said(cap(limit=0))


@pytest.mark.parametrize(
    ("unit", "needed", "words"),
    [
        (Unit.TOKENS, 1_200, "it needs 1,200 tokens, 1,000 tokens of 1,000,000 tokens is left"),
        (Unit.REQUESTS, 1_001, "it needs 1,001 requests, 1,000 requests of 1,000,000 requests is left"),
    ],
)
def test_every_unit_is_named(unit: Unit, needed: int, words: str) -> None:
    assert words in said(cap(limit=1_000_000, unit=unit), used=999_000, needed=needed)


def test_one_is_singular() -> None:
    assert "it needs 2 requests, 1 request of 3 requests is left" in said(
        cap(limit=3, unit=Unit.REQUESTS), used=2, needed=2
    )


@pytest.mark.parametrize(
    ("every", "name", "reset"),
    [
        (Every.HOUR, "Hourly", "It resets at 15:00 (in 1 h 0 min)."),
        (Every.DAY, "Daily", "It resets at 00:00 (in 10 h 0 min)."),
        (Every.WEEK, "Weekly", "It resets on 2026-09-28 at 00:00 (in 1 d 10 h)."),
        (Every.MONTH, "Monthly", "It resets on 2026-10-01 at 00:00 (in 4 d 10 h)."),
        (Every.TOTAL, "Total", "It never resets."),
    ],
)
def test_every_cycle_is_named_with_its_end(every: Every, name: str, reset: str) -> None:
    message = said(cap(limit=5, every=every), used=5)
    assert message.startswith(f'{name} cap "laptop" is used up')
    assert reset in message


@pytest.mark.parametrize(
    ("left_ms", "words"), [(1, "in 1 s"), (59_001, "in 1 min"), (45_000, "in 45 s"), (61_000, "in 1 min")]
)
def test_the_last_minutes_are_counted_in_seconds(left_ms: int, words: str) -> None:
    assert words in said(cap(limit=5), used=5, now_ms=NOON_MS + 10 * HOUR_MS - left_ms)


def test_the_detail_has_every_figure_exactly() -> None:
    account = cap(limit=usd("5"))
    standing = Standing(account.id, cycle_at(Every.DAY, NOON_MS, BERLIN), account.limit, usd("5"), 250, usd("4.5"))
    refusal = over_budget(Shortfall(account, standing, usd("0.6")), NOON_MS, BERLIN)
    assert refusal.status == 402
    assert refusal.code == "budget_exceeded"
    assert refusal.detail == {
        "account": "cap:laptop",
        "unit": "usd",
        "limit": "5.0",
        "used": "4.5",
        "held": "0.00000025",
        "available": "0.49999975",
        "needed": "0.6",
        "resets_at": "2026-09-27T00:00:00+02:00",
        "raise_with": refusal.message.split("Raise it: ")[1],
    }


def test_tokens_and_requests_are_whole_numbers_in_the_detail() -> None:
    account = cap(limit=10, unit=Unit.REQUESTS, every=Every.TOTAL)
    standing = Standing(account.id, cycle_at(Every.TOTAL, NOON_MS, BERLIN), 10, 10, 0, 10)
    detail = over_budget(Shortfall(account, standing, 1), NOON_MS, BERLIN).detail
    assert (detail["limit"], detail["available"], detail["needed"], detail["resets_at"]) == (10, 0, 1, None)


def test_the_proposed_raise_is_enough_for_the_call() -> None:
    detail = said(cap(limit=usd("1")), used=usd("0.9"), needed=usd("7.301"))
    assert detail.endswith("Raise it: bursar cap raise laptop 8usd --for 1h")
