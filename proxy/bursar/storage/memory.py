"""MemoryStore: the reference of what a store does, for tests and for running without a disk."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from bursar.contract.commands import AttemptRow, SpendRow
from bursar.contract.statements import AttemptRecord, Movement, Paid, UsageLine
from bursar.domain.account import Share, Standing
from bursar.domain.exchange import UsageRecord
from bursar.domain.grant import Grant
from bursar.domain.hold import Entry, EntryKind, Hold
from bursar.storage.books import Books, Recorded
from bursar.storage.store import LARGEST, EntrySum, KeyUse, Reader, SpendBy, StoreUnavailable, Stretch, Transaction

T = TypeVar("T")


class MemoryStore:
    """A Store whose changes are kept at once, and for as long as it lives."""

    def __init__(self) -> None:
        self._books = Books()
        self._entries: list[Entry] = []
        self._records: list[Recorded] = []
        self._grants: dict[int, Grant] = {}
        self._closed = False

    def submit(self, change: Callable[[Transaction], T], *, patient: bool = False) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._closed:
            future.set_exception(StoreUnavailable("the store is closed"))
            return future
        try:
            answer = self._books.run(change)
        except Exception as error:
            future.set_exception(error)
            return future
        draft = self._books.take_draft()
        self._entries += draft.entries
        self._records += draft.records
        self._grants.update((grant.id, grant) for grant in draft.grants)
        future.set_result(answer)
        return future

    async def read(self, question: Callable[[Reader], T]) -> T:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return question(MemoryReader(self._books, self._entries, self._records, list(self._grants.values())))

    async def close(self) -> None:
        self._closed = True


class MemoryReader:
    """Answers questions from what a MemoryStore has kept."""

    def __init__(
        self, books: Books, entries: Sequence[Entry], records: Sequence[Recorded], grants: list[Grant]
    ) -> None:
        self._books = books
        self._entries = entries
        self._records = records
        self._grants = grants

    def spend_by(self, by: SpendBy, since_ms: int, until_ms: int) -> list[SpendRow]:
        chosen = self._between(since_ms, until_ms)
        headings = sorted({_heading(record, by) for record in chosen})
        return [_sum(heading, [each for each in chosen if _heading(each, by) == heading]) for heading in headings]

    def spend_in(self, stretches: Sequence[Stretch], key: str | None = None) -> list[SpendRow]:
        chosen = [
            (each.label, [record for record in self._between(each.start_ms, each.end_ms) if key in (None, record.key)])
            for each in stretches
        ]
        return [_sum(label, records) for label, records in chosen if records]

    def last_uses(self) -> list[KeyUse]:
        last = {record.key: KeyUse(record.key, record.at_ms, record.client) for record, _ in self._records}
        issued = self._books.issued
        return [use for use in last.values() if use.key in issued and use.at_ms >= issued[use.key].created_ms]

    def first_record_ms(self) -> int | None:
        return min((record.at_ms for record, _ in self._records), default=None)

    def history(self, before: int | None, limit: int) -> list[tuple[int, AttemptRow]]:
        numbered = [
            (number, attempt_row(record, tuple(share.account_id for share in paid)))
            for number, (record, paid) in enumerate(self._records, 1)
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
        lines = [
            usage_line(record, paid)
            for record, paid in self._records
            if since_ms <= record.at_ms < until_ms and (record.usage.requests or record.cost_nano)
        ]
        return sorted(lines, key=lambda line: line.at_ms)

    def movements(self, since_ms: int, until_ms: int) -> list[Movement]:
        return [
            movement(entry)
            for entry in self._entries
            if entry.kind in (EntryKind.GRANT, EntryKind.CORRECT) and since_ms <= entry.at_ms < until_ms
        ]

    def entries(self, account_id: str | None = None) -> list[Entry]:
        return [entry for entry in self._entries if account_id in (None, entry.account_id)]

    def entry_sums(self, since_ms: int | None = None, until_ms: int | None = None) -> list[EntrySum]:
        sums: dict[tuple[str, int], EntrySum] = {}
        since, until = -LARGEST if since_ms is None else since_ms, LARGEST if until_ms is None else until_ms
        for entry in self._entries:
            if not since <= entry.at_ms < until:
                continue
            key = entry.account_id, entry.cycle_start_ms
            so_far = sums.get(key) or EntrySum(*key, 0, 0, 0)
            granted, held, settled = entry.effect
            sums[key] = EntrySum(*key, so_far.granted + granted, so_far.held + held, so_far.settled + settled)
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
        return sum(record.cost_nano for record, _ in self._records)

    def _between(self, since_ms: int, until_ms: int) -> list[UsageRecord]:
        return [record for record, _ in self._records if since_ms <= record.at_ms < until_ms]


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


def _heading(record: UsageRecord, by: SpendBy) -> str:
    match by:
        case SpendBy.MODEL:
            return record.model
        case SpendBy.KEY:
            return record.key
        case SpendBy.PROJECT:
            return record.project
        case SpendBy.UPSTREAM:
            return record.upstream
        case SpendBy.CLIENT:
            return record.client
        case SpendBy.ALIAS:
            return record.alias


def _sum(label: str, records: Sequence[UsageRecord]) -> SpendRow:
    return SpendRow(
        label=label,
        requests=sum(record.usage.requests for record in records),
        prompt_tokens=sum(record.usage.prompt_tokens for record in records),
        cached_tokens=sum(record.usage.cached_tokens for record in records),
        completion_tokens=sum(record.usage.completion_tokens for record in records),
        reasoning_tokens=sum(record.usage.reasoning_tokens for record in records),
        cost_nano=sum(record.cost_nano for record in records),
    )
