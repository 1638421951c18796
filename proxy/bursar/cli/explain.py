"""`bursar explain`: what a request would cost, who would pay, what would refuse it; sends nothing."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bursar.cli.exits import Exit, Failed
from bursar.cli.output import say, say_json
from bursar.cli.places import add_config, places_of
from bursar.cli.running import asking
from bursar.cli.words import amount_of
from bursar.contract.explained import NO_REQUEST, Bearer, Explain, Explained, ExplainedRoute
from bursar.domain.money import usd

DESCRIPTION = """\
What a request would cost, who would pay, and what would refuse it. Nothing is sent, held or counted.

examples:
  bursar explain fast --tokens 20000 --max-tokens 2000
  bursar explain fast --tokens 20000 --stream --key laptop
  bursar explain fast --file request.json      a whole request, as it would be posted
  bursar explain --file request.json --json    for the model that it names

The exit status is 1 where the request would be refused.
"""


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("model", nargs="?", default="", metavar="MODEL", help="an alias, or upstream/model")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--file", type=Path, metavar="FILE", help="a chat completions request as JSON")
    size.add_argument("--tokens", type=_count, metavar="N", help="how many tokens the prompt has")
    parser.add_argument("--max-tokens", type=_count, metavar="M", help="the most tokens that the answer may take")
    parser.add_argument("--stream", action="store_true", help="as if the answer were streamed")
    parser.add_argument("--key", default="", metavar="NAME", help="as if asked with this client key")
    parser.add_argument("--project", default="", metavar="NAME", help="as if asked for this project")
    parser.add_argument("--json", action="store_true", help="print one JSON object; money in nano-dollars")


def run(options: argparse.Namespace) -> int:
    """Ask, and print."""
    if not (options.model or options.file):
        raise Failed("Name a model, or a --file that names one.", Exit.WRONG_USE)
    command = Explain(
        options.model,
        options.key,
        options.project,
        _request(options.file) if options.file else NO_REQUEST,
        options.tokens,
        options.max_tokens,
        options.stream,
    )
    with asking(places_of(options)) as proxy:
        explained = proxy.explain(command)
    if options.json:
        say_json(explained)
    else:
        for line in lines_of(explained):
            say(line)
    return Exit.OK if explained.chosen is not None else Exit.PROBLEM


def lines_of(explained: Explained) -> Iterator[str]:
    """The explanation in words."""
    asked = explained.alias + (f", by {explained.key}" if explained.key else "")
    if explained.chosen is None:
        yield f"{asked}: would be refused"
    else:
        yield f"{asked}: would go to {explained.chosen}"
    for place, route in enumerate(explained.routes, 1):
        yield ""
        yield f"{place}. {route.upstream}/{route.model}" + (f" (comes late: {route.health})" if route.health else "")
        for what, words in _facts(route, stream=explained.stream):
            yield f"   {what:<9}{words}"


def _facts(route: ExplainedRoute, *, stream: bool) -> Iterator[tuple[str, str]]:
    window = f", of a window of {route.window:,}" if route.window is not None else ""
    most = f"at most {route.most_tokens:,}" if route.most_tokens is not None else "no limit"
    counted = f", counted by {route.counted_by}" if route.counted_by is not None else ""
    yield "prompt", f"{route.prompt_tokens:,} tokens{window}{counted}"
    yield "answer", f"{most} tokens" + (" (we would set this limit)" if route.limit_set is not None else "")
    if route.price is None:
        yield "price", "none is known"
    else:
        price = route.price
        yield "price", f"{usd(price.input)} in, {usd(price.output)} out a million tokens ({price.source})"
        top = f"to {usd(route.most_nano)}" if route.most_nano is not None else "upwards, as far as the budget goes"
        yield "cost", f"from {usd(route.least_nano)} {top}"
    if route.refusal is not None:
        yield "refused", route.refusal.message
        return
    first = f"the prompt and {route.held_tokens:,} tokens of the answer" + (" at first" if stream else "")
    yield "holds", first
    for bearer in route.bearers:
        yield "", _bearer(bearer)
    if not route.bearers:
        yield "", "no account limits it"


def _bearer(bearer: Bearer) -> str:
    amount, left, granted = (amount_of(each, bearer.unit) for each in (bearer.amount, bearer.available, bearer.granted))
    return f"{bearer.account_id}: {amount} of {left} left (granted {granted})"


def _request(file: Path) -> msgspec.Raw:
    try:
        content = file.read_bytes()
        msgspec.json.decode(content)
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from None
    except msgspec.DecodeError as error:
        raise Failed(f"{file} is not JSON: {error}.") from None
    return msgspec.Raw(content)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < 2**31):
        raise argparse.ArgumentTypeError(f"{ascii(text)}: a whole number, please")
    return int(text)
