"""Accounts, demands and records of a plain kind, for tests that are about something else."""

from dataclasses import replace

from bursar.domain.account import Account, AccountKind, Demand, Need, Unit
from bursar.domain.cycle import Every
from bursar.domain.exchange import Outcome, Price, UsageRecord
from bursar.domain.route import Route
from bursar.domain.usage import Quality, Usage

NOON_MS = 1_790_424_000_000
"""Saturday, 26 September 2026, 12:00 UTC."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

ROUTE = Route("main", "small-model")
PRICE = Price(150_000_000, 600_000_000, source="shipped 2026-09-01")


def cap(name: str = "laptop", limit: int = 1000, every: Every = Every.DAY, unit: Unit = Unit.NANO_DOLLARS) -> Account:
    """A cap for everything."""
    return Account(f"cap:{name}", AccountKind.CAP, name, unit, every, limit)


def asks(amount: int, *accounts: Account) -> tuple[Demand, ...]:
    """The same amount of each account, each on its own."""
    return tuple((Need(account, amount),) for account in accounts)


def record(exchange_id: str = "x1", cost_nano: int = 0, **changes: object) -> UsageRecord:
    """What a plain attempt left."""
    usual = UsageRecord(
        exchange_id=exchange_id,
        attempt=1,
        at_ms=NOON_MS,
        key="laptop",
        project="thesis",
        client="editor/1.2",
        alias="fast",
        upstream=ROUTE.upstream,
        model=ROUTE.model,
        status=200,
        outcome=Outcome.COMPLETE,
        usage=Usage(prompt_tokens=100, completion_tokens=20, cached_tokens=60, reasoning_tokens=5),
        quality=Quality.REPORTED,
        prompt_counted=98,
        completion_counted=20,
        price=PRICE,
        cost_nano=cost_nano,
        first_ms=420,
        total_ms=3100,
        stream=True,
        finish_reason="stop",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]
