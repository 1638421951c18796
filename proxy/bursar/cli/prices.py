"""`bursar prices`: what models cost, and where the price is from."""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bursar.cli.editing import file_in_force
from bursar.cli.exits import Exit, Failed
from bursar.cli.known_prices import known_prices
from bursar.cli.output import say, say_json, say_prose, say_table
from bursar.cli.places import add_config, places_of
from bursar.config.load import load
from bursar.config.problems import BrokenConfig
from bursar.config.schema import Config
from bursar.domain.exchange import Price
from bursar.domain.money import FACTOR_ONE, NANO_PER_USD, plain_usd, usd
from bursar.metering.prices import PriceBook, Quote

DESCRIPTION = """\
What models cost, in US dollars per million tokens, and where the price is from: the configuration's own prices count
first, then those that come with Bursar, then what the upstream itself lists. Without a model: those behind the
configured aliases. Of one model also what it costs by another service tier, for long prompts, and what sound, images
or reasoning cost where that is something else.

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
        rows = [_row(quote) for quote in quotes]
        if options.model:
            rows = [row for quote in quotes for row in (_row(quote), *_others(quote))]
        say_table(heads, rows, right=(2, 3, 4, 5, 6))
        for sentence in _beside(quotes) if options.model else ():
            say_prose(sentence)
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
        quote = book.quote(route.upstream, route.model, now_ms)
        if quote is None:
            missing.append(str(route))
        else:
            quotes.append(quote)
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


def _others(quote: Quote) -> Iterator[tuple[str, ...]]:
    """A row for each other case, those that cost the same in one."""
    by_price: dict[Price, list[str]] = {}
    for each in quote.otherwise:
        case = f"above {each.prompt_above:,} tokens" if each.prompt_above else each.tier
        by_price.setdefault(each.price, []).append(case)
    for price, cases in by_price.items():
        figures = _row(replace(quote, price=price))[2:7]
        yield "", f"  {', '.join(cases)}", *figures, ""


def _beside(quotes: Sequence[Quote]) -> Iterator[str]:
    """What has a price of its own beside the table's columns, a sentence for all places that charge the same."""
    places: dict[str, list[str]] = {}
    for quote in quotes:
        places.setdefault(_parts(quote.price), []).append(quote.upstream or f"({quote.provider})")
    for parts, names in places.items():
        if parts:
            yield f"Beside these, at {', '.join(names)}: {parts}."


def _parts(price: Price) -> str:
    """The parts of a usage that have a price of their own; empty where none has."""
    parts = {
        "what goes into the cache": price.cache_write,
        "what is kept there for an hour": price.cache_write_1h,
        "reasoning": price.reasoning,
        "sound read": price.audio_input,
        "sound written": price.audio_output,
        "images read": price.image_input,
        "images written": price.image_output,
    }
    return ", ".join(f"{what} {usd(nano)}" for what, nano in parts.items() if nano is not None)


def _to_add(name: str) -> str:
    """The command that states a price."""
    return f'bursar config set \'prices."{name}"\' \'{{ input = "…", output = "…" }}\''
