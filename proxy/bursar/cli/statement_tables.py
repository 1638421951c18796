"""The tables of a statement, as cells of text, for the terminal and for paper alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bursar.cli.words import amount_of
from bursar.contract.commands import SpendRow
from bursar.contract.statements import MonthStatement, Movement, Paid, UsageLine
from bursar.domain.account import Account
from bursar.domain.money import usd

Accounts = Mapping[str, Account]
"""Those that are configured, by id: they know their units."""


@dataclass(frozen=True, slots=True)
class Table:
    """A title, heads, rows of as many cells, and the columns whose cells are numbers. The last row may be the sum."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: tuple[int, ...]


def tables_of(statement: MonthStatement, accounts: Accounts) -> list[Table]:
    """Balances, usage by model, upstream, project and key, and every transaction; those that are empty left out."""
    groups = {
        "model": statement.by_model,
        "upstream": statement.by_upstream,
        "project": statement.by_project,
        "key": statement.by_key,
    }
    tables = [
        _balances(statement, accounts),
        *(_usage(name, rows, statement.total) for name, rows in groups.items()),
        _movements(statement, accounts),
        _transactions(statement, accounts),
    ]
    return [table for table in tables if table.rows]


def period(statement: MonthStatement) -> str:
    """From when to when, in the statement's own time zone."""
    since, until = (time_of(at_ms, statement) for at_ms in (statement.since_ms, statement.until_ms))
    return f"from {since} to {until} ({statement.zone})"


def time_of(at_ms: int, statement: MonthStatement) -> str:
    """An instant in the statement's own time zone."""
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(statement.zone)).strftime("%Y-%m-%d %H:%M:%S")


def amount(account_id: str, number: int, accounts: Accounts) -> str:
    """An amount with its account's unit; a bare number where the account is not configured any more."""
    account = accounts.get(account_id)
    return amount_of(number, account.unit) if account is not None else f"{number:,}"


def _balances(statement: MonthStatement, accounts: Accounts) -> Table:
    rows = [
        (
            each.account_id,
            *(
                amount(each.account_id, number, accounts)
                for number in (each.opening, each.granted, each.used, each.lapsed, each.closing)
            ),
        )
        for each in statement.accounts
    ]
    heads = ("account", "opening", "granted", "used", "lapsed", "closing")
    return Table("Accounts", heads, rows, (1, 2, 3, 4, 5))


def _usage(name: str, rows: Sequence[SpendRow], total: SpendRow) -> Table:
    heads = (name, "requests", "input", "cached", "output", "cost")
    cells = [_spend_cells(row) for row in (*rows, total)] if rows else []
    return Table(f"Usage by {name}", heads, cells, (1, 2, 3, 4, 5))


def _spend_cells(row: SpendRow) -> tuple[str, ...]:
    counts = (row.requests, row.prompt_tokens, row.cached_tokens, row.completion_tokens)
    return (row.label or "-", *(f"{count:,}" for count in counts), usd(row.cost_nano))


def _movements(statement: MonthStatement, accounts: Accounts) -> Table:
    rows = [_movement(each, statement, accounts) for each in statement.movements]
    return Table("Grants and corrections", ("at", "account", "what", "amount"), rows, (3,))


def _movement(each: Movement, statement: MonthStatement, accounts: Accounts) -> tuple[str, ...]:
    number = amount(each.account_id, each.amount, accounts)
    return time_of(each.at_ms, statement), each.account_id, each.kind, number


def _transactions(statement: MonthStatement, accounts: Accounts) -> Table:
    rows = [_transaction(line, statement, accounts) for line in statement.usage]
    if rows:
        rows.append(("total", "", "", "", "", "", usd(statement.total.cost_nano), ""))
    heads = ("at", "exchange", "key", "route", "input", "output", "cost", "paid by")
    return Table("Transactions", heads, rows, (4, 5, 6))


def _transaction(line: UsageLine, statement: MonthStatement, accounts: Accounts) -> tuple[str, ...]:
    at = time_of(line.at_ms, statement)
    return (
        at if line.exchange_id else at[:10],
        line.exchange_id or f"{line.requests:,} calls of a day",
        line.key,
        f"{line.upstream}/{line.model}",
        f"{line.prompt_tokens:,}",
        f"{line.completion_tokens:,}",
        usd(line.cost_nano),
        ", ".join(_paid(each, accounts) for each in line.paid),
    )


def _paid(paid: Paid, accounts: Accounts) -> str:
    return f"{paid.account_id} {amount(paid.account_id, paid.amount, accounts)}"
