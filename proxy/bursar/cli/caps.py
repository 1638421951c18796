"""`bursar cap`: set, list and remove spending limits, as they stand in the configuration."""

import argparse
from pathlib import Path

from bursar.cli import cap_raises
from bursar.cli.amounts import Amount, amount
from bursar.cli.editing import edited, file_in_force
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config
from bursar.cli.words import amount_of
from bursar.config import edit
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import CapSettings, Config

DESCRIPTION = """\
Set, list and remove spending limits. All caps that apply must allow a call; a cap of 0 refuses everything.

examples:
  bursar cap set daily 5usd/day                     everything together
  bursar cap set laptop-day 2usd/day --key laptop   one client key
  bursar cap set big 100requests/month --model 'gpt-5*'
  bursar cap set tokens 2mtokens/week --upstream main
  bursar cap list
  bursar cap raise daily 2usd --for 1h              ends by itself; undo: bursar cap undo NUMBER
  bursar cap audit                                  who granted what, when and why
  bursar cap remove laptop-day
"""

_SCOPES = {
    "key": "for one client key",
    "project": "for one project",
    "upstream": "for one upstream",
    "model": "for the models or aliases that the name fits; * and ? may stand for other characters",
}


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    put = verbs.add_parser("set", help="make a cap or change it", description="Make a cap or change it.")
    put.add_argument("name", help="the cap's name")
    put.add_argument("amount", type=amount, help="such as 5usd/day, 100ktokens/hour, 500requests/month, 20usd/total")
    scopes = put.add_mutually_exclusive_group()
    for scope, text in _SCOPES.items():
        scopes.add_argument(f"--{scope}", help=text)
    show = verbs.add_parser("list", help="list all caps", description="List all caps as they are configured.")
    show.add_argument("--json", action="store_true", help="print them as a JSON list")
    gone = verbs.add_parser("remove", help="remove a cap", description="Remove a cap.")
    gone.add_argument("name", help="the cap's name")
    for each in (put, show, gone):
        add_config(each)
    cap_raises.add_verbs(verbs)


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    match options.verb:
        case "raise" | "undo" | "audit":
            return cap_raises.run(options)
        case "set":
            scope = next(((each, getattr(options, each)) for each in _SCOPES if getattr(options, each)), None)
            edited(options, lambda file: set_cap(file, options.name, options.amount, scope))
        case "list":
            _list(file_in_force(options), as_json=options.json)
        case "remove":
            edited(options, lambda file: edit.remove(file, ("caps", options.name)))
    return Exit.OK


def set_cap(file: Path, name: str, given: Amount, scope: tuple[str, str] | None) -> Config:
    """Write a cap. Raises as `edit.set_cap` does."""
    every, usd, tokens, requests = given.every.value, given.usd, given.tokens, given.requests
    return edit.set_cap(file, name, every=every, usd=usd, tokens=tokens, requests=requests, scope=scope)


def _list(file: Path, *, as_json: bool) -> None:
    try:
        caps = load(file).caps
    except BrokenConfig as broken:
        raise Failed("\n".join(map(str, broken.problems))) from None
    if as_json:
        say_json([_fields(cap) for cap in caps.values()])
    elif not caps:
        say("There is no cap. Make one: bursar cap set daily 5usd/day")
    else:
        accounts = [cap.account() for cap in caps.values()]
        rows = [(each.name, amount_of(each.limit, each.unit), str(each.every), each.scope) for each in accounts]
        say_table(("cap", "amount", "every", "for"), rows, right=(1,))


def _fields(cap: CapSettings) -> dict[str, object]:
    account = cap.account()
    return {
        "name": account.name,
        "unit": account.unit,
        "limit": account.limit,
        "every": account.every,
        "scope": account.scope,
    }
