"""`bursar cap raise|undo|audit`: more for a while, undone, and the list of who granted what."""

import argparse

from bursar.cli.amounts import Amount, amount
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.times import span_ms
from bursar.cli.who import add_note, whoever
from bursar.cli.words import amount_of, instant
from bursar.contract.accounts import RaiseCap, grants, raise_cap, undo_raise
from bursar.contract.commands import Status
from bursar.domain.account import Unit
from bursar.domain.cycle import Every
from bursar.domain.grant import Grant
from bursar.domain.money import nano_of_usd


def add_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The verbs and what each takes."""
    more = verbs.add_parser(
        "raise", help="raise a cap for a while", description="Raise a cap for a while; it ends by itself."
    )
    more.add_argument("name", help="the cap's name")
    more.add_argument("amount", type=amount, help="how much more, such as 2usd, 50ktokens, 100requests")
    more.add_argument("--for", dest="span", type=span_ms, required=True, metavar="TIME", help="such as 1h, 90min, 2d")
    add_note(more)
    undo = verbs.add_parser("undo", help="end a raise now", description="End a raise before its time.")
    undo.add_argument("number", type=int, help="its number in `bursar cap audit`")
    audit = verbs.add_parser(
        "audit", help="who granted what", description="All raises, top-ups, resets and corrections, the latest first."
    )
    audit.add_argument("name", nargs="?", help="of this cap alone")
    for each in (more, undo, audit):
        each.add_argument("--json", action="store_true", help="print JSON")
        add_config(each)


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    with asking(places_of(options)) as proxy:
        match options.verb:
            case "raise":
                number, unit = _number_of(options.amount)
                command = RaiseCap(amount=number, unit=unit, for_ms=options.span, note=options.note, by=whoever())
                made = proxy.ask(raise_cap(options.name, command))
                if options.json:
                    say_json(made)
                else:
                    left = amount_of(made.standing.available, unit)
                    until = instant(made.grant.until_ms or 0)
                    say(f'Cap "{options.name}": {left} left until {until}. Undo: bursar cap undo {made.grant.id}')
            case "undo":
                ended = proxy.ask(undo_raise(options.number))
                say_json(ended) if options.json else say(f"Raise {ended.id} has ended.")
            case _:
                of = None if options.name is None else f"cap:{options.name}"
                _audit(proxy.ask(grants(of)), proxy.status(), as_json=options.json)
    return Exit.OK


def _number_of(given: Amount) -> tuple[int, Unit]:
    if given.every is not Every.TOTAL:
        raise Failed("A raise is an amount alone, such as 2usd; how long it lasts --for says.", Exit.WRONG_USE)
    if given.usd is not None:
        return nano_of_usd(given.usd), Unit.NANO_DOLLARS
    return (given.tokens, Unit.TOKENS) if given.tokens is not None else (given.requests or 0, Unit.REQUESTS)


def _audit(found: tuple[Grant, ...], status: Status, *, as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    if not found:
        say("Nothing was granted beside the configuration.")
        return
    units = {account.id: account.unit for account in status.accounts}
    rows = [
        (
            str(each.id),
            instant(each.at_ms),
            each.account_id,
            each.kind.value.replace("_", " "),
            amount_of(each.amount, units[each.account_id]) if each.account_id in units else str(each.amount),
            _end(each),
            each.by or "-",
            each.note or "-",
        )
        for each in found
    ]
    say_table(("number", "when", "account", "what", "amount", "end", "by", "note"), rows, right=(0, 4))


def _end(grant: Grant) -> str:
    if grant.until_ms is None:
        return "-"
    if grant.ended_ms is None:
        return f"ends {instant(grant.until_ms)}"
    return f"{'undone' if grant.undone else 'ended'} {instant(grant.ended_ms)}"
