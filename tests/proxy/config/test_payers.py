"""`[plans.NAME]` and `[wallets.NAME]`: the accounts that they describe, and every sentence on what cannot be."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bursar.config.load import parse
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.domain.account import AccountKind, Unit
from bursar.domain.cycle import Every
from bursar.domain.plan import PlanState, Term
from bursar.domain.recurrence import Anchor
from bursar.domain.wallet import AutoTopUp, Levels

BERLIN = ZoneInfo("Europe/Berlin")
DOLLAR = 1_000_000_000
UPSTREAMS = """
[upstreams.main]
kind = "openai"
[upstreams.other]
kind = "openai"
"""
WALLET = '[wallets.main]\nupstream = "main"\n'
PLAN = '[plans.p]\nupstream = "main"\nevery = "month from 12th"\n'


def config(text: str) -> Config:
    return parse((UPSTREAMS + text).encode(), Path("config.toml"), environ={})


def problems(text: str) -> list[str]:
    with pytest.raises(BrokenConfig) as broken:
        config(text)
    return [problem.sentence for problem in broken.value.problems]


@pytest.mark.parametrize(
    ("quota", "unit", "limit"),
    [
        ("tokens = 5_000_000", Unit.TOKENS, 5_000_000),
        ('weighted_tokens = 70\ncompletion_multipliers = { "gpt-4*" = "2.0" }', Unit.WEIGHTED_TOKENS, 70),
        ("requests = 500", Unit.REQUESTS, 500),
        ('requests = 500\nmultipliers = { "big" = "3" }', Unit.REQUESTS, 500),
        ('requests = 500\nmultipliers = { "small" = "0.33" }', Unit.MICRO_REQUESTS, 500_000_000),
        ('usd = "20.00"', Unit.NANO_DOLLARS, 20 * DOLLAR),
    ],
)
def test_a_plan_is_an_account_in_the_unit_of_its_quota(quota: str, unit: Unit, limit: int) -> None:
    account = config(PLAN + quota).plans["p"].account(BERLIN)
    assert (account.id, account.kind, account.unit, account.limit) == ("plan:p", AccountKind.PLAN, unit, limit)
    assert (account.every, account.anchor, account.term) == (Every.MONTH, Anchor(1, "2000-01-12"), Term())


def test_the_end_of_a_plan_is_read_in_the_users_zone() -> None:
    account = config(PLAN + 'tokens = 1\nstate = "grace"\nuntil = "2026-12-01"').plans["p"].account(BERLIN)
    midnight_ms = int(datetime(2026, 12, 1, tzinfo=BERLIN).timestamp()) * 1000
    assert account.term == Term(PlanState.GRACE, midnight_ms)


@pytest.mark.parametrize(
    ("overflow", "wallet", "limit"),
    [
        ("", "", None),
        ('overflow = "off"', "", None),
        ('overflow = "wallets.main"', "main", None),
        ('overflow = "wallets.main"\noverflow_limit = "50"', "main", 50 * DOLLAR),
        ('overflow = "wallets.main"\noverflow_limit = "0"', "", None),
    ],
)
def test_overflow_is_off_on_or_limited(overflow: str, wallet: str, limit: int | None) -> None:
    plan = config(f"{PLAN}tokens = 1\n{overflow}\n{WALLET}").plans["p"]
    limited = plan.overflow_account()
    assert (plan.overflow_wallet, None if limited is None else limited.limit) == (wallet, limit)
    if limited is not None:
        assert (limited.within, limited.unit, limited.anchor) == ("plan:p", Unit.NANO_DOLLARS, plan.every.anchor)


def test_a_wallet_is_an_account_that_grants_nothing_by_itself() -> None:
    auto = 'auto_below = "5"\nauto_amount = "20"\nauto_per_month = "100"\nlink = "https://vendor.example"'
    account = config(WALLET + auto).wallets["main"].account()
    assert (account.id, account.kind, account.every, account.limit) == ("wallet:main", AccountKind.WALLET, "total", 0)
    assert (account.levels, account.auto) == (Levels(), AutoTopUp(5 * DOLLAR, 20 * DOLLAR, 100 * DOLLAR))
    assert account.link == "https://vendor.example"


def test_a_cap_may_be_counted_from_a_day_too() -> None:
    account = config('[caps.c]\nusd = "5"\nevery = "month from 12th"').caps["c"].account()
    assert (account.every, account.anchor) == (Every.MONTH, Anchor(1, "2000-01-12"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PLAN, "must have one of tokens, weighted_tokens, requests, usd, not none."),
        (PLAN + 'tokens = 1\nusd = "2"', "not tokens and usd."),
        (PLAN + 'tokens = 1\ncompletion_multipliers = { "a" = "2" }', "but no weighted_tokens."),
        (PLAN + 'tokens = 1\nmultipliers = { "a" = "2" }', "neither requests nor weighted_tokens."),
        (PLAN + 'tokens = 1\nstate = "grace"', 'does not say until when; write until = "2026-12-31".'),
        (PLAN + 'tokens = 1\noverflow = "wallets.mian"\n' + WALLET, 'did you mean "wallets.main"?'),
        (PLAN + 'tokens = 1\noverflow = "wallets.main"', "add a table [wallets.main]."),
        (PLAN + 'tokens = 1\noverflow_limit = "5"', "but its overflow is off; name a wallet."),
        (
            PLAN + 'tokens = 1\noverflow = "wallets.main"\n' + WALLET.replace('"main"', '"other"'),
            'its wallet pays "other".',
        ),
        (PLAN.replace('"main"', '"mian"') + "tokens = 1", 'did you mean "main"?'),
        (PLAN.replace("12th", "32nd") + "tokens = 1", '"month from 12th"'),
        (PLAN.replace("month from 12th", "fortnight") + "tokens = 1", 'one of "hour", "day", "week", "month", "total"'),
        (PLAN + 'tokens = 1\nuntil = "soon"', "a date or a date and time"),
        (WALLET + '[wallets.second]\nupstream = "main"', "pay the same upstream; only one of both can."),
        (WALLET + 'low = "1"', "in falling order."),
        (WALLET + 'auto_below = "5"', "all of auto_below, auto_amount and auto_per_month."),
        (WALLET + 'auto_below = "5"\nauto_amount = "1"\nauto_per_month = "9"', "below its least_top_up."),
    ],
)
def test_what_cannot_be_is_said(text: str, sentence: str) -> None:
    assert any(sentence in problem for problem in problems(text)), problems(text)
