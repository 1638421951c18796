"""Filtering: which calls a typed filter leaves."""

from bursar.contract.snapshot import ExchangeView
from bursar_tui.marks import exchange_mark


def matches(exchange: ExchangeView, filter_text: str) -> bool:
    """Whether every word of the filter occurs somewhere in what a row says; capitals do not matter."""
    words = filter_text.lower().split()
    if not words:
        return True
    said = _said(exchange)
    return all(word in said for word in words)


def _said(exchange: ExchangeView) -> str:
    """Everything about a call that can be looked for, parted so that no word spans two facts."""
    facts = [
        exchange.id,
        exchange.alias,
        exchange.key,
        exchange.project,
        exchange.client,
        exchange.code,
        exchange.message,
        exchange.finish_reason,
        exchange_mark(exchange).word,
        "running" if exchange.outcome is None else exchange.outcome.value,
        str(exchange.status) if exchange.status else "",
    ]
    for attempt in exchange.attempts:
        facts += [f"{attempt.upstream}/{attempt.model}", attempt.code, attempt.message, *attempt.paid_by]
    if len(exchange.attempts) > 1:
        facts.append("fallback")
    return "\n".join(facts).lower()
