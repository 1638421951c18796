"""`bursar plan`: subscriptions: what is left of them, in which state they are, and changes of plan."""

import argparse
import time
import tomllib
from datetime import datetime
from pathlib import Path

from bursar.cli.editing import added, edited
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.who import add_note, whoever
from bursar.cli.words import amount_of, instant
from bursar.config import edit
from bursar.config.load import load
from bursar.config.payers import PlanSettings
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.config.zone import zone_named
from bursar.contract.accounts import PlanRow, ResetPlan, plans, reset_plan
from bursar.domain.account import Unit
from bursar.domain.plan import PlanState
from bursar.domain.recurrence import Recurrence

DESCRIPTION = """\
Subscriptions: what a vendor grants each cycle, and what pays when it is used up.

examples:
  bursar plan list
  bursar plan add main --upstream main --weighted-tokens 5000000 --every "month from 12th"
  bursar plan remove main
  bursar plan set main --state grace --until 2026-12-07
  bursar plan set main --quota 10000000        more: at once, for what is left of the cycle; less: from the next one on
  bursar plan set main --overflow wallets.main --overflow-limit 50
  bursar plan cancel main                      at the end of the cycle
  bursar plan cancel main --now
  bursar plan reset main --note "the vendor did"
"""

_QUOTAS = ("tokens", "weighted_tokens", "requests", "usd")


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("list", help="list all plans", description="List all plans.")
    change = verbs.add_parser("set", help="change a plan", description="Change a plan.")
    change.add_argument("--state", choices=[each.value for each in PlanState], help="its state")
    change.add_argument("--until", metavar="DATE", help="until when; needed for grace and cancelled")
    change.add_argument("--quota", help="what it grants each cycle, in the unit that it has")
    change.add_argument("--overflow", help='"off", or a wallet such as wallets.main')
    change.add_argument("--overflow-limit", metavar="USD", help='what the wallet may pay each cycle; "none": all of it')
    new = verbs.add_parser("add", help="make a plan", description="Make a plan for the calls to an upstream.")
    new.add_argument("--upstream", required=True, help="the upstream whose calls it bears")
    quota = new.add_mutually_exclusive_group(required=True)
    for unit in _QUOTAS:
        quota.add_argument(f"--{unit.replace('_', '-')}", metavar="N", help="what it grants each cycle")
    new.add_argument("--every", required=True, metavar="CYCLE", help='such as "month from 12th" or "30 days"')
    new.add_argument("--overflow", help="a wallet that pays when it is used up, such as wallets.main")
    new.add_argument("--overflow-limit", metavar="USD", help="what the wallet may pay each cycle")
    new.add_argument("--model", dest="models", action="append", metavar="GLOB", help="a model that it bears")
    new.add_argument("--secret", metavar="REF", help="where its own key is, such as keyring:main-plan")
    gone = verbs.add_parser("remove", help="remove a plan", description="Remove a plan; its history stays.")
    end = verbs.add_parser("cancel", help="cancel a plan", description="Cancel a plan, at the end of its cycle.")
    end.add_argument("--now", action="store_true", help="at once")
    again = verbs.add_parser("reset", help="grant the quota anew", description="Grant a plan's quota anew.")
    add_note(again)
    for each in (change, new, gone, end, again):
        each.add_argument("name", help="the plan's name")
    for each in (show, change, new, gone, end, again):
        add_config(each)
    for each in (show, again):
        each.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    match options.verb:
        case "list":
            with asking(places_of(options)) as proxy:
                _list(proxy.ask(plans()), as_json=options.json)
        case "set":
            edited(options, lambda file: _set(file, options))
        case "add":
            added(options, "plans", _new(options))
        case "remove":
            edited(options, lambda file: edit.remove(file, ("plans", options.name)))
        case "cancel":
            edited(options, lambda file: _cancel(file, options.name, now=options.now))
        case _:
            with asking(places_of(options)) as proxy:
                made = proxy.ask(reset_plan(options.name, ResetPlan(note=options.note, by=whoever())))
            if options.json:
                say_json(made)
            else:
                say(f'Plan "{options.name}": {amount_of(made.standing.available, made.account.unit)} left.')
    return Exit.OK


