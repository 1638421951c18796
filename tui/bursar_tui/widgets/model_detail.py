"""Model detail: one alias: its chain with the health, price and window of each route, and its last fallback."""

from collections.abc import Iterator

from bursar.contract.events import AliasView
from bursar_tui.chain import Link, calls_of, chain_of, last_fallback_of, passed_on
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.marks import health_mark
from bursar_tui.seen import Seen
from bursar_tui.widgets.columns import Column, fitted, row, titles
from bursar_tui.widgets.model_rows import chain_mark, went_on
from bursar_tui.widgets.panel import heading
from bursar_tui.widgets.upstream_detail import price
from bursar_tui.words import age, counted, instant, milliseconds, tokens

Placed = tuple[int, Link, int]
"""A route, its place in the chain, and the instant at which it is looked at."""


def model_detail(seen: Seen, name: str, width: int) -> list[Line]:
    """What is known of the alias of this name; nothing where it is gone."""
    alias = seen.snapshot.aliases.get(name)
    return list(_alias(seen, alias, width)) if alias is not None else []


def _alias(seen: Seen, alias: AliasView, width: int) -> Iterator[Line]:
    chain = chain_of(seen.snapshot, alias)
    yield heading(alias.name, (chain_mark(chain),), width)
    calls = calls_of(seen.snapshot, alias.name)
    elsewhere = sum(passed_on(call) for call in calls)
    words = f"{counted(len(calls), 'call')} in view" if calls else "not asked for lately"
    went = f", {elsewhere} not answered by the first route tried" if elsewhere else ""
    yield line(Piece(f"{words}{went}", Role.MUTED))
    yield BLANK
    yield line(Piece("Chain", Role.STRONG), Piece("  tried in this order, those that are not well last", Role.MUTED))
    columns = fitted(COLUMNS, width, [(place, link, seen.now_ms) for place, link in enumerate(chain, 1)])
    yield titles(columns)
    for place, link in enumerate(chain, 1):
        yield row(columns, (place, link, seen.now_ms))
        if link.reason:
            yield line(Piece("      └ ", Role.FAINT), Piece(link.reason, Role.WARN))
    yield from _counting(seen, chain)
    last = last_fallback_of(seen.snapshot, alias.name)
    yield BLANK
    if last is not None:
        when = instant(last.opened_ms, seen.now_ms, seen.zone)
        yield line(Piece("The last call that went on", Role.STRONG), Piece(f"  {when}, {last.key}", Role.MUTED))
        yield from went_on(seen, alias.name, width)
        yield line(Piece("  l", Role.KEY, "screen.last"), Piece(" opens it", Role.MUTED, "screen.last"))
        yield BLANK
    yield line(Piece("m", Role.KEY, "screen.chain"), Piece(" puts them in another order:", Role.MUTED, "screen.chain"))
    yield line(Piece(f"  bursar alias move {alias.name} 2 up", Role.ACCENT))
    yield line(Piece("What would become of a call now, and what it would cost:", Role.MUTED))
    yield line(Piece(f"  bursar explain {alias.name} --tokens 20000", Role.ACCENT))


def _counting(seen: Seen, chain: list[Link]) -> Iterator[Line]:
    """What was learned of how its routes count; nothing where that is nothing yet."""
    keys = (f"{link.upstream.name}/{link.route.family}" for link in chain if link.upstream and link.route)
    known = [seen.snapshot.calibrations[key] for key in dict.fromkeys(keys) if key in seen.snapshot.calibrations]
    learned = [each for each in known if each.prompt.is_learned or each.answer.is_learned]
    if learned:
        yield BLANK
        yield line(Piece("Counting", Role.STRONG), Piece("  tokens there for one of ours", Role.MUTED))
    for each in learned:
        yield line(Piece(f"{each.upstream}, {each.family}"))
        yield line(Piece(f"  in × {each.prompt}, out × {each.answer}", Role.MUTED))


def _place(each: Placed, width: int) -> Piece:
    return Piece(str(each[0]), Role.MUTED)


def _state(each: Placed, width: int) -> Piece:
    _, link, now_ms = each
    mark = health_mark(link.health)
    left = f" {age(link.until_ms - now_ms)}" if link.until_ms is not None and link.until_ms > now_ms else ""
    return Piece(f"{mark.glyph} {mark.word}{left}", mark.role)


def _route(each: Placed, width: int) -> Piece:
    return Piece(each[1].text)


def _latency(each: Placed, width: int) -> Piece:
    return Piece((milliseconds(each[1].route.latency_ms) if each[1].route is not None else "") or "·", Role.MUTED)


def _input(each: Placed, width: int) -> Piece:
    return price(each[1].route.input_nano if each[1].route is not None else None)


def _output(each: Placed, width: int) -> Piece:
    return price(each[1].route.output_nano if each[1].route is not None else None)


def _window(each: Placed, width: int) -> Piece:
    return Piece(tokens(each[1].window) if each[1].window is not None else "·", Role.MUTED)


COLUMNS = (
    Column("", 2, _place, number=True),
    Column("state", 14, _state),
    Column("route", 24, _route, most=44),
    Column("first", 6, _latency, rank=4, number=True),
    Column("in /M", 6, _input, rank=2, number=True),
    Column("out /M", 7, _output, rank=1, number=True),
    Column("window", 6, _window, rank=3, number=True),
)
