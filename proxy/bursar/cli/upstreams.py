"""`bursar upstream`: how the upstreams are, whether one answers, to take one for well again, to add and remove one."""

import argparse
import time

from bursar.cli.editing import added, edited
from bursar.cli.exits import Exit
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.words import duration
from bursar.config import edit
from bursar.config.schema import Kind
from bursar.contract.events import RouteView, UpstreamView

DESCRIPTION = """\
How the upstreams of the running proxy are, whether one answers, and to take one for well again.

examples:
  bursar upstream list              each upstream and route: ok, cooling (for how long, and why) or off
  bursar upstream list --json
  bursar upstream check             asks each for its models, which costs nothing
  bursar upstream check main
  bursar upstream clear main        after a top-up, or when you know better
  bursar upstream add main --kind openai_compatible --base-url https://api.example.com/v1 --secret keyring:main
  bursar upstream remove main
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("list", help="how they are", description="How the upstreams and their routes are.")
    show.add_argument("--json", action="store_true", help="print them as a JSON list")
    check = verbs.add_parser("check", help="ask whether they answer", description="Ask upstreams for their models.")
    check.add_argument("name", nargs="?", default="", help="the upstream's name; default: all")
    check.add_argument("--json", action="store_true", help="print the answers as a JSON list")
    clear = verbs.add_parser("clear", help="take one for well again", description="Take an upstream for well again.")
    clear.add_argument("name", help="the upstream's name")
    new = verbs.add_parser("add", help="add one", description="Add an upstream to the configuration.")
    new.add_argument("--kind", required=True, choices=[each.value for each in Kind], help="what speaks there")
    new.add_argument("--base-url", metavar="URL", help="where it is; needed for openai_compatible")
    new.add_argument("--secret", metavar="REF", help="where its key is: keyring:NAME, env:NAME, file:PATH or none")
    new.add_argument("--price-factor", metavar="N", help="what its prices are multiplied by, such as 0.7")
    new.add_argument("--free", action="store_true", default=None, help="nothing there costs anything")
    gone = verbs.add_parser("remove", help="remove one", description="Remove an upstream that nothing goes to.")
    for each in (new, gone):
        each.add_argument("name", help="the upstream's name")
    for each in (show, check, clear, new, gone):
        add_config(each)


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    match options.verb:
        case "clear":
            with asking(places_of(options)) as proxy:
                proxy.clear_upstream(options.name)
            say(f'The upstream "{options.name}" is taken for well.')
            return Exit.OK
        case "add":
            settings = ("kind", "base_url", "secret", "price_factor", "free")
            added(options, "upstreams", {name: getattr(options, name) for name in settings})
            return Exit.OK
        case "remove":
            edited(options, lambda file: edit.remove(file, ("upstreams", options.name)))
            return Exit.OK
        case "check":
            return _check(options)
        case _:
            return _list(options)


def _check(options: argparse.Namespace) -> int:
    with asking(places_of(options)) as proxy:
        names = [options.name] if options.name else [view.name for view in proxy.upstreams()]
        answers = [proxy.check_upstream(name) for name in names]
    if options.json:
        say_json(answers)
    for each in () if options.json else answers:
        took = duration(each.took_ms)
        said = f"answers in {took} and lists {each.models} models" if each.ok else each.message
        say(f"{'✓' if each.ok else '✗'} {each.name}: {said}")
    return Exit.OK if all(each.ok for each in answers) else Exit.PROBLEM


def _list(options: argparse.Namespace) -> int:
    with asking(places_of(options)) as proxy:
        upstreams = proxy.upstreams()
    if options.json:
        say_json(upstreams)
    elif not upstreams:
        say("There is no upstream. Set one up: bursar init")
    else:
        rows = [row for view in upstreams for row in (_row(view.name, view), *_routes(view))]
        say_table(("upstream", "state", "time left", "first event", "reason"), rows)
    return Exit.OK


def _routes(view: UpstreamView) -> list[tuple[str, ...]]:
    return [_row(f"  {route.model}", route) for route in view.routes]


def _row(name: str, view: UpstreamView | RouteView) -> tuple[str, ...]:
    left_ms = view.until_ms - time.time_ns() // 1_000_000 if view.until_ms is not None else None
    left = "-" if left_ms is None else duration(left_ms) if left_ms > 0 else "next call"
    latency = duration(view.latency_ms) if view.latency_ms is not None else "-"
    return name, view.health, left, latency, view.reason or "-"
