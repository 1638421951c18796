"""`bursar key`: issue, show, change, rotate and revoke the keys of client applications, also while no proxy runs."""

import argparse

from bursar.cli.exits import Exit, Failed
from bursar.cli.key_access import KeyAccess, key_access, spent_by
from bursar.cli.key_caps import all_caps, caps_of_key, set_key_cap
from bursar.cli.key_options import add_limits, change_command, issue_command
from bursar.cli.key_tables import say_key, say_keys
from bursar.cli.output import complain, say, say_json
from bursar.cli.places import add_config, places_of
from bursar.cli.times import span_ms
from bursar.cli.words import duration
from bursar.contract.commands import ChangeKey, KeyIssued, RotateKey
from bursar.contract.events import KeyView

DESCRIPTION = """\
Issue, show, change, rotate and revoke the keys of client applications. A key is shown once; only its digest is kept.

examples:
  bursar key issue laptop
  bursar key issue laptop --cap 5usd/day --cap 1000requests/hour
  bursar key issue ci --models 'small-*' --expires 30d --project website
  bursar key issue ci --rate 60/min 10/s --parallel 4 --ip 10.0.0.0/8 --max-tokens 4000
  bursar key issue agent --keep-content   its prompts and answers can be read for a while: bursar log --id ID --content
  bursar key issue laptop --json          {"name": "laptop", "key": "bk-..."}
  bursar key list
  bursar key show laptop
  bursar key set laptop --rate 120/min --parallel none
  bursar key disable laptop               refused until: bursar key enable laptop
  bursar key rotate laptop --grace 2h     a new key; the old one is good for two hours more
  bursar key revoke laptop
"""

_USUAL_GRACE = "24h"
_STAYS = "What was kept of its calls stays until its time is over. To delete it now: bursar content forget --key {name}"


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(word: str, text: str, *, named: bool = True) -> argparse.ArgumentParser:
        each = verbs.add_parser(word, help=text, description=f"{text[:1].upper()}{text[1:]}.")
        if named:
            each.add_argument("name", help="the key's name, such as that of the machine or the program")
        each.add_argument("--json", action="store_true", help="print JSON")
        add_config(each)
        return each

    add_limits(verb("issue", "issue a key, which is shown once"), lifts=False)
    verb("list", "list all keys", named=False)
    verb("show", "show one key, what it is held to and its caps")
    add_limits(verb("set", "change what a key is held to; what is not named stays"), lifts=True)
    verb("disable", "have a key refused until it is enabled")
    verb("enable", "have a disabled key accepted again")
    verb("revoke", "have a key accepted no longer")
    rotate = verb("rotate", "replace a key by another of the same name, caps and sums")
    rotate.add_argument(
        "--grace",
        type=span_ms,
        default=span_ms(_USUAL_GRACE),
        metavar="TIME",
        help=f"how long the old key, and any before it, is good for at most (0h: not at all); default: {_USUAL_GRACE}",
    )


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    with key_access(places_of(options)) as access:
        match options.verb:
            case "issue":
                _issue(options, access)
            case "list":
                say_keys(access.keys(), all_caps(options), as_json=options.json)
            case "show":
                _show(options, access)
            case "set":
                _set(options, access)
            case "rotate":
                _rotate(options, access)
            case "disable":
                access.disable_key(options.name)
                _done(options, access, f'The key "{options.name}" is refused until: bursar key enable {options.name}')
            case "enable":
                access.enable_key(options.name)
                _done(options, access, f'The key "{options.name}" is accepted again.')
            case "revoke":
                kept = _found(options.name, access)
                access.revoke_key(options.name)
                if kept is not None and kept.keep_content:
                    complain(_STAYS.format(name=options.name))
                for cap in caps_of_key(options, options.name):
                    complain(f"Its cap stays, for a key of the same name; to remove it: bursar cap remove {cap.name}")
                if options.json:
                    say_json({"name": options.name, "revoked": True})
                else:
                    say(f'The key "{options.name}" is not accepted any more.')
    return Exit.OK


def _issue(options: argparse.Namespace, access: KeyAccess) -> None:
    if _found(options.name, access) is not None:
        raise Failed(f'There is a key "{options.name}" already; revoke it first, or choose another name.')
    # The caps first: a key without the caps that were asked for must never be accepted.
    for cap in options.cap:
        set_key_cap(options, cap)
    _say_once(options, access.issue_key(issue_command(options)), f'This is the key "{options.name}".')
    if options.keep_content:
        complain("Prompts and answers of its calls are kept for a while; for how long: bursar content list")


def _set(options: argparse.Namespace, access: KeyAccess) -> None:
    command = change_command(options)
    if command == ChangeKey() and not options.cap:
        raise Failed(f"Say what to change: bursar key set {options.name} --rate 60/min (bursar key set --help).")
    before = _named(options.name, access)
    for cap in options.cap:
        set_key_cap(options, cap)
    access.change_key(options.name, command)
    if before.keep_content and options.keep_content is False:
        complain(_STAYS.format(name=options.name))
    _show(options, access)


def _rotate(options: argparse.Namespace, access: KeyAccess) -> None:
    issued = access.rotate_key(options.name, RotateKey(options.grace))
    good = f"is good for {duration(options.grace)} more" if options.grace else "is refused from now on"
    _say_once(options, issued, f'This is the new key "{issued.name}"; the old one {good}.')


def _say_once(options: argparse.Namespace, issued: KeyIssued, sentence: str) -> None:
    if options.json:
        say_json({"name": issued.name, "key": issued.key})
        return
    say(issued.key)
    complain(f"{sentence} It is not shown again.")


def _done(options: argparse.Namespace, access: KeyAccess, sentence: str) -> None:
    if options.json:
        say_json(_named(options.name, access))
    else:
        say(sentence)


def _show(options: argparse.Namespace, access: KeyAccess) -> None:
    key = _named(options.name, access)
    spent = spent_by(access, options.name) if not options.json else None
    say_key(key, caps_of_key(options, options.name), spent, as_json=options.json)


def _found(name: str, access: KeyAccess) -> KeyView | None:
    known = access.keys()
    return next((each for each in known if each.name == name), None)


def _named(name: str, access: KeyAccess) -> KeyView:
    found = _found(name, access)
    if found is None:
        raise Failed(f'There is no key "{name}". See them all: bursar key list')
    return found
