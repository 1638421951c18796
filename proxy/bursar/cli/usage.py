"""`bursar usage`: what was used and spent, under one heading."""

import argparse
import csv
import sys
import time

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import csv_text, say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.times import past_ms
from bursar.cli.words import instant
from bursar.contract.commands import SpendReport, SpendRow
from bursar.domain.money import plain_usd, usd

DESCRIPTION = """\
What was used and spent.

examples:
  bursar usage                              by day, the last 30 days
  bursar usage --by model --since 7d
  bursar usage --by key --since 2026-11-01 --until 2026-12-01
  bursar usage --by hour --since today --csv > today.csv
  bursar usage --by week --only model=gpt-5 --since 90d
  bursar usage --json                       money in nano-dollars (a billionth of a dollar)
"""

HEADINGS = ("hour", "day", "week", "month", "model", "key", "project", "upstream", "client", "alias")
_BAR = 24


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("--by", choices=HEADINGS, default="day", help="the heading of the rows; default: day")
    parser.add_argument(
        "--since", metavar="TIME", default="30d", help="such as 7d, today, 2026-11-01, all; default: 30d"
    )
    parser.add_argument("--until", metavar="TIME", help="the same forms; that instant itself is left out; default: now")
    parser.add_argument(
        "--only", metavar="HEADING=NAME", help="one model, key, project, upstream, client or alias alone: model=gpt-5"
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print one JSON object")
    forms.add_argument("--csv", action="store_true", help="print comma-separated values")


def run(options: argparse.Namespace) -> int:
    """Ask, and print."""
    now_ms = time.time_ns() // 1_000_000
    try:
        since_ms = None if options.since == "all" else past_ms(options.since, now_ms)
        until_ms = None if options.until is None else past_ms(options.until, now_ms)
    except ValueError as error:
        raise Failed(f"{error}.", Exit.WRONG_USE) from None
    with asking(places_of(options)) as proxy:
        report = proxy.spend(options.by, since_ms, until_ms, options.only)
    if options.json:
        say_json(report)
    elif options.csv:
        _say_csv(report)
    else:
        _say(report)
    return Exit.OK


def _say(report: SpendReport) -> None:
    if not report.rows:
        say("Nothing was used in this time.")
        return
    most = max(row.cost_nano for row in report.rows) or 1
    heads = (report.by, "requests", "input", "cached", "output", "reasoning", "cost", "")
    rows = [(*_cells(row), "█" * round(_BAR * row.cost_nano / most)) for row in report.rows]
    say(f"from {instant(report.since_ms)} to {instant(report.until_ms)}")
    say_table(heads, [*rows, (*_cells(report.total), "")], right=(1, 2, 3, 4, 5, 6))


def _cells(row: SpendRow) -> tuple[str, ...]:
    counts = (row.requests, row.prompt_tokens, row.cached_tokens, row.completion_tokens, row.reasoning_tokens)
    return (row.label or "-", *(f"{count:,}" for count in counts), usd(row.cost_nano))


def _say_csv(report: SpendReport) -> None:
    """The rows and no total: who reads a table adds it up. Dollars are exact decimals."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([report.by, "requests", "input", "cached", "output", "reasoning", "usd"])
    for row in report.rows:
        counts = (row.requests, row.prompt_tokens, row.cached_tokens, row.completion_tokens, row.reasoning_tokens)
        writer.writerow([csv_text(row.label), *counts, plain_usd(row.cost_nano)])
