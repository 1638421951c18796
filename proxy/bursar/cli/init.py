"""`bursar init`: from nothing to a first call; every question has an option, so that it also runs unattended."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from bursar.cli.amounts import Amount, amount
from bursar.cli.asking import ask, ask_until
from bursar.cli.doctor_prices import refused_unpriced, set_price
from bursar.cli.editing import edited, file_in_force
from bursar.cli.exits import Exit, Failed
from bursar.cli.init_upstream import NewUpstream, checked, chosen_upstream, stored
from bursar.cli.key_access import key_access
from bursar.cli.output import complain, say, say_json, say_prose
from bursar.cli.paste import paste_lines
from bursar.cli.places import add_config, places_of
from bursar.cli.running import running_status
from bursar.cli.vendors import VENDORS
from bursar.config import edit
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.config.template import starter
from bursar.contract.commands import IssueKey
from bursar.domain.clock import SystemClock
from bursar.domain.cycle import Every
from bursar.domain.route import Route

DESCRIPTION = """\
Set up Bursar: an upstream and its key, a daily cap, a first client key. It asks for what the options leave open;
with --yes it asks nothing. A configuration that is there already gets the upstream added.

examples:
  bursar init
  bursar init --yes --upstream openai --key-env OPENAI_API_KEY --model gpt-4.1-mini
  bursar init --yes --upstream other --name lab --base-url https://llm.example.com --key-stdin < key.txt
  bursar init --yes --upstream ollama --cap none
