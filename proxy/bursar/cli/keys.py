"""`bursar key`: issue, list and revoke the keys of client applications, with the proxy running or not."""

import argparse
import time

from bursar.cli.amounts import Amount, amount
from bursar.cli.caps import set_cap
from bursar.cli.editing import edited
from bursar.cli.exits import Exit, Failed
from bursar.cli.key_access import key_access
from bursar.cli.output import complain, say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.times import span_ms
from bursar.cli.words import instant
from bursar.contract.commands import IssueKey
from bursar.contract.events import KeyView

DESCRIPTION = """\
Issue, list and revoke the keys of client applications. A key is shown once, when it is issued; only its digest is kept.

examples:
  bursar key issue laptop
  bursar key issue laptop --cap 5usd/day --cap 1000requests/hour
  bursar key issue ci --models 'small-*' --expires 30d --project website
  bursar key issue laptop --json          {"name": "laptop", "key": "bk-..."}
  bursar key list
  bursar key revoke laptop
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    issue = verbs.add_parser("issue", help="issue a key", description="Issue a key. It is shown once.")
    issue.add_argument("name", help="the key's name, such as that of the machine or the program")
    issue.add_argument("--cap", type=amount, action="append", default=[], metavar="AMOUNT", help="such as 5usd/day")
    issue.add_argument("--project", default="", help="the project that its calls count for")
    issue.add_argument("--models", nargs="+", default=[], metavar="GLOB", help="the aliases it may use; default: all")
    issue.add_argument("--expires", type=span_ms, metavar="TIME", help="after how long it ends, such as 30d")
    issue.add_argument("--json", action="store_true", help="print name and key as one JSON object")
    show = verbs.add_parser("list", help="list all keys", description="List all keys.")
    show.add_argument("--json", action="store_true", help="print them as a JSON list")
    gone = verbs.add_parser("revoke", help="have a key accepted no longer", description="Accept a key no longer.")
    gone.add_argument("name", help="the key's name")
    for each in (issue, show, gone):
        add_config(each)


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    match options.verb:
        case "issue":
            _issue(options)
        case "list":
            _list(options)
        case "revoke":
            with key_access(places_of(options)) as access:
                access.revoke_key(options.name)
            say(f'The key "{options.name}" is not accepted any more.')
    return Exit.OK


def _issue(options: argparse.Namespace) -> None:
    now_ms = time.time_ns() // 1_000_000
    command = IssueKey(
        options.name,
        options.project,
        tuple(options.models),
        now_ms + options.expires if options.expires is not None else None,
    )
    with key_access(places_of(options)) as access:
        known = access.keys()
        if any(each.name == options.name for each in known):
            raise Failed(f'There is a key "{options.name}" already; revoke it first, or choose another name.')
        # The caps first: a key without the caps that were asked for must never be accepted.
        for cap in options.cap:
            _cap(options, cap)
        issued = access.issue_key(command)
    if options.json:
        say_json({"name": issued.name, "key": issued.key})
        return
    say(issued.key)
    complain(f'This is the key "{issued.name}". It is not shown again.')


def _cap(options: argparse.Namespace, cap: Amount) -> None:
    unit = "" if cap.usd is not None else "-tokens" if cap.tokens is not None else "-requests"
    name = f"{options.name}{unit}-{cap.every}"
    edited(options, lambda file: set_cap(file, name, cap, ("key", options.name)))


def _list(options: argparse.Namespace) -> None:
    with key_access(places_of(options)) as access:
        known = access.keys()
    if options.json:
        say_json(known)
    elif not known:
        say("There is no key. Issue one: bursar key issue laptop")
    else:
        say_table(("key", "ends in", "project", "models", "issued", "state", "last used"), map(_row, known))


def _row(key: KeyView) -> tuple[str, ...]:
    now_ms = time.time_ns() // 1_000_000
    state = "valid"
    if key.disabled:
        state = "disabled"
    elif key.expires_ms is not None:
        state = f"until {instant(key.expires_ms)}" if key.expires_ms > now_ms else "expired"
    used = f"{instant(key.last_used_ms)} {key.last_client}".rstrip() if key.last_used_ms is not None else "-"
    return (
        key.name,
        f"…{key.hint}",
        key.project or "-",
        " ".join(key.models) or "all",
        instant(key.created_ms),
        state,
        used,
    )
