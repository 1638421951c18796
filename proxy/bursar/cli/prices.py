"""`bursar prices`: what models cost, and where the price is from."""

import argparse
import time

from bursar.cli.editing import file_in_force
from bursar.cli.exits import Exit, Failed
from bursar.cli.known_prices import known_prices
from bursar.cli.output import say, say_json, say_table
from bursar.cli.places import add_config, places_of
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.domain.money import FACTOR_ONE, NANO_PER_USD, plain_usd, usd
from bursar.metering.prices import PriceBook, Quote

DESCRIPTION = """\
What models cost, in US dollars per million tokens, and where the price is from: the configuration's own prices count
first, then those that come with Bursar, then what the upstream itself lists. Without a model: those behind the
configured aliases.

examples:
  bursar prices
  bursar prices gpt-4.1-mini
  bursar prices gpt-4.1-mini --json      nano-dollars per million tokens

A price of one's own: bursar config set 'prices."main/small-model"' '{ input = "0.15", output = "0.60" }'
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("model", nargs="?", metavar="MODEL", help="a model's name")
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(options: argparse.Namespace) -> int:
    """Look up, and print."""
    try:
        config = load(file_in_force(options))
    except BrokenConfig as broken:
        raise Failed("\n".join(map(str, broken.problems))) from None
    book = known_prices(config, places_of(options))
    now_ms = time.time_ns() // 1_000_000
    missing: list[str] = []
    if options.model:
        quotes = list(book.describe(options.model, now_ms))
    else:
        quotes, missing = _configured(config, book, now_ms)
    if options.json:
        say_json(quotes)
        return Exit.OK
    if options.model and not quotes:
        raise Failed(f"No price is known for {options.model}. State one:\n{_to_add(options.model)}")
    if quotes:
        heads = ("at", "model", "input", "cached", "output", "request", "factor", "from")
        say_table(heads, map(_row, quotes), right=(2, 3, 4, 5, 6))
    for route in missing:
        say(f"No price is known for {route}, so a cap in dollars refuses it. State one:")
        say(f"  {_to_add(route)}")
    shipped = book.sources()[-1]
    say(f"The list that comes with Bursar is {shipped.name} of {shipped.date}, with {shipped.models:,} prices.")
    return Exit.OK


def _configured(config: Config, book: PriceBook, now_ms: int) -> tuple[list[Quote], list[str]]:
    """The prices of the routes of all aliases, and the routes without one."""
    quotes: list[Quote] = []
    missing: list[str] = []
    for route in dict.fromkeys(route for alias in config.aliases.values() for route in alias.routes):
        price = book.price(route.upstream, route.model, now_ms)
        if price is None:
            missing.append(str(route))
        else:
            quotes.append(Quote(route.upstream, "", route.model, price))
    return quotes, missing


def _row(quote: Quote) -> tuple[str, ...]:
    price = quote.price
    return (
        quote.upstream or f"({quote.provider})",
        quote.model,
        usd(price.input),
        usd(price.cached_input) if price.cached_input is not None else "-",
        usd(price.output),
        usd(price.request) if price.request else "-",
        plain_usd(price.factor * (NANO_PER_USD // FACTOR_ONE)),
        price.source,
    )


def _to_add(name: str) -> str:
    """The command that states a price."""
    return f'bursar config set \'prices."{name}"\' \'{{ input = "…", output = "…" }}\''
