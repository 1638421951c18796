"""Upstream detail: all there is to know about one upstream: why it is not well, its routes, who pays its calls."""

from collections.abc import Iterator

from bursar.contract.events import RouteView, UpstreamView
from bursar.domain.money import usd
from bursar.domain.refusals import UpstreamKeyMissing
from bursar_tui.ink import BLANK, Line, Piece, Role, line
from bursar_tui.marks import health_mark
from bursar_tui.seen import Seen
from bursar_tui.widgets.banner import wrapped
from bursar_tui.widgets.budget_detail import vendor_lines
from bursar_tui.widgets.columns import Column, fitted, row, titles
from bursar_tui.widgets.facts import fact, sentence, told
from bursar_tui.widgets.panel import heading
from bursar_tui.widgets.upstream_rows import left_of, payers_of
from bursar_tui.words import amount, counted, instant, milliseconds, span, tokens


def upstream_detail(seen: Seen, name: str, width: int) -> list[Line]:
    """What is known of the upstream of this name; nothing where it is gone."""
    view = seen.snapshot.upstreams.get(name)
    return list(_upstream(seen, view, width)) if view is not None else []


def _upstream(seen: Seen, view: UpstreamView, width: int) -> Iterator[Line]:
    mark = health_mark(view.health)
    state = Piece("○ not in use", Role.MUTED) if view.found else Piece(f"{mark.glyph} {mark.word}", mark.role)
    yield heading(view.name, (state,), width)
    yield line(Piece(f"{view.kind} · {view.base_url}", Role.MUTED))
    if view.found:
        yield from _found(view, width)
        return
    if view.health != "ok":
        yield BLANK
        yield from told("because", view.reason or view.code, width, mark.role)
        yield from told("until", _until(seen, view), width)
    yield BLANK
    first = milliseconds(view.latency_ms)
    yield fact("first event", Piece(f"{first} on average" if first else "nothing asked of it yet", Role.TEXT))
    listed = counted(view.listed, "model") if view.listed is not None else "it does not say"
    yield fact("lists", Piece(listed))
    if view.secret:
        yield from told("key", f"{view.secret}; s sets it", width)
    if view.last_failure:
        when = instant(view.last_failure_ms or 0, seen.now_ms, seen.zone)
        yield from told("last failure", f" {view.last_failure.rstrip('.')}, {when}", width)
    yield from _payers(seen, view, width)
    yield BLANK
    yield line(Piece("Routes", Role.STRONG), Piece("  of the aliases, and others that were asked", Role.MUTED))
    if not view.routes:
        yield from sentence("No alias goes there yet: add it to the routes of an alias.", width)
        return
    columns = fitted(ROUTES, width, [(route, seen.now_ms) for route in view.routes])
    yield titles(columns)
    for route in view.routes:
        yield row(columns, (route, seen.now_ms))
        why = route.reason or route.code if route.health != "ok" else route.last_failure
        if why:
            at = f", {instant(route.last_failure_ms, seen.now_ms, seen.zone)}" if route.last_failure_ms else ""
            words = why if route.health != "ok" else f"last failure: {why.rstrip('.')}{at}"
            role = Role.WARN if route.health != "ok" else Role.MUTED
            for begins, part in wrapped(words, width - 4):
                yield line(Piece("  └ " if begins else "    ", Role.FAINT), Piece(part, role))


def _found(view: UpstreamView, width: int) -> Iterator[Line]:
    yield BLANK
    many = f", and lists {counted(view.listed, 'model')}" if view.listed is not None else ""
    yield from sentence(f"It runs on this machine{many}, but no call goes there. To use it, add to the file:", width)
    yield BLANK
    for each in (f"[upstreams.{view.name}]", f'kind = "{view.kind}"', f'base_url = "{view.base_url}"'):
        yield line(Piece(f"  {each}", Role.ACCENT))
    yield BLANK
    yield line(Piece("  bursar config edit", Role.ACCENT), Piece("  opens it", Role.MUTED))


def _until(seen: Seen, view: UpstreamView) -> str:
    """When it is tried again, and what hurries it."""
    if view.code == UpstreamKeyMissing.code:
        return "its key is there: it is looked for every few seconds, and s takes one"
    if view.health == "off" and view.until_ms is None:
        return "somebody clears it (c), or a call has nowhere else to go and gets through"
    if view.until_ms is None or view.until_ms <= seen.now_ms:
        return "the next call, which tries it"
    left = span(view.until_ms - seen.now_ms) if view.until_ms - seen.now_ms > 120_000 else left_of(view, seen.now_ms)
    return f"in {left.strip()} a call may try it again; c clears it now"


def _payers(seen: Seen, view: UpstreamView, width: int) -> Iterator[Line]:
    snapshot = seen.snapshot
    for place, account in enumerate(payers_of(snapshot, view.name)):
        standing = snapshot.standings.get(account.id)
        left = f"{amount(standing.available, account.unit)} left" if standing is not None else "unused"
        yield fact("" if place else "paid by", Piece(f"{account.kind} {account.name}"), Piece(f"  {left}", Role.MUTED))
    for account in payers_of(snapshot, view.name):
        if account.id in snapshot.balances:
            yield from vendor_lines(seen, snapshot.balances[account.id], width)


RouteNow = tuple[RouteView, int]
"""A route and the instant at which it is looked at."""


def _state(each: RouteNow, width: int) -> Piece:
    route, now_ms = each
    mark = health_mark(route.health)
    left = left_of(route, now_ms)
    return Piece(f"{mark.glyph} {mark.word}{left if len(left) < 8 else ''}", mark.role)


def _model(each: RouteNow, width: int) -> Piece:
    return Piece(each[0].model)


def _latency(each: RouteNow, width: int) -> Piece:
    return Piece(milliseconds(each[0].latency_ms) or "·", Role.MUTED)


def _window(each: RouteNow, width: int) -> Piece:
    return Piece(tokens(each[0].window) if each[0].window is not None else "·", Role.MUTED)


def _input(each: RouteNow, width: int) -> Piece:
    return price(each[0].input_nano)


def _output(each: RouteNow, width: int) -> Piece:
    return price(each[0].output_nano)


def price(nano: int | None) -> Piece:
    """A price for a million tokens; a dot where nobody knows it."""
    return Piece(usd(nano), Role.TEXT) if nano is not None else Piece("·", Role.FAINT)


ROUTES = (
    Column("state", 14, _state),
    Column("model", 16, _model, most=40),
    Column("first", 6, _latency, rank=1, number=True),
    Column("in /M", 6, _input, rank=3, number=True),
    Column("out /M", 7, _output, rank=2, number=True),
    Column("window", 6, _window, rank=4, number=True),
)
