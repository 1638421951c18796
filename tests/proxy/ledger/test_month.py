"""The statement of a month: what it adds up to, whatever was called in it."""

from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from fakes.samples import ROUTE, asks, cap, record
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.contract.statements import MonthStatement
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.clock import FixedClock
from bursar.domain.cycle import Every
from bursar.domain.hold import Entry, EntryKind
from bursar.domain.refusals import OverBudget
from bursar.domain.usage import Usage
from bursar.ledger.ledger import Ledger
from bursar.ledger.month import month_of
from bursar.ledger.statement import Statement
from bursar.storage.memory import MemoryStore

BERLIN = ZoneInfo("Europe/Berlin")
OCTOBER_MS = 1_790_805_600_000
"""1 October 2026, 00:00 in Berlin, in summer time."""
NOVEMBER_MS = 1_793_487_600_000
HOUR_MS = 3_600_000
DAILY = cap("daily", 1000)
WALLET = Account("cap:purse", AccountKind.CAP, "purse", Unit.NANO_DOLLARS, Every.TOTAL, 100_000)


class Books:
    """A ledger kept in memory whose clock is turned by hand."""

    def __init__(self, start_ms: int) -> None:
        self.clock = FixedClock(start_ms)
        self.store = MemoryStore()
        self.ledger = Ledger(self.store, self.clock, lambda event: None, BERLIN)
        self.statement = Statement(self.store, self.clock, BERLIN)

    async def call(self, cost: int, model: str = "small-model", project: str = "thesis") -> None:
        async with self.ledger.hold("x", ROUTE, asks(min(cost, 10), DAILY, WALLET)) as held:
            usage = Usage(prompt_tokens=cost, completion_tokens=1)
            kept = record("x", cost, at_ms=self.clock.now_ms(), usage=usage, model=model, project=project)
            held.settle(asks(cost, DAILY, WALLET), kept)
        await self.ledger.drain()


def test_a_month_begins_and_ends_at_midnight_of_its_zone() -> None:
    month = month_of("2026-10", NOVEMBER_MS + HOUR_MS, BERLIN)
    assert (month.name, month.since_ms, month.until_ms, month.zone) == (
        "2026-10",
        OCTOBER_MS,
        NOVEMBER_MS,
        "Europe/Berlin",
    )
    present = month_of(None, NOVEMBER_MS + HOUR_MS, BERLIN)
    assert (present.name, present.since_ms, present.until_ms) == ("2026-11", NOVEMBER_MS, NOVEMBER_MS + HOUR_MS + 1)


@pytest.mark.parametrize("name", ["2026", "2026-13", "2026-1", "1969-12", "2026-10-01", "２０２６-10", "", "2027-01"])
def test_what_is_no_month_or_to_come_is_said_to_be(name: str) -> None:
    with pytest.raises(ValueError, match="no month|still to come"):
        month_of(name, NOVEMBER_MS, BERLIN)


async def test_a_wallet_goes_from_its_opening_to_its_closing_balance() -> None:
    books = Books(OCTOBER_MS - 5 * HOUR_MS)
    await books.call(300)
    books.clock.turn(30 * HOUR_MS)
    await books.call(20)
    topped_up_ms = books.clock.now_ms()

    await books.store.submit(
        lambda transaction: transaction.add_entry(Entry(EntryKind.GRANT, WALLET.id, 0, 5000, topped_up_ms))
    )
    await books.call(7, model="other")
    books.clock.turn(40 * 24 * HOUR_MS)
    await books.call(1)
    october = await books.statement.month("2026-10")
    purse = next(each for each in october.accounts if each.account_id == WALLET.id)
    assert (purse.opening, purse.granted, purse.used, purse.lapsed) == (100_000 - 300, 5000, 27, 0)
    assert purse.closing == purse.opening + 5000 - 27
    assert [(each.account_id, each.amount) for each in october.movements if each.account_id == WALLET.id] == [
        (WALLET.id, 5000)
    ]
    assert [(row.label, row.cost_nano) for row in october.by_model] == [("small-model", 20), ("other", 7)]
    assert october.total.cost_nano == 27
    november = await books.statement.month("2026-11")
    assert next(each for each in november.accounts if each.account_id == WALLET.id).opening == purse.closing


async def test_what_a_daily_cap_had_left_lapses() -> None:
    books = Books(OCTOBER_MS + HOUR_MS)
    for cost in (100, 250, 1300):
        await books.call(cost)
        books.clock.turn(24 * HOUR_MS)
    books.clock.turn(-20 * HOUR_MS)
    statement = await books.statement.month()
    daily = next(each for each in statement.accounts if each.account_id == DAILY.id)
    assert (daily.opening, daily.granted, daily.used, daily.lapsed, daily.closing) == (0, 3000, 1650, 1650, -300)


MOMENTS = st.lists(
    st.tuples(st.integers(0, 40 * 24 * HOUR_MS), st.integers(0, 5000), st.sampled_from(["a", "b", "=c"])), max_size=12
)


@settings(max_examples=40, deadline=None)
@given(MOMENTS)
async def test_every_total_is_the_sum_of_its_rows(calls: list[tuple[int, int, str]]) -> None:
    books = Books(OCTOBER_MS - 20 * 24 * HOUR_MS)
    for after_ms, cost, model in sorted(calls):
        books.clock.turn(OCTOBER_MS - 20 * 24 * HOUR_MS + after_ms - books.clock.now_ms())
        with suppress(OverBudget):
            await books.call(cost, model, project=model)
    books.clock.turn(NOVEMBER_MS - books.clock.now_ms())
    months = [await books.statement.month(name) for name in ("2026-09", "2026-10")]
    for statement in months:
        check_sums(statement)
    records = await books.statement.history(limit=100)
    assert sum(each.total.cost_nano for each in months) == sum(row.cost_nano for row in records.rows)
    closings = {each.account_id: each.closing for each in months[0].accounts}
    for each in months[1].accounts:
        assert each.opening == closings.get(each.account_id, 0)


def check_sums(statement: MonthStatement) -> None:
    """Each total is the sum of the lines; each account's figures are those of the lines that it paid."""
    cost = sum(line.cost_nano for line in statement.usage)
    assert statement.total.cost_nano == cost
    assert statement.total.requests == sum(line.requests for line in statement.usage)
    for rows in (statement.by_model, statement.by_upstream, statement.by_project, statement.by_key):
        assert sum(row.cost_nano for row in rows) == cost
        assert sum(row.prompt_tokens for row in rows) == statement.total.prompt_tokens
    for account in statement.accounts:
        paid = [each for line in statement.usage for each in line.paid if each.account_id == account.account_id]
        moved = [each.amount for each in statement.movements if each.account_id == account.account_id]
        assert account.used == sum(each.amount for each in paid)
        assert account.granted == sum(moved)
        assert account.closing == account.opening + account.granted - account.used - account.lapsed