"""

_USUAL_CAP = "5usd/day"
_SHOWN_MODELS = 12


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options: one for every question."""
    add_config(parser)
    add = parser.add_argument
    add("--upstream", choices=[vendor.name for vendor in VENDORS], help="which upstream")
    add("--name", help="what to call it; default: the vendor's name")
    add("--base-url", metavar="URL", help="where it is, if not at the vendor's usual address")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--key-stdin", action="store_true", help="read its key from standard input and keep it")
    keys.add_argument("--key-env", metavar="NAME", help="its key will be in this variable whenever the proxy runs")
    keys.add_argument("--no-key", action="store_true", help="it needs no key")
    add("--key-file", metavar="PATH", type=Path, help="keep the key in this file of mode 0600, not in the keyring")
    add("--sealed", action="store_true", help="keep the key in the sealed file, which a passphrase opens")
    add("--no-check", action="store_true", help="do not ask the upstream whether it takes the key")
    add("--model", action="append", metavar="MODEL", help="a model behind the alias; another one is its fallback")
    add("--alias", default="default", metavar="NAME", help='the name that clients ask for; default: "default"')
    add("--cap", type=_cap, metavar="AMOUNT", help=f'such as {_USUAL_CAP}, which is the default, or "none"')
    add("--client", metavar="NAME", help='the name of the first client key; default: "laptop"')
    add("--yes", action="store_true", help="ask nothing, and take the defaults")
    add("--json", action="store_true", help="print the result as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Ask, check, write, and say what to paste where."""
    file = file_in_force(options)
    present = _present(file)
    upstream = chosen_upstream(options, set(present.upstreams))
    models = checked(upstream, options)
    routes = _routes(upstream, models, present, options)
    cap = _wanted_cap(present, options)
    client = options.client or ("laptop" if options.yes else ask("Name of the first client key", "laptop"))
    upstream = stored(upstream, file.parent, options)
    edited(options, lambda target: _write(target, upstream, options.alias, routes, cap))
    key = _first_key(client, options)
    _report(options, key, client, options.alias if routes else f"{upstream.name}/MODEL", routed=bool(routes))
    for route in refused_unpriced(load(file), places_of(options), SystemClock().now_ms()):
        _ask_for_price(route)
    return Exit.OK


def _ask_for_price(route: Route) -> None:
    """Say beforehand what would be refused."""
    complain(f"No price is known for {route}. Unless the upstream lists one, a cap in dollars refuses calls to it.")
    complain("State it, in dollars per million tokens:")
    complain(f"  {set_price(route)}")
    complain("or, if it costs nothing:")
    complain(f"  bursar config set 'prices.\"{route}\".price' free")


@dataclass(frozen=True, slots=True)
class _NoCap:
    """No cap is wanted."""


def _cap(text: str) -> Amount | _NoCap:
    return _NoCap() if text.lower() in ("none", "no", "0") else amount(text)


def _present(file: Path) -> Config:
    try:
        return load(file)
    except BrokenConfig as broken:
        raise Failed("\n".join(["The configuration that is there has problems:", *map(str, broken.problems)])) from None


def _routes(upstream: NewUpstream, models: tuple[str, ...], present: Config, options: argparse.Namespace) -> list[str]:
    """The routes of the first alias; none where it is there already, or no model was named."""
    if options.alias in present.aliases and not options.model:
        return []
    wanted = options.model or []
    if not wanted and not options.yes:
        if models:
            more = f" and {len(models) - _SHOWN_MODELS} more" if len(models) > _SHOWN_MODELS else ""
            say_prose(f"Models: {', '.join(models[:_SHOWN_MODELS])}{more}")
        name = ask(f'Model behind the alias "{options.alias}" (empty: none; {upstream.name}/MODEL works for all)')
        wanted = [name] if name else []
    for name in wanted:
        if models and name not in models:
            complain(f'"{name}" is not among the models that the upstream lists.')
    return [f"{upstream.name}/{name}" for name in wanted]


def _wanted_cap(present: Config, options: argparse.Namespace) -> Amount | None:
    """The daily cap; none where that is wanted, or where there is a cap already."""
    given = options.cap
    if given is None:
        if present.caps:
            return None
        given = _cap(_USUAL_CAP) if options.yes else ask_until("Spend at most (or none)", _USUAL_CAP, _typed_cap)
    return given if isinstance(given, Amount) else None


def _typed_cap(text: str) -> Amount | _NoCap:
    try:
        return _cap(text)
    except argparse.ArgumentTypeError as error:
        raise ValueError(str(error)) from None


def _write(file: Path, upstream: NewUpstream, alias: str, routes: list[str], cap: Amount | None) -> Config:
    """Write a first configuration, or add to the one that is there; whole or not at all."""
    tables: dict[str, dict[str, dict[str, object]]] = {"upstreams": {upstream.name: upstream.whole_table}}
    if routes:
        tables["aliases"] = {alias: {"routes": routes}}
    if cap is not None:
        table = edit.cap_table(every=cap.every.value, usd=cap.usd, tokens=cap.tokens, requests=cap.requests)
        tables["caps"] = {"daily" if cap.every is Every.DAY else str(cap.every): table}
    if not file.exists():
        return edit.replace_whole(file, starter(tables).encode(), if_match="")
    return edit.set_tables(file, {(kind, name): table for kind, each in tables.items() for name, table in each.items()})


def _first_key(client: str, options: argparse.Namespace) -> str:
    """The text of the first client key; empty where there is one of that name."""
    with key_access(places_of(options)) as access:
        known = access.keys()
        if any(key.name == client for key in known):
            complain(f'There is a client key "{client}" already; it stays as it is.')
            return ""
        return access.issue_key(IssueKey(client)).key


def _report(options: argparse.Namespace, key: str, client: str, model: str, *, routed: bool) -> None:
    file = file_in_force(options)
    running = running_status(places_of(options))
    base_url = running.public_url if running is not None else _usual_url(file)
    if options.json:
        say_json(
            {
                "config": str(file),
                "base_url": base_url,
                "name": client,
                "key": key or None,
                "model": model if routed else None,
            }
        )
        return
    for line in paste_lines(base_url, key, client, model):
        say(line)


def _usual_url(file: Path) -> str:
    """Where the proxy will be, as the configuration has it."""
    server = load(file).server
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"http://{host}:{server.port}/v1"