def _set(file: Path, options: argparse.Namespace) -> Config:
    settings, table = _stated(file, options.name)
    if options.state is not None:
        table["state"] = options.state
        if options.until is None and options.state in (PlanState.ACTIVE, PlanState.SUSPENDED, PlanState.EXPIRED):
            table.pop("until", None)
    for name in ("until", "overflow"):
        if getattr(options, name) is not None:
            table[name] = getattr(options, name)
    if options.overflow == "off" or options.overflow_limit == "none":
        table.pop("overflow_limit", None)
    elif options.overflow_limit is not None:
        table["overflow_limit"] = options.overflow_limit
    if options.quota is not None:
        unit = next(name for name in _QUOTAS if getattr(settings, name) is not None)
        table[unit] = options.quota if unit == "usd" else _whole(options.quota)
    return edit.set_table(file, ("plans", options.name), table)


def _new(options: argparse.Namespace) -> dict[str, object]:
    """The table of a new plan, as the options state it."""
    unit = next(each for each in _QUOTAS if getattr(options, each) is not None)
    quota = getattr(options, unit)
    table = {name: getattr(options, name) for name in ("upstream", "models")}
    table[unit] = quota if unit == "usd" else _whole(quota)
    return table | {name: getattr(options, name) for name in ("every", "overflow", "overflow_limit", "secret")}


def _cancel(file: Path, name: str, *, now: bool) -> Config:
    settings, table = _stated(file, name)
    zone, now_ms = zone_named(load(file).server.zone), time.time_ns() // 1_000_000
    # A cycle from first use ends, as far as this command can know, when it has lasted from now on.
    end_ms = now_ms if now else settings.account(zone).cycle(now_ms, zone).end_ms or now_ms
    until = datetime.fromtimestamp(end_ms // 1000, zone).isoformat(timespec="seconds")
    table.update(state=PlanState.CANCELLED.value, until=until)
    return edit.set_table(file, ("plans", name), table)


def _stated(file: Path, name: str) -> tuple[PlanSettings, dict[str, object]]:
    """A plan and its table as the file has it. Raises Failed where there is none."""
    try:
        config = load(file)
    except BrokenConfig as broken:
        raise Failed("\n".join(map(str, broken.problems))) from None
    if name not in config.plans:
        known = ", ".join(config.plans) or "there is none; make one: bursar plan add"
        raise Failed(f"There is no plan {ascii(name)} ({known}).")
    return config.plans[name], dict(tomllib.loads(file.read_text("utf-8"))["plans"][name])


def _whole(text: str) -> int:
    digits = text.replace("_", "")
    if not (digits.isascii() and digits.isdecimal()):
        raise Failed(f"{ascii(text)} is no whole number.", Exit.WRONG_USE)
    return int(digits)


def _list(rows: tuple[PlanRow, ...], *, as_json: bool) -> None:
    if as_json:
        say_json(rows)
        return
    if not rows:
        say("There is no plan. Make one: bursar plan add --help")
        return
    cells = []
    for row in rows:
        account, standing = row.account, row.standing
        end_ms = standing.cycle.end_ms
        cells.append(
            (
                account.name,
                row.state,
                amount_of(standing.settled, account.unit),
                amount_of(standing.granted, account.unit),
                str(Recurrence(account.every, account.anchor)),
                instant(end_ms) if end_ms is not None else "never",
                _overflow(row),
            )
        )
    say_table(("plan", "state", "used", "of", "every", "resets", "overflow"), cells, right=(2, 3))


def _overflow(row: PlanRow) -> str:
    """Which wallet pays beyond it, and how much of what it may."""
    if not row.wallet:
        return "off"
    if row.overflow is None:
        return f"wallet {row.wallet}"
    used, most = (amount_of(each, Unit.NANO_DOLLARS) for each in (row.overflow.settled, row.overflow.granted))
    return f"wallet {row.wallet}, {used} of {most}"
