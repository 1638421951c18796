"""MemoryReader: answers questions from what a MemoryStore has kept, and from the sums of what it keeps no more."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from bursar.contract.commands import AttemptRow, SpendRow
from bursar.contract.statements import AttemptRecord, Movement, Paid, UsageLine
from bursar.domain.account import Share, Standing
from bursar.domain.exchange import UsageRecord
from bursar.domain.grant import Grant
from bursar.domain.hold import Entry, EntryKind, Hold
from bursar.storage.books import Books, Recorded
from bursar.storage.store import LARGEST, EntrySum, KeyUse, Only, SpendBy, Stretch, Sweep


class RolledUp:
    """What records and lines that are not kept came to, by day."""

    def __init__(self) -> None:
        self.daily: dict[tuple[object, ...], UsageLine] = {}
        self.openings: dict[tuple[str, int, int], EntrySum] = {}
        self.records = 0
        """How many there were: those that are kept are numbered after them."""

    def take(self, records: Sequence[Recorded], entries: Sequence[Entry], sweep: Sweep) -> None:
        """Add these."""
        self.records += len(records)
        for record, _ in records:
            line = msgspec.structs.replace(
                usage_line(record, ()), at_ms=sweep.day_of(record.at_ms), exchange_id="", attempt=0
            )
            key = (line.at_ms, *(getattr(line, by.value) for by in SpendBy))
            self.daily[key] = _added(self.daily[key], line) if key in self.daily else line
        for entry in entries:
            place = entry.account_id, entry.cycle_start_ms, sweep.day_of(entry.at_ms)
            so_far = self.openings.get(place, EntrySum(*place[:2], 0, 0, 0))
            self.openings[place] = _with_effect(so_far, entry.effect)


class MemoryReader:
    """Answers questions from what a MemoryStore has kept."""

    def __init__(
        self,
        books: Books,
        entries: Sequence[Entry],
        records: Sequence[Recorded],
        grants: list[Grant],
        rolled: RolledUp,
    ) -> None:
        self._books = books
        self._entries = entries
        self._records = records
        self._grants = grants
        self._rolled = rolled

    def spend_by(self, by: SpendBy, since_ms: int, until_ms: int, only: Only | None = None) -> list[SpendRow]:
        chosen = _restricted(self._between(since_ms, until_ms), only)
        headings = sorted({getattr(line, by.value) for line in chosen})
        return [_sum(heading, [each for each in chosen if getattr(each, by.value) == heading]) for heading in headings]

    def spend_in(self, stretches: Sequence[Stretch], only: Only | None = None) -> list[SpendRow]:
        chosen = [(each.label, _restricted(self._between(each.start_ms, each.end_ms), only)) for each in stretches]
        return [_sum(label, lines) for label, lines in chosen if lines]

    def last_uses(self) -> list[KeyUse]:
        last = {record.key: KeyUse(record.key, record.at_ms, record.client) for record, _ in self._records}
        issued = self._books.issued
        return [use for use in last.values() if use.key in issued and use.at_ms >= issued[use.key].created_ms]

    def first_record_ms(self) -> int | None:
        return min((line.at_ms for line in self._lines()), default=None)

    def first_kept_ms(self) -> int | None:
        kept = [*(record.at_ms for record, _ in self._records), *(entry.at_ms for entry in self._entries)]
        return min(kept, default=None)

    def history(self, before: int | None, limit: int) -> list[tuple[int, AttemptRow]]:
        numbered = [
            (number, attempt_row(record, tuple(share.account_id for share in paid)))
            for number, (record, paid) in enumerate(self._records, self._rolled.records + 1)
            if before is None or number < before
        ]
        return numbered[::-1][:limit]

    def exchange(self, exchange_id: str) -> list[AttemptRecord]:
        return [
            AttemptRecord(attempt_row(record, tuple(share.account_id for share in paid)), record.price, paid_of(paid))
            for record, paid in self._records
            if record.exchange_id == exchange_id
        ]

    def usage_lines(self, since_ms: int, until_ms: int) -> list[UsageLine]:
        lines = [line for line in self._between(since_ms, until_ms) if line.requests or line.cost_nano]
        return sorted(lines, key=lambda line: line.at_ms)

    def movements(self, since_ms: int, until_ms: int) -> list[Movement]:
        rolled = [
            Movement(at_ms, account_id, EntryKind.GRANT.value, each.granted)
            for (account_id, _, at_ms), each in self._rolled.openings.items()
            if each.granted
        ]
        moved = (EntryKind.GRANT, EntryKind.CORRECT)
        kept = [movement(entry) for entry in self._entries if entry.kind in moved]
        found = [each for each in (*rolled, *kept) if since_ms <= each.at_ms < until_ms]
        return sorted(found, key=lambda each: each.at_ms)

    def entries(self, account_id: str | None = None) -> list[Entry]:
        return [entry for entry in self._entries if account_id in (None, entry.account_id)]

    def entry_sums(self, since_ms: int | None = None, until_ms: int | None = None) -> list[EntrySum]:
        sums: dict[tuple[str, int], EntrySum] = {}
        since, until = -LARGEST if since_ms is None else since_ms, LARGEST if until_ms is None else until_ms
        lines = [((each.account_id, each.cycle_start_ms), each.at_ms, each.effect) for each in self._entries]
        for (account_id, start_ms, at_ms), each in self._rolled.openings.items():
            lines.append(((account_id, start_ms), at_ms, (each.granted, each.held, each.settled)))
        for key, at_ms, effect in lines:
            if since <= at_ms < until:
                sums[key] = _with_effect(sums.get(key) or EntrySum(*key, 0, 0, 0), effect)
        return list(sums.values())

    def standings(self) -> list[Standing]:
        return [*self._books.past.values(), *self._books.latest.values()]

    def holds(self) -> list[Hold]:
        return list(self._books.holds.values())

    def grants(self) -> list[Grant]:
        return self._grants

    def ended_twice(self) -> list[int]:
        ends = Counter(
            (entry.hold_id, entry.account_id)
            for entry in self._entries
            if entry.hold_id is not None and entry.kind in (EntryKind.SETTLE, EntryKind.RELEASE)
        )
        return sorted({hold_id for (hold_id, _), times in ends.items() if times > 1 and hold_id is not None})

    def records_cost_nano(self) -> int:
        return sum(line.cost_nano for line in self._lines())

    def _lines(self) -> list[UsageLine]:
        return [*self._rolled.daily.values(), *(usage_line(record, paid) for record, paid in self._records)]

    def _between(self, since_ms: int, until_ms: int) -> list[UsageLine]:
        return [line for line in self._lines() if since_ms <= line.at_ms < until_ms]


def _restricted(lines: list[UsageLine], only: Only | None) -> list[UsageLine]:
    return [line for line in lines if only is None or getattr(line, only.by.value) == only.name]


def attempt_row(record: UsageRecord, paid_by: tuple[str, ...]) -> AttemptRow:
    """A record as a page of history shows it."""
    return AttemptRow(
        exchange_id=record.exchange_id,
        attempt=record.attempt,
        at_ms=record.at_ms,
        key=record.key,
        project=record.project,
        client=record.client,
        alias=record.alias,
        upstream=record.upstream,
        model=record.model,
        status=record.status,
        outcome=record.outcome,
        usage=record.usage,
        quality=record.quality,
        prompt_counted=record.prompt_counted,
        completion_counted=record.completion_counted,
        cost_nano=record.cost_nano,
        priced=record.price is not None,
        price_source=record.price.source if record.price else "",
        paid_by=paid_by,
        first_ms=record.first_ms,
        total_ms=record.total_ms,
        stream=record.stream,
        finish_reason=record.finish_reason,
        refusal=record.refusal,
        notes=record.notes,
    )


def paid_of(shares: Sequence[Share]) -> tuple[Paid, ...]:
    """What each account paid, as the contract has it."""
    return tuple(Paid(share.account_id, share.amount) for share in shares)


def usage_line(record: UsageRecord, paid: Sequence[Share]) -> UsageLine:
    """A record as a line of a statement."""
    usage = record.usage
    return UsageLine(
        at_ms=record.at_ms,
        exchange_id=record.exchange_id,
        attempt=record.attempt,
        key=record.key,
        project=record.project,
        client=record.client,
        alias=record.alias,
        upstream=record.upstream,
        model=record.model,
        requests=usage.requests,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost_nano=record.cost_nano,
        paid=paid_of(paid),
    )


def movement(entry: Entry) -> Movement:
    """A grant or a correction as a line of a statement: what is settled more leaves less."""
    amount = entry.amount if entry.kind is EntryKind.GRANT else -entry.amount
    return Movement(entry.at_ms, entry.account_id, entry.kind.value, amount)


def _with_effect(so_far: EntrySum, effect: tuple[int, int, int]) -> EntrySum:
    granted, held, settled = effect
    return EntrySum(
        so_far.account_id,
        so_far.cycle_start_ms,
        so_far.granted + granted,
        so_far.held + held,
        so_far.settled + settled,
    )


def _added(one: UsageLine, other: UsageLine) -> UsageLine:
    both = _sum("", (one, other))
    figures = {name: getattr(both, name) for name in SpendRow.__struct_fields__ if name != "label"}
    return msgspec.structs.replace(one, **figures)


def _sum(label: str, lines: Iterable[UsageLine]) -> SpendRow:
    figures = [
        (
            line.requests,
            line.prompt_tokens,
            line.cached_tokens,
            line.completion_tokens,
            line.reasoning_tokens,
            line.cost_nano,
        )
        for line in lines
    ]
    return SpendRow(label, *map(sum, zip(*figures, strict=True)))
