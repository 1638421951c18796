"""`bursar alerts`: what the proxy has said without being asked, taking it down, and a test whether it arrives."""

import argparse

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.words import instant
from bursar.contract.alerts import AlertsTried, AlertsView, WayTried, alerts, dismiss_alerts, try_alerts

DESCRIPTION = """\
What the proxy says without being asked, once for each cause: how much of a cap or a plan is used, that a wallet is
low, an upstream down, a vendor's balance off, the proxy exposed. Where it goes beside the terminal interface stands in
[alerts] of the configuration.

examples:
  bursar alerts                     what stands, and by which ways it goes
  bursar alerts test                send a test by every way, and say what came of it
  bursar alerts dismiss upstream:main
  bursar alerts dismiss --all
  bursar config set alerts.webhook '"https://chat.example.com/hooks/bursar"'
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    parser.add_argument("verb", nargs="?", choices=("list", "test", "dismiss"), default="list", help="without: list")
    parser.add_argument("cause", nargs="?", help="dismiss: the cause in the list")
    parser.add_argument("--all", action="store_true", help="dismiss: all of them")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_config(parser)


def run(options: argparse.Namespace) -> int:
    """Do what the verb says; the status is 1 where a test does not arrive."""
    if (options.verb == "dismiss") != (options.all or options.cause is not None) or (options.all and options.cause):
        raise Failed("Name a cause to dismiss, or --all; the other verbs take neither.", Exit.WRONG_USE)
    with asking(places_of(options), answer_s=20.0) as proxy:
        if options.verb == "test":
            return _say_tried(proxy.ask(try_alerts()), as_json=options.json)
        if options.verb == "dismiss":
            down = proxy.ask(dismiss_alerts(options.cause or ""))
            return _say_dismissed(down.count, asked=options.cause or "", as_json=options.json)
        view = proxy.ask(alerts())
    if options.json:
        say_json(view)
    else:
        _say_standing(view)
    return Exit.OK


def _say_standing(view: AlertsView) -> None:
    if not view.standing:
        say("Nothing stands.")
    for alert in reversed(view.standing):
        say(f"{instant(alert.at_ms)}  {alert.urgency.value:<7}  {alert.cause}")
        say(f"  {alert.sentence}")
    say()
    if not view.ways:
        say("They are shown in the terminal interface alone: [alerts] names no other way.")
        return
    rows = [(way.name, way.where or "-", f"{way.sent}", f"{way.left_out}", way.problem or "well") for way in view.ways]
    say_table(("way", "to", "sent", "left out", "last"), rows, right=(2, 3))


def _say_tried(tried: AlertsTried, *, as_json: bool) -> int:
    if as_json:
        say_json(tried)
    elif not tried.ways:
        say("There is no way to try: [alerts] names none but the terminal interface.")
    else:
        for way in tried.ways:
            to = f" ({way.where})" if way.where else ""
            mark = "✓" if not way.problem else "·" if _is_absent(way) else "✗"
            say(f"{mark} {way.name}{to}: {way.problem or 'sent'}")
    return Exit.PROBLEM if any(way.problem and not _is_absent(way) for way in tried.ways) else Exit.OK


def _is_absent(way: WayTried) -> bool:
    """Many machines have no desktop, and nobody has asked for one."""
    return way.name == "desktop" and not way.where


def _say_dismissed(count: int, *, asked: str, as_json: bool) -> int:
    if as_json:
        say_json({"dismissed": count})
    elif count:
        say("Taken down." if count == 1 else f"{count} taken down.")
    elif asked:
        say(f"Nothing stands of {asked}; see: bursar alerts")
    else:
        say("Nothing stands.")
    return Exit.OK if count or not asked else Exit.PROBLEM
