"""What a key is held to, as people type it: options that issue and set share, and what they ask of the proxy."""

import argparse
import time
from typing import Any

from bursar.cli.amounts import amount
from bursar.cli.times import span_ms
from bursar.contract.commands import ChangeKey, IssueKey
from bursar.domain.key_limits import network_of
from bursar.domain.rates import rate_of

_NONE = "none"


def add_limits(parser: argparse.ArgumentParser, *, lifts: bool) -> None:
    """The options. Where they change a key, `none` in place of a value lifts that limit."""
    more = "; none: no such limit" if lifts else ""
    listed: dict[str, Any] = {"nargs": "+", "action": "extend"}
    nothing = "; '': none" if lifts else ""
    parser.add_argument("--project", metavar="NAME", help=f"the project that its calls count for{nothing}")
    parser.add_argument(
        "--models", **listed, metavar="GLOB", help=f"the aliases it may use; {'all' if lifts else 'default'}: all"
    )
    parser.add_argument(
        "--cap", type=amount, action="append", default=[], metavar="AMOUNT", help="a spending limit, such as 5usd/day"
    )
    parser.add_argument(
        "--rate",
        **listed,
        type=_none_or(_rate),
        metavar="RATE",
        help=f"so much in each window of time: 60/min, 10/s, 1000/hour, 100000tok/min{more}",
    )
    parser.add_argument("--parallel", type=_none_or(_count), metavar="N", help=f"calls at once, at most{more}")
    parser.add_argument(
        "--ip", **listed, type=_none_or(_network), metavar="CIDR", help=f"where its calls may come from{more}"
    )
    parser.add_argument("--expires", type=_none_or(span_ms), metavar="TIME", help=f"when it ends: 30d, 12h{more}")
    parser.add_argument(
        "--fallback", **listed, metavar="MODEL", help=f"what to try next for calls that name nothing{more}"
    )
    parser.add_argument(
        "--keep-content",
        action=argparse.BooleanOptionalAction,
        help="whether prompts and answers of its calls are kept for a while; default: nothing is",
    )
    parser.add_argument(
        "--max-tokens", type=_none_or(_count), metavar="N", help=f"how long one answer may be, in tokens{more}"
    )


def issue_command(options: argparse.Namespace) -> IssueKey:
    """What `key issue` asks for."""
    return IssueKey(options.name, **_given(options))


def change_command(options: argparse.Namespace) -> ChangeKey:
    """What `key set` asks for."""
    return ChangeKey(**_given(options))


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The options that were given, under the names of the commands' fields."""
    fields: dict[str, Any] = {}
    if options.project is not None:
        fields["project"] = options.project
    for field, values, nothing in (
        ("models", options.models, "all"),
        ("rates", options.rate, _NONE),
        ("networks", options.ip, _NONE),
        ("fallback", options.fallback, _NONE),
    ):
        if values is not None:
            fields[field] = () if values == [nothing] else tuple(values)
    for field, value in (("parallel", options.parallel), ("max_tokens", options.max_tokens)):
        if value is not None:
            fields[field] = None if value == _NONE else value
    if options.keep_content is not None:
        fields["keep_content"] = options.keep_content
    if options.expires is not None:
        now_ms = time.time_ns() // 1_000_000
        fields["expires_ms"] = None if options.expires == _NONE else now_ms + options.expires
    return fields


def _none_or(convert: Any) -> Any:
    def converted(text: str) -> Any:
        return _NONE if text == _NONE else convert(text)

    return converted


def _rate(text: str) -> str:
    try:
        return str(rate_of(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _network(text: str) -> str:
    try:
        return network_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{ascii(text)}: a whole number above 0, please")
    return int(text)
