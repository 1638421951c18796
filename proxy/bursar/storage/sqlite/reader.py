"""SqliteReader: answers questions from the ledger's file, on a connection that only reads."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from bursar.contract.commands import AttemptRow, SpendRow
from bursar.contract.statements import AttemptRecord, Movement, Paid, UsageLine
from bursar.domain.account import Standing
from bursar.domain.exchange import Outcome, Price
from bursar.domain.grant import Grant
from bursar.domain.hold import Entry, Hold
from bursar.domain.usage import Quality, Usage
from bursar.storage.sqlite.load import grants, holds, standings
from bursar.storage.sqlite.rows import KINDS, SUMMED_TOKENS
from bursar.storage.store import EntrySum, KeyUse, SpendBy, Stretch

_SPEND = (
    "sum(requests), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),"
    " sum(reasoning_tokens), sum(cost_nano)"
)
_PAID = """
(SELECT json_group_array(json_array(w.text, json_extract(s.value, '$[1]'))) FROM json_each(paid) AS s
  CROSS JOIN word AS w ON w.id = json_extract(s.value, '$[0]'))
"""
_ATTEMPTS = f"""
SELECT seq, exchange, attempt, at_ms, k.text, p.text, c.text, a.text, u.text, m.text, status, o.text,
       prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, requests, other_tokens,
       q.text, prompt_counted, completion_counted, cost_nano, b.text,
       first_ms, total_ms, stream, f.text, r.text, n.text, {_PAID}
  FROM record
  JOIN word AS k ON k.id = key      JOIN word AS p ON p.id = project   JOIN word AS c ON c.id = client
  JOIN word AS a ON a.id = alias    JOIN word AS u ON u.id = upstream  JOIN word AS m ON m.id = model
  JOIN word AS o ON o.id = outcome  JOIN word AS q ON q.id = quality   JOIN word AS f ON f.id = finish_reason
  JOIN word AS r ON r.id = refusal  JOIN word AS n ON n.id = notes     LEFT JOIN word AS b ON b.id = price
"""  # noqa: S608 - all ours
_LINES = f"""
SELECT at_ms, exchange, attempt, k.text, p.text, c.text, a.text, u.text, m.text,
       requests, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost_nano, {_PAID}
  FROM record
  JOIN word AS k ON k.id = key      JOIN word AS p ON p.id = project   JOIN word AS c ON c.id = client
  JOIN word AS a ON a.id = alias    JOIN word AS u ON u.id = upstream  JOIN word AS m ON m.id = model
 WHERE at_ms >= ? AND at_ms < ? AND (requests <> 0 OR cost_nano <> 0)
"""  # noqa: S608 - all ours
_MOVEMENTS = """
SELECT at_ms, w.text, kind, CASE kind WHEN 0 THEN amount ELSE -amount END
  FROM entry JOIN word AS w ON w.id = account WHERE kind IN (0, 4) AND at_ms >= ? AND at_ms < ? ORDER BY seq
"""
_ENTRIES = """
SELECT kind, w.text, start_ms, amount, at_ms, hold, held
  FROM entry JOIN word AS w ON w.id = account
"""
_ENTRY_SUMS = """
SELECT w.text, start_ms,
       sum(CASE kind WHEN 0 THEN amount ELSE 0 END),
       sum(CASE kind WHEN 1 THEN amount WHEN 3 THEN amount ELSE -held END),
       sum(CASE kind WHEN 2 THEN amount WHEN 4 THEN amount ELSE 0 END)
  FROM entry JOIN word AS w ON w.id = account WHERE at_ms >= ? AND at_ms < ? GROUP BY account, start_ms
"""
_LAST_USES = """
SELECT k.name, r.at_ms, c.text FROM client_key AS k JOIN word AS w ON w.text = k.name
  JOIN record AS r ON r.seq = (SELECT max(seq) FROM record WHERE key = w.id) JOIN word AS c ON c.id = r.client
 WHERE r.at_ms >= k.created_ms
