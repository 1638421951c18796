"""`bursar alias`: the names that clients ask for, and the routes of each in the order in which they are tried."""

import argparse
from collections.abc import Callable
from pathlib import Path

from bursar.cli.editing import edited, file_in_force
from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config
from bursar.config import edit
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import AliasSettings, Config
from bursar.contract.configuration import Edit, Put
from bursar.domain.route import Continue

DESCRIPTION = """\
The names that clients ask for, and the routes of each in the order in which they are tried.

examples:
  bursar alias list
  bursar alias set fast main/small-model local/small-model    the whole chain; makes the alias where there is none
  bursar alias set fast main/small-model --continue verify
  bursar alias add fast main/large-model                      one more route, the last; --first: the first
  bursar alias move fast main/large-model up                  or down, first, last, or a place such as 2
  bursar alias remove fast main/large-model                   one route; a number is the place of one
  bursar alias remove fast                                    the alias itself
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """The verbs and what each takes."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("list", help="list all aliases", description="List all aliases with their chains.")
    show.add_argument("--json", action="store_true", help="print them as a JSON list")
    put = verbs.add_parser("set", help="make an alias, or give it another chain", description="Set an alias's chain.")
    put.add_argument("name", help="the name that clients ask for")
    put.add_argument("routes", nargs="+", metavar="ROUTE", help="such as main/small-model, in the order to try")
    put.add_argument("--continue", dest="continue_", choices=[each.value for each in Continue], help="how it goes on")
    more = verbs.add_parser("add", help="add one route", description="Add one route to an alias.")
    more.add_argument("--first", action="store_true", help="as the first to try, not the last")
    move = verbs.add_parser("move", help="move one route", description="Move one route within its chain.")
    gone = verbs.add_parser("remove", help="remove a route or an alias", description="Remove a route, or an alias.")
    for each in (more, move, gone):
        each.add_argument("name", help="the alias")
    for each in (more, move):
        each.add_argument("route", help="such as main/small-model; to move it, its place will do")
    gone.add_argument("route", nargs="?", help="the route, or its place; default: the whole alias")
    move.add_argument("to", metavar="WHERE", help="up, down, first, last, or a place from 1")
    for each in (show, put, more, move, gone):
        add_config(each)


def run(options: argparse.Namespace) -> int:
    """Do what the verb says."""
    name = getattr(options, "name", "")
    match options.verb:
        case "list":
            _list(file_in_force(options), as_json=options.json)
        case "set":
            edited(options, lambda file: _set(file, name, options.routes, options.continue_))
        case "add":
            _chain(options, lambda chain: [options.route, *chain] if options.first else [*chain, options.route])
        case "move":
            _chain(options, lambda chain: moved(chain, _place(chain, options.route), options.to))
        case _ if options.route is None:
            edited(options, lambda file: edit.remove(file, ("aliases", name)))
        case _:
            _chain(options, lambda chain: _without(chain, _place(chain, options.route)))
    return Exit.OK


def moved(chain: list[str], place: int, to: str) -> list[str]:
    """The chain with the route at a place (from 0) somewhere else. Raises Failed for what is no place of it."""
    last = len(chain) - 1
    places = {"up": max(0, place - 1), "down": min(last, place + 1), "first": 0, "last": last}
    goal = places.get(to, int(to) - 1 if to.isascii() and to.isdecimal() else -1)
    if not 0 <= goal <= last:
        raise Failed(f"{ascii(to)} is none of up, down, first, last and the places 1 to {last + 1}.", Exit.WRONG_USE)
    rest = _without(chain, place)
    return [*rest[:goal], chain[place], *rest[goal:]]


def _without(chain: list[str], place: int) -> list[str]:
    return [*chain[:place], *chain[place + 1 :]]


def _place(chain: list[str], route: str) -> int:
    """Where a route stands, from 0: by its text, or by its place from 1."""
    if route in chain:
        return chain.index(route)
    if route.isascii() and route.isdecimal() and 1 <= int(route) <= len(chain):
        return int(route) - 1
    raise Failed(f"There is no route {ascii(route)} in it; its routes are {', '.join(chain)}.")


def _chain(options: argparse.Namespace, change: Callable[[list[str]], list[str]]) -> None:
    """Give an alias another chain, made of the one it has."""

    def changed(file: Path) -> Config:
        config = load(file, environ={})
        if options.name not in config.aliases:
            known = ", ".join(config.aliases) or "there is none"
            raise Failed(f"There is no alias {ascii(options.name)} ({known}).")
        chain = change([str(route) for route in config.aliases[options.name].routes])
        if not chain:
            raise Failed(f"It is the only route; remove the alias itself: bursar alias remove {options.name}")
        return edit.set_value(file, ("aliases", options.name, "routes"), chain, if_match=config.digest)

    edited(options, changed)


def _set(file: Path, name: str, routes: list[str], how: str | None) -> Config:
    edits: list[Edit] = [Put(("aliases", name, "routes"), routes)]
    if how is not None:
        edits.append(Put(("aliases", name, "continue"), how))
    return edit.make(file, edits)


def _list(file: Path, *, as_json: bool) -> None:
    try:
        aliases = load(file, environ={}).aliases
    except BrokenConfig as broken:
        raise Failed("\n".join(map(str, broken.problems))) from None
    if as_json:
        say_json([_fields(alias) for alias in aliases.values()])
    elif not aliases:
        say("There is no alias. Make one: bursar alias set fast main/small-model")
    else:
        rows = [
            (alias.name if place == 0 else "", str(place + 1), str(route), alias.continue_.value if place == 0 else "")
            for alias in aliases.values()
            for place, route in enumerate(alias.routes)
        ]
        say_table(("alias", "", "route", "continue"), rows)


def _fields(alias: AliasSettings) -> dict[str, object]:
    return {"name": alias.name, "routes": [str(each) for each in alias.routes], "continue": alias.continue_.value}
