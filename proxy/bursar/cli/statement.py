"""`bursar statement`: a month: opening and closing balances, usage by model, and every transaction."""

import argparse
import os
import sys
from pathlib import Path

import msgspec

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.statement_csv import write_csv
from bursar.cli.statement_text import say_statement
from bursar.contract.statements import MonthStatement
from bursar.domain.account import Account

DESCRIPTION = """\
A month: opening and closing balances, usage by model, and every transaction. Every total is the exact sum of its rows;
a cost is rounded up to the next billionth of a dollar once, when its call ends, and nothing is rounded after that.

examples:
  bursar statement                          this month up to now
  bursar statement 2026-10
  bursar statement 2026-10 --csv > october.csv
  bursar statement 2026-10 --json           money in nano-dollars (a billionth of a dollar)
  bursar statement 2026-10 --pdf october.pdf

A PDF needs one more package: pip install 'bursar[pdf]'
"""


_ANSWER_S = 120.0
"""A month may have tens of thousands of lines, and the proxy other work."""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("month", nargs="?", metavar="YYYY-MM", help="the month; default: the present one")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print one JSON object")
    forms.add_argument("--csv", action="store_true", help="print every transaction as comma-separated values")
    forms.add_argument("--pdf", type=Path, metavar="FILE", help="write a PDF; the same statement gives the same bytes")


def run(options: argparse.Namespace) -> int:
    """Ask, and print."""
    with asking(places_of(options), _ANSWER_S) as proxy:
        statement = proxy.statement(options.month)
        accounts = {account.id: account for account in proxy.status().accounts}
    if options.json:
        say_json(_fields(statement, accounts))
    elif options.csv:
        write_csv(statement, accounts, sys.stdout)
    elif options.pdf is not None:
        _write_pdf(statement, accounts, options.pdf)
    else:
        say_statement(statement, accounts)
    return Exit.OK


def _fields(statement: MonthStatement, accounts: dict[str, Account]) -> dict[str, object]:
    """A statement as scripts read it: balances carry their account's unit, where it is configured still."""
    fields: dict[str, object] = msgspec.to_builtins(statement)
    fields["accounts"] = [
        {**msgspec.to_builtins(each), "unit": accounts[each.account_id].unit if each.account_id in accounts else ""}
        for each in statement.accounts
    ]
    return fields


def _write_pdf(statement: MonthStatement, accounts: dict[str, Account], file: Path) -> None:
    try:
        from bursar.cli.statement_pdf import pdf_of
    except ModuleNotFoundError:
        raise Failed("A PDF needs the package reportlab: pip install 'bursar[pdf]'") from None
    try:
        paper = pdf_of(statement, accounts)
        with open(file, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as stream:
            stream.write(paper)
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}.") from None
    say(f"The statement for {statement.month} is in {file}.")
