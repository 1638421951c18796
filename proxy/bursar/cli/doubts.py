"""`bursar doubt`: holds whose process died, and what is to become of them."""

import argparse

from bursar.cli.exits import Exit
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.words import amount_of, instant
from bursar.contract.accounts import (
    DoubtEnded,
    DoubtRow,
    doubts,
    release_doubt,
    settle_doubt,
    settle_doubt_by_balance,
)
from bursar.domain.account import Unit

DESCRIPTION = """\
Holds whose process died while a call was running: nobody knows whether the vendor charged for it. They stay held until
somebody settles or releases them; at the end of their cycle they are settled whole, marked as an estimate.

examples:
  bursar doubt list
  bursar doubt settle 7                 the vendor charged for it: settle what was held
  bursar doubt settle 7 --by-balance    let the vendor's balance tell
  bursar doubt release 7                nothing was charged
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("list", help="list them", description="List the holds in doubt.")
    settle = verbs.add_parser("settle", help="it was charged", description="Settle a hold in doubt.")
    settle.add_argument("--by-balance", action="store_true", help="as much of it as the vendor's balance has moved")
    free = verbs.add_parser("release", help="it was not charged", description="Release a hold in doubt.")
    for each in (settle, free):
        each.add_argument("number", type=int, help="its number in the list")
    for each in (show, settle, free):
        each.add_argument("--json", action="store_true", help="print JSON")
        add_config(each)


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    with asking(places_of(options)) as proxy:
        if options.verb == "list":
            _list(proxy.ask(doubts()), as_json=options.json)
            return Exit.OK
        if options.verb == "release":
            ask = release_doubt(options.number)
        else:
            ask = (settle_doubt_by_balance if options.by_balance else settle_doubt)(options.number)
        ended = proxy.ask(ask)
    _say_ended(ended, as_json=options.json)
    return Exit.OK


def _list(rows: tuple[DoubtRow, ...], *, as_json: bool) -> None:
    if as_json:
        say_json(rows)
    elif not rows:
        say("Nothing is in doubt.")
    else:
        cells = [
            (
                str(row.hold_id),
                instant(row.placed_ms),
                f"{row.upstream}/{row.model}",
                row.exchange_id,
                _amounts(row.shares),
                instant(row.settles_ms) if row.settles_ms is not None else "never",
            )
            for row in rows
        ]
        say_table(("number", "placed", "route", "call", "held", "settles by itself"), cells, right=(0,))


def _say_ended(ended: DoubtEnded, *, as_json: bool) -> None:
    if as_json:
        say_json(ended)
    elif ended.settled:
        say(f"Settled: {_amounts(ended.settled)}.")
    else:
        say("Released: nothing was used.")


def _amounts(shares: tuple[tuple[str, Unit | None, int], ...]) -> str:
    return ", ".join(
        f"{account_id} {amount_of(amount, unit) if unit is not None else amount}" for account_id, unit, amount in shares
    )
