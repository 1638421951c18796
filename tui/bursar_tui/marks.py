"""Marks: a glyph, a word and a role for every state, so that none is told by its colour alone."""

from typing import NamedTuple, assert_never

from bursar.contract.snapshot import ExchangeView
from bursar.domain.alert import Urgency
from bursar.domain.exchange import Outcome
from bursar_tui.ink import Role
from bursar_tui.outlook import Level, Outlook

TURNING = "◐◓◑◒"
"""Turns by one with each sign of life, so that a stalled answer is seen to stand still; no timer moves it."""


class Mark(NamedTuple):
    """How a state looks and what it is called."""

    glyph: str
    word: str
    role: Role


HOLDING = Mark("○", "waiting", Role.MUTED)
ASKING = Mark("◌", "asking", Role.ACCENT)

OUTCOMES = {
    Outcome.COMPLETE: Mark("✓", "done", Role.GOOD),
    Outcome.CUT: Mark("◧", "cut", Role.WARN),
    Outcome.BROKEN: Mark("✗", "broken", Role.BAD),
    Outcome.LEFT: Mark("◁", "left", Role.MUTED),
    Outcome.REFUSED: Mark("⊘", "refused", Role.WARN),
    Outcome.FAILED: Mark("✗", "failed", Role.BAD),
}

MEANINGS = (
    (HOLDING, "no route chosen yet"),
    (ASKING, "sent to an upstream, no token back yet"),
    (Mark(TURNING[0], "live", Role.ACCENT), "answering; it turns with every sign of life"),
    (OUTCOMES[Outcome.COMPLETE], "the whole answer was delivered"),
    (OUTCOMES[Outcome.CUT], "ended politely at a budget's limit"),
    (OUTCOMES[Outcome.LEFT], "the client went away"),
    (OUTCOMES[Outcome.REFUSED], "refused before anything was sent"),
    (OUTCOMES[Outcome.BROKEN], "the upstream failed in the middle of its answer"),
    (OUTCOMES[Outcome.FAILED], "a fault of Bursar itself"),
)
"""Every state of a call and what it means, for the help screen."""


def exchange_mark(exchange: ExchangeView) -> Mark:
    """How a call stands: its outcome, or how far it has come."""
    if exchange.outcome is not None:
        return OUTCOMES[exchange.outcome]
    if not exchange.attempts or exchange.attempts[-1].code:
        return HOLDING
    if not exchange.completion_tokens:
        return ASKING
    return Mark(TURNING[exchange.completion_tokens % len(TURNING)], "live", Role.ACCENT)


def level_mark(outlook: Outlook) -> Mark:
    """How an account stands."""
    match outlook.level:
        case Level.USED_UP:
            return Mark("✗", "used up", Role.BAD)
        case Level.RUNS_OUT:
            return Mark("▲", "runs out", Role.WARN)
        case Level.LOW:
            return Mark("▲", "low", Role.WARN)
        case Level.LASTS:
            return Mark("●", "lasts", Role.GOOD)
        case _:
            assert_never(outlook.level)


def urgency_mark(urgency: Urgency) -> Mark:
    """How soon somebody should look at an alert."""
    match urgency:
        case Urgency.NOTE:
            return Mark("·", "note", Role.ACCENT)
        case Urgency.WARNING:
            return Mark("▲", "warning", Role.WARN)
        case Urgency.URGENT:
            return Mark("✗", "urgent", Role.BAD)
        case _:
            assert_never(urgency)


def health_mark(health: str) -> Mark:
    """How an upstream is."""
    match health:
        case "ok":
            return Mark("●", "ok", Role.GOOD)
        case "cooling":
            return Mark("▲", "cooling", Role.WARN)
        case "off":
            return Mark("✗", "off", Role.BAD)
        case _:
            return Mark("?", health, Role.WARN)
