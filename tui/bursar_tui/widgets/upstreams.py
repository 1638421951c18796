"""Upstreams: how each of them is, and the last time a call had to go elsewhere."""

from bursar.contract.events import UpstreamView
from bursar.contract.snapshot import ExchangeView, Snapshot
from bursar_tui.chain import passed_on
from bursar_tui.ink import Line, Piece, Role, columns_of, line
from bursar_tui.marks import health_mark
from bursar_tui.seen import Seen
from bursar_tui.widgets.panel import Panel, heading
from bursar_tui.words import age, instant, milliseconds


class Upstreams(Panel):
    """One line where they fit into it, else as many as they need."""

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """A heading, the upstreams side by side, and the last fallback."""
        del height
        upstreams = configured(seen.snapshot)
        if not upstreams:
            return [
                heading("Upstreams", (), width),
                line(
                    Piece("None yet: ", Role.MUTED),
                    Piece("bursar init", Role.ACCENT),
                    Piece(" asks for one.", Role.MUTED),
                ),
            ]
        well = sum(upstream.health == "ok" for upstream in upstreams)
        every = well == len(upstreams)
        detail = Piece("all well" if every else f"{well} of {len(upstreams)} well", Role.MUTED if every else Role.WARN)
        lines = [heading("Upstreams", (detail,), width)]
        row: tuple[Piece, ...] = ()
        for upstream in upstreams:
            pieces = upstream_pieces(seen, upstream)
            if row and columns_of(row) + 3 + columns_of(pieces) > width:
                lines.append(line(row))
                row = ()
            row = (*row, Piece("   "), *pieces) if row else pieces
        lines.append(line(row))
        last = last_fallback(seen.snapshot)
        if last is not None:
            lines.append(line(fallback_pieces(seen, last)))
        return lines


def configured(snapshot: Snapshot) -> list[UpstreamView]:
    """Those that calls may go to; others are only known to run on this machine."""
    return [upstream for upstream in snapshot.upstreams.values() if not upstream.found]


def upstream_pieces(seen: Seen, upstream: UpstreamView) -> tuple[Piece, ...]:
    """`● openai 312 ms`, `▲ local cooling 24 s: timed out`."""
    mark = health_mark(upstream.health)
    pieces = [Piece(f"{mark.glyph} ", mark.role), Piece(upstream.name)]
    if upstream.health == "ok":
        pieces.append(
            Piece(f" {milliseconds(upstream.latency_ms)}" if upstream.latency_ms is not None else " ok", Role.MUTED)
        )
    else:
        pieces.append(Piece(f" {mark.word}{_left(seen, upstream.until_ms)}", mark.role))
        if upstream.reason:
            pieces.append(Piece(f" {upstream.reason}", Role.MUTED))
    return tuple(pieces)


def _left(seen: Seen, until_ms: int | None) -> str:
    if until_ms is None:
        return ""
    return f" {age(until_ms - seen.now_ms)}" if until_ms > seen.now_ms else ", next call tries it"


def last_fallback(snapshot: Snapshot) -> ExchangeView | None:
    """The newest call that did not stay at its first route."""
    return next((each for each in reversed(snapshot.exchanges.values()) if passed_on(each)), None)


def fallback_pieces(seen: Seen, exchange: ExchangeView) -> tuple[Piece, ...]:
    """`↳ 14:03:12 fast: openai rate_limit_exceeded, then apertis`."""
    first, last = exchange.attempts[0], exchange.attempts[-1]
    action = f"screen.open('{exchange.id}')"
    return (
        Piece("↳ ", Role.WARN, action),
        Piece(f"{instant(exchange.opened_ms, seen.now_ms, seen.zone)} ", Role.MUTED, action),
        Piece(exchange.alias, Role.TEXT, action),
        Piece(f" {first.upstream} {first.code}, then {last.upstream}", Role.MUTED, action),
    )
