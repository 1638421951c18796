"""Outlook: how fast money and quotas are used now, and when each account runs out at this rate."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from enum import Enum
from typing import assert_never

from bursar.contract.snapshot import AttemptView, ExchangeView, Snapshot, Spend
from bursar.domain.account import Account, Standing, Unit, opened
from bursar.domain.cycle import Every, cycle_at
from bursar.domain.grant import Grant, with_grants
from bursar.domain.money import FACTOR_ONE
from bursar_tui.words import HOUR_MS, MINUTE_MS, percent

WINDOW_MS = 15 * MINUTE_MS
"""What "now" means for a rate: long enough for a pause to think, short enough to notice a change."""

SHORTEST_WINDOW_MS = 3 * MINUTE_MS
"""A proxy that has just started does not extrapolate its first seconds."""

LOW_PERCENT = 80
"""From here on an account is said to be low (the first alert of a budget that matters to the eye)."""


class Level(Enum):
    """How an account stands, the most urgent first."""

    USED_UP = "used up"
    RUNS_OUT = "runs out"
    LOW = "low"
    LASTS = "lasts"


@dataclass(frozen=True, slots=True)
class Outlook:
    """One account and what comes of it.

    `rate` is what it loses an hour, in its unit. `out_ms` is the instant at which it runs out at
    this rate, or None where that is not before its cycle ends.
    """

    account: Account
    standing: Standing
    rate: int
    out_ms: int | None
    level: Level


def burn_nano(snapshot: Snapshot, now_ms: int) -> int:
    """What is being spent, in nano-dollars an hour, running calls included."""
    window_ms = _window_ms(snapshot, now_ms)
    settled = sum(spend.cost_nano for spend in snapshot.minutes if spend.end_ms > now_ms - window_ms)
    running = sum(unsettled_nano(exchange) for exchange in running_of(snapshot))
    return (settled + running) * HOUR_MS // window_ms


def running_of(snapshot: Snapshot) -> list[ExchangeView]:
    """The calls in flight, in the order in which they were opened."""
    return [exchange for exchange in snapshot.exchanges.values() if exchange.outcome is None]


def unsettled_nano(exchange: ExchangeView) -> int:
    """What a call has used that is not on disk yet."""
    settled = not exchange.attempts or exchange.attempts[-1].quality is not None
    return 0 if settled else exchange.cost_nano


def outlooks(snapshot: Snapshot, now_ms: int, zone: tzinfo) -> list[Outlook]:
    """Every account, the most urgent first; those alike in the order of the configuration."""
    used, window_ms = _used_lately(snapshot, now_ms)
    each = [
        _outlook(
            account,
            present_standing(account, snapshot.standings.get(account.id), now_ms, zone, snapshot.raises.values()),
            used.get(account.id, 0),
            window_ms,
            now_ms,
        )
        for account in snapshot.accounts.values()
    ]
    urgency = list(Level)
    return sorted(each, key=lambda outlook: (urgency.index(outlook.level), _soonest(outlook)))


def _soonest(outlook: Outlook) -> int:
    return outlook.out_ms or 0 if outlook.level is Level.RUNS_OUT else 0


def present_standing(
    account: Account, last: Standing | None, now_ms: int, zone: tzinfo, raises: Iterable[Grant] = ()
) -> Standing:
    """How an account stands now: afresh, with the raises that go on, where the last cycle known is over."""
    if last is not None and (last.cycle.end_ms is None or now_ms < last.cycle.end_ms):
        return last
    cycle = account.cycle(now_ms, zone, last.cycle if last is not None else None)
    return with_grants(opened(account, cycle), raises, now_ms)


def _outlook(account: Account, standing: Standing, used: int, window_ms: int, now_ms: int) -> Outlook:
    rate = used * HOUR_MS // window_ms
    if standing.available <= 0:
        return Outlook(account, standing, rate, None, Level.USED_UP)
    out_ms = now_ms + standing.available * window_ms // used if used else None
    end_ms = standing.cycle.end_ms
    if out_ms is not None and (end_ms is None or out_ms < end_ms):
        # A busy quarter of an hour says much about a day and little about a month.
        soon = account.every in (Every.HOUR, Every.DAY) or out_ms - now_ms < HOUR_MS
        return Outlook(account, standing, rate, out_ms, Level.RUNS_OUT if soon else Level.LASTS)
    low = percent(standing.held + standing.settled, standing.granted) >= LOW_PERCENT
    return Outlook(account, standing, rate, None, Level.LOW if low else Level.LASTS)


def _window_ms(snapshot: Snapshot, now_ms: int) -> int:
    return min(WINDOW_MS, max(SHORTEST_WINDOW_MS, now_ms - snapshot.started_ms))


def _used_lately(snapshot: Snapshot, now_ms: int) -> tuple[dict[str, int], int]:
    """What each account has lost lately, in its unit, and the stretch of time in which it has.

    Read from the exchanges kept: where a busy proxy keeps fewer than the window holds, the window
    is as short as they reach back.
    """
    closed = [exchange for exchange in snapshot.exchanges.values() if exchange.outcome is not None]
    window_ms = _window_ms(snapshot, now_ms)
    if closed and len(closed) >= 100:
        window_ms = min(window_ms, max(MINUTE_MS, now_ms - min(_ended_ms(exchange) for exchange in closed)))
    used: dict[str, int] = {}
    for exchange in snapshot.exchanges.values():
        if exchange.outcome is not None and _ended_ms(exchange) < now_ms - window_ms:
            continue
        for attempt in exchange.attempts:
            for account in _payers(snapshot, attempt):
                used[account.id] = used.get(account.id, 0) + _share(account.unit, attempt)
    return used, window_ms


def _payers(snapshot: Snapshot, attempt: AttemptView) -> Iterator[Account]:
    for account_id in attempt.paid_by:
        account = snapshot.accounts.get(account_id)
        if account is not None:
            yield account


def _share(unit: Unit, attempt: AttemptView) -> int:
    match unit:
        case Unit.NANO_DOLLARS:
            return attempt.cost_nano
        case Unit.TOKENS | Unit.WEIGHTED_TOKENS:
            # How heavy they weigh is the plan's own knowledge: for a rate the plain number does.
            return attempt.usage.total_tokens
        case Unit.REQUESTS:
            return attempt.usage.requests
        case Unit.MICRO_REQUESTS:
            return attempt.usage.requests * FACTOR_ONE
        case _:
            assert_never(unit)


def _ended_ms(exchange: ExchangeView) -> int:
    return exchange.opened_ms + (exchange.total_ms or 0)


def minutes_to(snapshot: Snapshot, now_ms: int, count: int) -> list[int]:
    """What each of the last `count` minutes cost, the present one last; minutes without a call are 0."""
    first = now_ms // MINUTE_MS - count + 1
    costs = [0] * count
    for spend in snapshot.minutes:
        place = spend.start_ms // MINUTE_MS - first
        if 0 <= place < count:
            costs[place] += spend.cost_nano
    return costs


def days_to(snapshot: Snapshot, now_ms: int, count: int, zone: tzinfo) -> list[Spend]:
    """The last `count` days, today last; a day without a call has nothing spent."""
    known = {spend.start_ms: spend for spend in snapshot.days}
    days: list[Spend] = []
    at_ms = now_ms
    for _ in range(count):
        day = cycle_at(Every.DAY, at_ms, zone)
        days.append(known.get(day.start_ms) or Spend(day.start_ms, day.end_ms or day.start_ms))
        at_ms = day.start_ms - 1
    return days[::-1]


def usual_nano(days: list[Spend]) -> int | None:
    """What a day cost on average, from the first of `days` that cost anything to yesterday; None without one."""
    costs = [day.cost_nano for day in days[:-1]]
    while costs and not costs[0]:
        del costs[0]
    return sum(costs) // len(costs) if costs else None
