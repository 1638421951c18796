"""A statement as comma-separated values: one transaction a row, numbers as numbers, texts as texts."""

import csv
from datetime import datetime
from typing import TextIO
from zoneinfo import ZoneInfo

from bursar.cli.output import csv_text
from bursar.cli.statement_tables import Accounts
from bursar.contract.statements import MonthStatement, Movement, UsageLine
from bursar.domain.account import Unit
from bursar.domain.money import plain_usd

HEADS = (
    *("at", "what", "exchange", "attempt", "key", "project", "client", "alias", "upstream", "model"),
    *("requests", "input", "cached", "output", "reasoning", "usd", "account", "amount", "unit"),
)
"""`usd` is what a call cost; `amount` what an account was granted (or, negative, has lost), in its unit."""


def write_csv(statement: MonthStatement, accounts: Accounts, file: TextIO) -> None:
    """Every transaction in the order of time, without totals: who reads a table adds it up. Dollars are exact."""
    zone = ZoneInfo(statement.zone)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADS)
    rows: list[Movement | UsageLine] = [*statement.movements, *statement.usage]
    for row in sorted(rows, key=lambda row: row.at_ms):
        at = datetime.fromtimestamp(row.at_ms / 1000, zone).isoformat(timespec="milliseconds")
        writer.writerow(_usage(at, row) if isinstance(row, UsageLine) else _movement(at, row, accounts))


def _usage(at: str, line: UsageLine) -> tuple[object, ...]:
    texts = (line.exchange_id, line.key, line.project, line.client, line.alias, line.upstream, line.model)
    exchange_id, *names = map(csv_text, texts)
    counts = (line.requests, line.prompt_tokens, line.cached_tokens, line.completion_tokens, line.reasoning_tokens)
    what = "usage" if line.exchange_id else "usage of a day"
    attempt = line.attempt if line.exchange_id else ""
    return (at, what, exchange_id, attempt, *names, *counts, plain_usd(line.cost_nano), "", "", "")


def _movement(at: str, each: Movement, accounts: Accounts) -> tuple[object, ...]:
    account = accounts.get(each.account_id)
    in_dollars = account is not None and account.unit is Unit.NANO_DOLLARS
    number = plain_usd(each.amount) if in_dollars else each.amount
    unit = "" if account is None else "usd" if in_dollars else account.unit.value
    return (at, each.kind, *("",) * 14, csv_text(each.account_id), number, unit)
