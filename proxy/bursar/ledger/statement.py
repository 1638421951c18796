"""Statement: the read side of the ledger: spend, pages of history, one exchange, a month, and the audit of its sums."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from bursar.contract.commands import HistoryPage, SpendReport, SpendRow
from bursar.contract.snapshot import Spend
from bursar.contract.statements import ExchangeRecord, MonthStatement
from bursar.domain.clock import Clock
from bursar.domain.cycle import Cycle, Every, cycle_at, label_of
from bursar.ledger.audit import audit
from bursar.ledger.month import month_of, statement_of, total_of
from bursar.storage.store import Only, Reader, SpendBy, Store, Stretch

_TIMES = (Every.HOUR, Every.DAY, Every.WEEK, Every.MONTH)


@dataclass(frozen=True, slots=True)
class KeySpend:
    """What one client key has spent: ever, and since today, this week and this month began."""

    total: SpendRow
    day: SpendRow
    week: SpendRow
    month: SpendRow


class Statement:
    """Answers questions about what was used, without holding up any call. Raises StoreUnavailable throughout."""

    def __init__(self, store: Store, clock: Clock, zone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone

    async def spend(
        self, by: str, since_ms: int | None = None, until_ms: int | None = None, only: Only | None = None
    ) -> SpendReport:
        """What was settled from `since_ms` (else the first record) up to and without `until_ms` (else now).

        `by` is hour, day, week or month (rows in the order of time, without those that have no
        record), or model, key, project, upstream, client or alias (the dearest first). Raises
        ValueError for anything else.
        """
        if by not in (*_TIMES, *SpendBy):
            raise ValueError(f"spend by {by!r} is unknown; there are {', '.join((*_TIMES, *SpendBy))}")
        until = self._clock.now_ms() + 1 if until_ms is None else until_ms

        def ask(reader: Reader) -> SpendReport:
            first = reader.first_record_ms()
            since = since_ms if since_ms is not None else until if first is None else first
            if by in _TIMES:
                # Nothing was settled before the first record, and a year has 8,760 hours.
                begin = until if first is None else max(since, first)
                rows = reader.spend_in(list(self._stretches(Every(by), begin, until)), only)
            else:
                rows = reader.spend_by(SpendBy(by), since, until, only)
                rows.sort(key=lambda row: (-row.cost_nano, row.label))
            return SpendReport(by, since, until, tuple(rows), total_of(rows))

        return await self._store.read(ask)

    async def days(self, count: int) -> list[Spend]:
        """The spend of each of the last `count` days that had any, today included, in the order of time."""
        days: list[Cycle] = []
        at_ms = self._clock.now_ms()
        for _ in range(count):
            days.append(cycle_at(Every.DAY, at_ms, self._zone))
            at_ms = days[-1].start_ms - 1
        spans = {str(day.start_ms): (day.start_ms, day.end_ms or day.start_ms) for day in reversed(days)}
        rows = await self._store.read(
            lambda reader: reader.spend_in([Stretch(label, *span) for label, span in spans.items()])
        )
        return [
            Spend(*spans[row.label], row.cost_nano, row.prompt_tokens + row.completion_tokens, row.requests)
            for row in rows
        ]

    async def of_key(self, key: str) -> KeySpend:
        """What one client key has spent."""
        now_ms = self._clock.now_ms()
        starts = {"total": 0} | {
            every.value: cycle_at(every, now_ms, self._zone).start_ms for every in (Every.DAY, Every.WEEK, Every.MONTH)
        }
        stretches = [Stretch(label, start_ms, now_ms + 1) for label, start_ms in starts.items()]
        rows = await self._store.read(lambda reader: reader.spend_in(stretches, Only(SpendBy.KEY, key)))
        found = {row.label: row for row in rows}
        return KeySpend(**{label: found.get(label, SpendRow(label, 0, 0, 0, 0, 0, 0)) for label in starts})

    async def history(self, before: str | None = None, limit: int = 50) -> HistoryPage:
        """A page of usage records, those kept last first; `before` is the `next` of the page before.

        Raises ValueError for a `before` that is none.
        """
        if before is not None and not (before.isascii() and before.isdecimal() and len(before) < 19):
            raise ValueError(f"{before!r} is no place in the history")
        number = None if before is None else int(before)
        found = await self._store.read(lambda reader: reader.history(number, limit + 1))
        page = found[:limit]
        return HistoryPage(tuple(row for _, row in page), str(page[-1][0]) if len(found) > limit else None)

    async def exchange(self, exchange_id: str) -> ExchangeRecord:
        """Every attempt of one call. Raises LookupError where there is no record of it."""
        attempts = await self._store.read(lambda reader: reader.exchange(exchange_id))
        if not attempts:
            raise LookupError(f"there is no record of an exchange {exchange_id[:64]!r}")
        return ExchangeRecord(exchange_id, tuple(attempts))

    async def month(self, name: str | None = None) -> MonthStatement:
        """The statement of a month such as `2026-09`, else of the present one up to now. Raises ValueError for none."""
        month = month_of(name, self._clock.now_ms(), self._zone)
        return await self._store.read(lambda reader: statement_of(month, reader))

    async def audit(self) -> tuple[str, ...]:
        """What does not add up, in sentences; nothing should ever be."""
        return await self._store.read(audit)

    def _stretches(self, every: Every, since_ms: int, until_ms: int) -> Iterator[Stretch]:
        while since_ms < until_ms:
            cycle = cycle_at(every, since_ms, self._zone)
            end_ms = until_ms if cycle.end_ms is None else min(cycle.end_ms, until_ms)
            yield Stretch(label_of(every, cycle.start_ms, self._zone), since_ms, end_ms)
            since_ms = end_ms
