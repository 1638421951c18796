"""A statement on the terminal."""

from bursar.cli.output import say, say_table
from bursar.cli.statement_tables import Accounts, period, tables_of
from bursar.contract.statements import MonthStatement


def say_statement(statement: MonthStatement, accounts: Accounts) -> None:
    """All of its tables."""
    say(f"Statement for {statement.month}, {period(statement)}")
    tables = tables_of(statement, accounts)
    if not tables:
        say("Nothing was granted or used in this time.")
    for table in tables:
        say()
        say(table.title)
        say_table(table.heads, table.rows, right=table.numbers)