"""
_FARTHEST = 2**63 - 1
_PRICE_AT = 21
"""Where the price is in a row of `_ATTEMPTS` without its number."""


class SqliteReader:
    """Answers questions as of the moment its connection's transaction began."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def spend_by(self, by: SpendBy, since_ms: int, until_ms: int) -> list[SpendRow]:
        return [
            SpendRow(*row)
            for row in self._connection.execute(
                f"SELECT w.text, {_SPEND} FROM record JOIN word AS w ON w.id = record.{by.value}"  # noqa: S608 - an enum's
                " WHERE at_ms >= ? AND at_ms < ? GROUP BY w.id",
                (since_ms, until_ms),
            )
        ]

    def spend_in(self, stretches: Sequence[Stretch], key: str | None = None) -> list[SpendRow]:
        of_key = "" if key is None else "WHERE record.key = (SELECT id FROM word WHERE text = ?)"
        asked = msgspec.json.encode([(each.label, each.start_ms, each.end_ms) for each in stretches]).decode()
        return [
            SpendRow(*row)
            for row in self._connection.execute(
                f"SELECT json_extract(s.value, '$[0]'), {_SPEND} FROM json_each(?) AS s CROSS JOIN record"  # noqa: S608 - all ours
                " ON at_ms >= json_extract(s.value, '$[1]') AND at_ms < json_extract(s.value, '$[2]')"
                f" {of_key} GROUP BY s.key ORDER BY s.key",
                (asked,) if key is None else (asked, key),
            )
        ]

    def last_uses(self) -> list[KeyUse]:
        return [KeyUse(*row) for row in self._connection.execute(_LAST_USES)]

    def first_record_ms(self) -> int | None:
        first: int | None = self._connection.execute("SELECT min(at_ms) FROM record").fetchone()[0]
        return first

    def history(self, before: int | None, limit: int) -> list[tuple[int, AttemptRow]]:
        asked = (_FARTHEST if before is None else before, limit)
        rows = self._connection.execute(f"{_ATTEMPTS} WHERE seq < ? ORDER BY seq DESC LIMIT ?", asked)
        return [(row[0], _attempt_row(row[1:])) for row in rows]

    def exchange(self, exchange_id: str) -> list[AttemptRecord]:
        rows = self._connection.execute(f"{_ATTEMPTS} WHERE exchange = ? ORDER BY seq", (exchange_id,))
        return [_attempt_record(row[1:]) for row in rows]

    def usage_lines(self, since_ms: int, until_ms: int) -> list[UsageLine]:
        rows = self._connection.execute(f"{_LINES} ORDER BY at_ms, seq", (since_ms, until_ms))
        return [UsageLine(*(*row[:-1], _paid(row[-1]))) for row in rows]

    def movements(self, since_ms: int, until_ms: int) -> list[Movement]:
        rows = self._connection.execute(_MOVEMENTS, (since_ms, until_ms))
        return [Movement(at_ms, account_id, KINDS[kind].value, amount) for at_ms, account_id, kind, amount in rows]

    def entries(self, account_id: str | None = None) -> list[Entry]:
        chosen = "" if account_id is None else "WHERE account = (SELECT id FROM word WHERE text = ?)"
        rows = self._connection.execute(
            f"{_ENTRIES} {chosen} ORDER BY seq", () if account_id is None else (account_id,)
        )
        return [Entry(KINDS[kind], *rest) for kind, *rest in rows]

    def entry_sums(self, since_ms: int | None = None, until_ms: int | None = None) -> list[EntrySum]:
        asked = (-_FARTHEST if since_ms is None else since_ms, _FARTHEST if until_ms is None else until_ms)
        return [EntrySum(*row) for row in self._connection.execute(_ENTRY_SUMS, asked)]

    def standings(self) -> list[Standing]:
        return standings(self._connection)

    def holds(self) -> list[Hold]:
        return holds(self._connection)

    def grants(self) -> list[Grant]:
        return grants(self._connection)

    def ended_twice(self) -> list[int]:
        return [
            int(row[0])
            for row in self._connection.execute(
                "SELECT DISTINCT hold FROM (SELECT hold FROM entry WHERE kind IN (2, 3) AND hold IS NOT NULL"
                " GROUP BY hold, account HAVING count(*) > 1) ORDER BY hold"
            )
        ]

    def records_cost_nano(self) -> int:
        return int(self._connection.execute("SELECT ifnull(sum(cost_nano), 0) FROM record").fetchone()[0])


def _attempt_record(row: Sequence[Any]) -> AttemptRecord:
    """One row of `_ATTEMPTS`, without its number, in full."""
    price = row[_PRICE_AT]
    return AttemptRecord(
        _attempt_row(row), None if price is None else msgspec.json.decode(price, type=Price), _paid(row[-1])
    )


def _paid(text: str) -> tuple[Paid, ...]:
    return tuple(Paid(*each) for each in msgspec.json.decode(text, type=list[tuple[str, int]]))


def _attempt_row(row: Sequence[Any]) -> AttemptRow:
    """One row of `_ATTEMPTS`, without its number."""
    exchange_id, attempt, at_ms, key, project, client, alias, upstream, model, status, outcome = row[:11]
    summed, others = dict(zip(SUMMED_TOKENS, row[11:16], strict=True)), row[16]
    quality, prompt_counted, completion_counted, cost_nano, price = row[17:22]
    first_ms, total_ms, stream, finish_reason, refusal, notes, paid = row[22:]
    return AttemptRow(
        exchange_id=exchange_id,
        attempt=attempt,
        at_ms=at_ms,
        key=key,
        project=project,
        client=client,
        alias=alias,
        upstream=upstream,
        model=model,
        status=status,
        outcome=Outcome(outcome),
        usage=Usage(**summed, **msgspec.json.decode(others or "{}", type=dict[str, int])),
        quality=Quality(quality),
        prompt_counted=prompt_counted,
        completion_counted=completion_counted,
        cost_nano=cost_nano,
        priced=price is not None,
        price_source="" if price is None else msgspec.json.decode(price, type=Price).source,
        paid_by=tuple(each.account_id for each in _paid(paid)),
        first_ms=first_ms,
        total_ms=total_ms,
        stream=bool(stream),
        finish_reason=finish_reason,
        refusal=refusal,
        notes=msgspec.json.decode(notes, type=tuple[str, ...]),
    )
