"""`bursar wallet`: what was paid in for the calls to an upstream, and what the vendor says of it."""

import argparse

from bursar.cli.editing import added, edited
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.who import add_note, whoever
from bursar.cli.words import instant
from bursar.config import edit
from bursar.contract.accounts import Correct, GrantMade, TopUp, WalletRow, compare, correct, top_up, wallets
from bursar.contract.events import BalanceView
from bursar.contract.questions import Questions
from bursar.domain.money import nano_of_usd, usd

DESCRIPTION = """\
What was paid in for the calls to an upstream. A wallet is an envelope: it says what may be spent here of what the
vendor has; paying the vendor is done at the vendor.

examples:
  bursar wallet list
  bursar wallet top-up 20 --note "invoice 4711"
  bursar wallet correct 12.34                    so much is left, whatever was settled
  bursar wallet compare                          asks the vendor now
  bursar wallet add main --upstream main         then: bursar wallet top-up 20
  bursar wallet remove main
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("list", help="list all wallets", description="List all wallets.")
    pay = verbs.add_parser("top-up", help="pay in", description="Pay into a wallet.")
    pay.add_argument("amount", type=dollars, help="in US dollars, such as 20 or 12.50")
    right = verbs.add_parser(
        "correct", help="say what is left", description="Make what is left what you know it to be."
    )
    right.add_argument("amount", type=dollars, help="what is left, in US dollars")
    ask = verbs.add_parser("compare", help="ask the vendor", description="Compare a wallet with the vendor's balance.")
    for each in (pay, right, ask):
        each.add_argument("--wallet", help="its name; needed where there are several")
    for each in (pay, right):
        add_note(each)
    new = verbs.add_parser("add", help="make a wallet", description="Make a wallet for the calls to an upstream.")
    gone = verbs.add_parser("remove", help="remove a wallet", description="Remove a wallet; its history stays.")
    for each in (new, gone):
        each.add_argument("name", help="its name")
        add_config(each)
    new.add_argument("--upstream", required=True, help="the upstream whose calls it pays")
    new.add_argument("--low", metavar="USD", help="up to where it is said to be low")
    new.add_argument("--warning", metavar="USD", help="below what it is a warning")
    new.add_argument("--critical", metavar="USD", help="below what it is critical")
    new.add_argument("--link", metavar="URL", help="where to top up at the vendor")
    for each in (show, pay, right, ask):
        each.add_argument("--json", action="store_true", help="print JSON")
        add_config(each)


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    if options.verb == "add":
        settings = ("upstream", "low", "warning", "critical", "link")
        added(options, "wallets", {name: getattr(options, name) for name in settings})
        return Exit.OK
    if options.verb == "remove":
        edited(options, lambda file: edit.remove(file, ("wallets", options.name)))
        return Exit.OK
    with asking(places_of(options)) as proxy:
        if options.verb == "list":
            _list(proxy.ask(wallets()), as_json=options.json)
            return Exit.OK
        name = options.wallet or _only(proxy)
        match options.verb:
            case "top-up":
                paid = TopUp(amount=options.amount, note=options.note, by=whoever())
                _say_made(proxy.ask(top_up(name, paid)), as_json=options.json)
            case "correct":
                known = Correct(balance=options.amount, note=options.note, by=whoever())
                _say_made(proxy.ask(correct(name, known)), as_json=options.json)
            case _:
                _say_balance(proxy.ask(compare(name)), as_json=options.json)
    return Exit.OK


def dollars(text: str) -> int:
    """An amount in US dollars as nano-dollars, as argparse wants it."""
    try:
        return nano_of_usd(text.lower().removesuffix("usd"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{ascii(text)}: {error}") from None


def _only(proxy: Questions) -> str:
    names = [row.account.name for row in proxy.ask(wallets())]
    if len(names) != 1:
        known = f"one of {', '.join(names)}" if names else "there is none: bursar wallet add NAME --upstream UPSTREAM"
        raise Failed(f"Which wallet? Name it with --wallet ({known}).", Exit.WRONG_USE)
    return names[0]


def _list(rows: tuple[WalletRow, ...], *, as_json: bool) -> None:
    if as_json:
        say_json(rows)
    elif not rows:
        say("There is no wallet. Make one: bursar wallet add main --upstream main")
    else:
        cells = [
            (
                row.account.name,
                usd(row.standing.available),
                row.state,
                usd(row.standing.held),
                usd(row.standing.settled),
                _vendor(row.balance),
                row.account.link or "-",
            )
            for row in rows
        ]
        say_table(("wallet", "left", "state", "held", "spent", "vendor", "top up at"), cells, right=(1, 3, 4))


def _vendor(balance: BalanceView | None) -> str:
    if balance is None:
        return "-"
    if balance.problem:
        return "does not say"
    drift = "" if balance.drift_nano is None else f", drift {usd(balance.drift_nano)}"
    left = "" if balance.remaining_nano is None else f"{usd(balance.remaining_nano)} left"
    return (left or "used figures only") + drift + (" ALARM" if balance.alarm else "")


def _say_made(made: GrantMade, *, as_json: bool) -> None:
    if as_json:
        say_json(made)
    else:
        say(f'Wallet "{made.account.name}": {usd(made.standing.available)} left ({usd(made.grant.amount)} now).')


def _say_balance(view: BalanceView, *, as_json: bool) -> None:
    if as_json:
        say_json(view)
        return
    say(f"At {instant(view.compared_ms)} the vendor says: {_vendor(view)}.")
    if view.alarm:
        say("The vendor and this ledger do not agree: see `bursar log`, then `bursar wallet correct`.")
