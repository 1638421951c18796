"""`bursar log`: the calls, one attempt a line, or one in full; with `--process` what the proxy says of itself."""

import argparse
import sys
import time
from collections.abc import Iterator

from bursar.cli.content_lines import content_lines
from bursar.cli.exits import Exit, Failed
from bursar.cli.log_lines import exchange_lines, line_of
from bursar.cli.output import complain, say, say_json
from bursar.cli.places import add_config, places_of
from bursar.cli.process_lines import show
from bursar.cli.running import asking
from bursar.contract.commands import AttemptRow
from bursar.contract.content import content_of
from bursar.contract.log_line import Level
from bursar.contract.questions import Questions
from bursar.contract.way_in import NotRunning

DESCRIPTION = """\
The calls, one attempt a line, the latest last. Times are those of the end.
With --process, the log of the proxy itself: starts, configurations, upstreams, keys, budgets, faults. It never has
anything of a prompt, an answer or a secret in it, and can be read while no proxy runs.

examples:
  bursar log                        the last 20
  bursar log --limit 500 --json     one JSON object a line; money in nano-dollars
  bursar log --follow               and what comes, until Ctrl-C; waits while the proxy is away
  bursar log --id 1g6xk5v7zq0w3m    one call: its attempts, their prices, who paid
  bursar log --id 1g6xk5v7zq0w3m --content    what it asked and was answered, where its key keeps that
  bursar log --process --follow     what the proxy says of itself
  bursar log --process --level warning --having upstream
"""

_PAGE = 500
_FIRST_PAGE = 10
"""Most looks find nothing new, or little."""

_LOOK_S = 0.5


def arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Its options."""
    add_config(parser)
    parser.add_argument("--limit", type=_limit, default=20, metavar="N", help="how many lines; default: 20")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--follow", action="store_true", help="go on with what comes")
    which.add_argument("--id", metavar="EXCHANGE", help="one call, by the id in its x-bursar-exchange header")
    parser.add_argument(
        "--content", action="store_true", help="with --id: the prompt and the answer; with --json the media too"
    )
    parser.add_argument("--process", action="store_true", help="what the proxy says of itself, in place of calls")
    parser.add_argument("--level", choices=list(map(str, Level)), help="with --process: the least important line")
    parser.add_argument("--having", metavar="WORDS", help="with --process: lines that have all of these words")
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line")


def run(options: argparse.Namespace) -> int:
    """Ask, and print."""
    if options.content and not options.id:
        raise Failed("--content is for one call: bursar log --id ID --content", Exit.WRONG_USE)
    if options.process:
        return _of_the_process(options)
    if options.level or options.having:
        raise Failed("--level and --having are for --process.", Exit.WRONG_USE)
    if options.id:
        return _content(options) if options.content else _one(options)
    with asking(places_of(options)) as proxy:
        rows = list(_latest(proxy, options.limit))[::-1]
    if not (rows or options.follow or options.json):
        say("There are no calls yet.")
    for row in rows:
        _say(row, as_json=options.json)
    if options.follow:
        _follow(options, rows[-1] if rows else None)
    return Exit.OK


def _of_the_process(options: argparse.Namespace) -> int:
    if options.id:
        raise Failed("--id names a call; --process shows none.", Exit.WRONG_USE)
    options.level, options.having = options.level or Level.DEBUG, options.having or ""
    show(options)
    return Exit.OK


def _one(options: argparse.Namespace) -> int:
    with asking(places_of(options)) as proxy:
        exchange = proxy.exchange(options.id)
        units = {account.id: account.unit for account in proxy.status().accounts}
    if options.json:
        say_json(exchange)
    else:
        for line in exchange_lines(exchange, units):
            say(line)
    return Exit.OK


def _content(options: argparse.Namespace) -> int:
    with asking(places_of(options)) as proxy:
        content = proxy.ask(content_of(options.id, media=options.json))
    if options.json:
        say_json(content)
        return Exit.OK
    for line in content_lines(content):
        say(line)
    return Exit.OK


def _latest(proxy: Questions, limit: int, first: int = _PAGE) -> Iterator[AttemptRow]:
    """The latest attempts, the latest first; at most `first` of them are asked for at first."""
    before: str | None = None
    size = first
    while limit > 0:
        page = proxy.history(before, min(limit, size))
        yield from page.rows
        limit, before, size = limit - len(page.rows), page.next, _PAGE
        if before is None:
            return


def _follow(options: argparse.Namespace, last: AttemptRow | None) -> None:
    """Print what is new, twice a second. What was recorded while the proxy was away is not missed."""
    places, away = places_of(options), False
    while True:
        sys.stdout.flush()
        time.sleep(_LOOK_S)
        try:
            fresh = _since(Questions(places), last)
        except NotRunning:
            if not away:
                complain("The proxy is not running; waiting for it.")
            away = True
            continue
        away = False
        for row in fresh:
            _say(row, as_json=options.json)
            last = row


def _since(proxy: Questions, last: AttemptRow | None) -> list[AttemptRow]:
    """What came after an attempt, the earliest first."""
    fresh: list[AttemptRow] = []
    for row in _latest(proxy, sys.maxsize, _FIRST_PAGE):
        if row == last:
            break
        fresh.append(row)
    return fresh[::-1]


def _say(row: AttemptRow, *, as_json: bool) -> None:
    if as_json:
        say_json(row)
    else:
        say(line_of(row))


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 10**9):
        raise argparse.ArgumentTypeError(f"{ascii(text)}: a whole number from 1, please")
    return int(text)
