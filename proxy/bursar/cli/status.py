"""`bursar status`: what runs, and how the accounts stand."""

import argparse
from typing import Any

import msgspec

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import complain, say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.words import amount_of, duration, instant
from bursar.contract.commands import Status
from bursar.contract.version import mismatch
from bursar.domain.account import Standing, Unit

DESCRIPTION = """\
What runs, and how the accounts stand.

examples:
  bursar status
  bursar status --json     for scripts; money in nano-dollars (a billionth of a dollar), times in milliseconds

Without a running proxy the exit status is 3, and --json prints {"running": false}.
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Ask, and print."""
    try:
        with asking(places_of(options)) as proxy:
            status = proxy.status()
    except Failed as failure:
        if options.json and failure.status is Exit.NOT_RUNNING:
            say_json({"running": False})
            return Exit.NOT_RUNNING
        raise
    other = mismatch(status.version, status.contract)
    if other is not None:
        complain(other)
    if options.json:
        say_json({"running": True, **fields_of(status)})
    else:
        _say(status)
    return Exit.OK


def _say(status: Status) -> None:
    say(f"{status.public_url}, version {status.version}, process {status.pid}")
    say(f"running for {duration(status.now_ms - status.started_ms)}, since {instant(status.started_ms)}")
    say(f"configuration {status.config_file}")
    say(f"calls running: {status.running_exchanges}, client keys: {len(status.keys)}")
    for exposure in status.exposures:
        say(f"EXPOSED as https://{exposure.host} to whoever has the key {' or '.join(exposure.keys)}")
    if status.holds_in_doubt:
        say(f"holds in doubt: {status.holds_in_doubt} (their calls were cut off by the end of an earlier run)")
    if status.broken:
        say(f"{status.broken}; all of it: bursar config check")
    for problem in () if status.broken else status.problems:
        say(f"problem: {problem}")
    if status.standings:
        say()
        heads = ("account", "settled", "held", "available", "granted", "starts afresh")
        units = {account.id: account.unit for account in status.accounts}
        rows = [
            _row(each, units[each.account_id], status.now_ms) for each in status.standings if each.account_id in units
        ]
        say_table(heads, rows, right=(1, 2, 3, 4))


def _row(standing: Standing, unit: Unit, now_ms: int) -> tuple[str, ...]:
    end = standing.cycle.end_ms
    return (
        standing.account_id,
        *(
            amount_of(number, unit)
            for number in (standing.settled, standing.held, standing.available, standing.granted)
        ),
        f"in {duration(end - now_ms)}" if end is not None else "never",
    )


def fields_of(status: Status) -> dict[str, object]:
    """A status as scripts read it: standings carry their account's unit, name and what is available."""
    fields: dict[str, Any] = msgspec.to_builtins(status, str_keys=True)
    accounts = {account["id"]: account for account in fields.pop("accounts")}
    for standing, known in zip(fields["standings"], status.standings, strict=True):
        account = accounts.get(standing["account_id"], {})
        standing |= {"available": known.available, "name": account.get("name", ""), "unit": account.get("unit", "")}
    return fields
