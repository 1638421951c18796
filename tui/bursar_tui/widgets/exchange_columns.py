"""Exchange columns: what a row of the list of calls says."""

from dataclasses import dataclass
from datetime import tzinfo

from bursar.contract.snapshot import ExchangeView
from bursar_tui.ink import Piece, Role
from bursar_tui.marks import exchange_mark
from bursar_tui.widgets.columns import Column
from bursar_tui.words import SECOND_MS, cost, instant, milliseconds, stopwatch, tokens, took


@dataclass(frozen=True, slots=True)
class Row:
    """One exchange at one instant."""

    exchange: ExchangeView
    now_ms: int
    zone: tzinfo

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.exchange.outcome is None


ROOM_FOR_MODEL = 20
"""From this width on, a route is shown whole."""


def _state(row: Row, width: int) -> Piece:
    mark = exchange_mark(row.exchange)
    return Piece(f"{mark.glyph} {mark.word}", mark.role)


def _opened(row: Row, width: int) -> Piece:
    return Piece(instant(row.exchange.opened_ms, row.now_ms, row.zone), Role.MUTED)


def _alias(row: Row, width: int) -> Piece:
    return Piece(row.exchange.alias, Role.STRONG if row.running else Role.TEXT)


def _route(row: Row, width: int) -> Piece:
    """Where it went, with the model's name there if there is room; `↳` where that was not the first choice."""
    attempts = row.exchange.attempts
    if not attempts:
        return Piece("·", Role.FAINT)
    last, mark = attempts[-1], "↳ " if len(attempts) > 1 else ""
    name = f"{mark}{last.upstream}/{last.model}" if width >= ROOM_FOR_MODEL else f"{mark}{last.upstream}"
    return Piece(name, Role.WARN if mark else Role.MUTED)


def _key(row: Row, width: int) -> Piece:
    return Piece(row.exchange.key, Role.MUTED)


def _project(row: Row, width: int) -> Piece:
    return Piece(row.exchange.project or "·", Role.MUTED if row.exchange.project else Role.FAINT)


def _client(row: Row, width: int) -> Piece:
    return Piece(row.exchange.client or "·", Role.MUTED if row.exchange.client else Role.FAINT)


def _prompt(row: Row, width: int) -> Piece:
    return Piece(tokens(row.exchange.prompt_tokens), Role.MUTED)


def _completion(row: Row, width: int) -> Piece:
    count = row.exchange.completion_tokens
    return Piece(tokens(count), Role.TEXT) if count else Piece("·", Role.FAINT)


def _speed(row: Row, width: int) -> Piece:
    """Tokens a second, from the moment the route was asked."""
    exchange = row.exchange
    if not exchange.attempts or not exchange.completion_tokens:
        return Piece("·", Role.FAINT)
    ended_ms = exchange.opened_ms + exchange.total_ms if exchange.total_ms is not None else row.now_ms
    spent_ms = max(1, ended_ms - exchange.attempts[-1].started_ms)
    return Piece(f"{tokens(exchange.completion_tokens * SECOND_MS // spent_ms)}/s", Role.MUTED)


def _cost(row: Row, width: int) -> Piece:
    exchange = row.exchange
    if any(not attempt.priced for attempt in exchange.attempts):
        return Piece("no price", Role.MUTED)
    if not exchange.cost_nano:
        return Piece("·", Role.FAINT)
    return Piece(cost(exchange.cost_nano), Role.STRONG if row.running else Role.TEXT)


def _held(row: Row, width: int) -> Piece:
    held = row.exchange.held_nano
    return Piece(cost(held), Role.HELD) if held else Piece("·" if row.running else "", Role.FAINT)


def _first(row: Row, width: int) -> Piece:
    attempts = row.exchange.attempts
    return Piece(milliseconds(attempts[-1].first_ms) if attempts else "", Role.MUTED)


def _age(row: Row, width: int) -> Piece:
    if row.exchange.total_ms is not None:
        return Piece(took(row.exchange.total_ms), Role.MUTED)
    return Piece(stopwatch(row.now_ms - row.exchange.opened_ms), Role.TEXT)


def _why(row: Row, width: int) -> Piece:
    """How it ended, in a word or a sentence; of a running call, why it is not at its first route."""
    exchange = row.exchange
    if exchange.message or exchange.code:
        return Piece(exchange.message or exchange.code, Role.MUTED)
    for attempt in exchange.attempts:
        if attempt.code:
            return Piece(f"{attempt.upstream}: {attempt.message or attempt.code}", Role.MUTED)
    return Piece(exchange.finish_reason, Role.MUTED)


STATE = Column("state", 9, _state)
OPENED = Column("at", 8, _opened, rank=5)
ALIAS = Column("model", 10, _alias, most=20)
ROUTE = Column("route", 10, _route, rank=4, most=32)
KEY = Column("key", 7, _key, rank=6, most=14)
PROJECT = Column("project", 8, _project, rank=10, most=14)
CLIENT = Column("client", 10, _client, rank=11, most=20)
PROMPT = Column("in", 6, _prompt, rank=7, number=True)
COMPLETION = Column("out", 6, _completion, rank=2, number=True)
SPEED = Column("speed", 7, _speed, rank=9, number=True)
COST = Column("cost", 8, _cost, rank=1, number=True)
HELD = Column("held", 8, _held, rank=4, number=True)
FIRST = Column("first", 6, _first, rank=12, number=True)
AGE = Column("time", 6, _age, rank=3, number=True)
WHY = Column("why", 20, _why, rank=13, most=60)

NOW = (STATE, ALIAS, ROUTE, KEY, PROMPT, COMPLETION, SPEED, COST, HELD, AGE)
"""What matters while calls run."""

LIST = (STATE, OPENED, ALIAS, ROUTE, KEY, PROJECT, CLIENT, PROMPT, COMPLETION, SPEED, FIRST, COST, AGE, WHY)
"""What matters when they are looked through."""
