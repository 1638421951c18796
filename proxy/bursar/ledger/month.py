"""The statement of one month: opening and closing balances, what was granted and used, and every transaction."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from bursar.contract.commands import SpendRow
from bursar.contract.statements import AccountBalance, MonthStatement, UsageLine
from bursar.domain.cycle import Every, cycle_at
from bursar.storage.store import EntrySum, Reader

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_NOON = 12


@dataclass(frozen=True, slots=True)
class Month:
    """A month in a time zone, up to and without `until_ms`."""

    name: str
    since_ms: int
    until_ms: int
    zone: str


def month_of(name: str | None, now_ms: int, zone: tzinfo) -> Month:
    """The month of a name such as `2026-09`, else the present one; no longer than up to now.

    Raises ValueError for a name that is none, or a month that is still to come.
    """
    at_ms = now_ms
    if name is not None:
        match = _MONTH.fullmatch(name)
        if match is None or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1970:
            raise ValueError(f"{name!r} is no month; write it like 2026-09")
        at_ms = int(datetime(int(match[1]), int(match[2]), 2, _NOON, tzinfo=zone).timestamp()) * 1000
    cycle = cycle_at(Every.MONTH, at_ms, zone)
    if cycle.start_ms > now_ms:
        raise ValueError(f"{name} is still to come")
    until_ms = now_ms + 1 if cycle.end_ms is None else min(cycle.end_ms, now_ms + 1)
    start = datetime.fromtimestamp(cycle.start_ms // 1000, zone)
    return Month(f"{start:%Y-%m}", cycle.start_ms, until_ms, str(zone))


def statement_of(month: Month, reader: Reader) -> MonthStatement:
    """The statement, from what is kept as of one moment."""
    lines = reader.usage_lines(month.since_ms, month.until_ms)
    by_model = _summed(lines, lambda line: line.model)
    return MonthStatement(
        month=month.name,
        since_ms=month.since_ms,
        until_ms=month.until_ms,
        zone=month.zone,
        total=total_of(by_model),
        by_model=by_model,
        by_upstream=_summed(lines, lambda line: line.upstream),
        by_project=_summed(lines, lambda line: line.project),
        by_key=_summed(lines, lambda line: line.key),
        accounts=_balances(month, reader),
        movements=tuple(reader.movements(month.since_ms, month.until_ms)),
        usage=tuple(lines),
    )


def total_of(rows: Iterable[SpendRow | UsageLine], label: str = "total") -> SpendRow:
    """The sum of rows."""
    sums = [0, 0, 0, 0, 0, 0]
    for row in rows:
        sums[0] += row.requests
        sums[1] += row.prompt_tokens
        sums[2] += row.cached_tokens
        sums[3] += row.completion_tokens
        sums[4] += row.reasoning_tokens
        sums[5] += row.cost_nano
    return SpendRow(label, *sums)


def _summed(lines: Sequence[UsageLine], heading: Callable[[UsageLine], str]) -> tuple[SpendRow, ...]:
    """The lines under each heading, the dearest first."""
    groups: defaultdict[str, list[UsageLine]] = defaultdict(list)
    for line in lines:
        groups[heading(line)].append(line)
    rows = [total_of(group, label) for label, group in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row.cost_nano, row.label)))


def _balances(month: Month, reader: Reader) -> tuple[AccountBalance, ...]:
    ends = {(each.account_id, each.cycle.start_ms): each.cycle.end_ms for each in reader.standings()}
    before = reader.entry_sums(0, month.since_ms)
    within = reader.entry_sums(month.since_ms, month.until_ms)
    openings = _in_force(before, ends, month.since_ms)
    closings = _in_force([*before, *within], ends, month.until_ms)
    granted: defaultdict[str, int] = defaultdict(int)
    used: defaultdict[str, int] = defaultdict(int)
    for each in within:
        granted[each.account_id] += each.granted
        used[each.account_id] += each.settled
    balances = []
    for account_id in sorted({*openings, *granted}):
        opening, closing = openings.get(account_id, 0), closings.get(account_id, 0)
        lapsed = opening + granted[account_id] - used[account_id] - closing
        balances.append(AccountBalance(account_id, opening, granted[account_id], used[account_id], lapsed, closing))
    return tuple(balances)


def _in_force(sums: Iterable[EntrySum], ends: dict[tuple[str, int], int | None], at_ms: int) -> dict[str, int]:
    """What each account had left, in the cycle that was in force just before an instant; a hold is no use yet."""
    left: defaultdict[str, int] = defaultdict(int)
    for each in sums:
        end_ms = ends.get((each.account_id, each.cycle_start_ms))
        if each.cycle_start_ms < at_ms and (end_ms is None or end_ms >= at_ms):
            left[each.account_id] += each.granted - each.settled
    return dict(left)
