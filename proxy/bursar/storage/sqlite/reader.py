"""SqliteReader: answers questions from the ledger's file, on a connection that only reads."""

import sqlite3
from collections.abc import Iterable, Sequence
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
from bursar.storage.store import EntrySum, KeyUse, Only, SpendBy, Stretch

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
_DAILY_LINES = """
SELECT at_ms, '', 0, k.text, p.text, c.text, a.text, u.text, m.text,
       requests, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, cost_nano
  FROM daily
  JOIN word AS k ON k.id = key      JOIN word AS p ON p.id = project   JOIN word AS c ON c.id = client
  JOIN word AS a ON a.id = alias    JOIN word AS u ON u.id = upstream  JOIN word AS m ON m.id = model
 WHERE at_ms >= ? AND at_ms < ? AND (requests <> 0 OR cost_nano <> 0)
"""
_MOVEMENTS = """
SELECT at_ms, w.text, kind, CASE kind WHEN 0 THEN amount ELSE -amount END
  FROM (SELECT at_ms, account, kind, amount FROM entry WHERE kind IN (0, 4)
        UNION ALL SELECT at_ms, account, 0, granted FROM opening WHERE granted <> 0)
  JOIN word AS w ON w.id = account WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms
"""
_ENTRIES = """
SELECT kind, w.text, start_ms, amount, at_ms, hold, held
  FROM entry JOIN word AS w ON w.id = account
"""
_ENTRY_SUMS = """
SELECT w.text, start_ms, sum(granted), sum(held), sum(settled)
  FROM (SELECT account, start_ms,
               sum(CASE kind WHEN 0 THEN amount ELSE 0 END) AS granted,
               sum(CASE kind WHEN 1 THEN amount WHEN 3 THEN amount ELSE -held END) AS held,
               sum(CASE kind WHEN 2 THEN amount WHEN 4 THEN amount ELSE 0 END) AS settled
          FROM entry WHERE at_ms >= :since AND at_ms < :until GROUP BY account, start_ms
        UNION ALL
        SELECT account, start_ms, granted, held, settled
          FROM opening WHERE at_ms >= :since AND at_ms < :until)
  JOIN word AS w ON w.id = account GROUP BY account, start_ms
"""
_TABLES = ("daily", "record")
"""What was rolled up, and what is kept. A question asks each by its own index, and the answers are added up."""
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

    def spend_by(self, by: SpendBy, since_ms: int, until_ms: int, only: Only | None = None) -> list[SpendRow]:
        restricted, names = _restricted(only)
        return _added_up(
            row
            for table in _TABLES
            for row in self._connection.execute(
                f"SELECT w.text, w.text, {_SPEND} FROM {table} AS t JOIN word AS w ON w.id = t.{by.value}"  # noqa: S608 - ours
                " WHERE at_ms >= ? AND at_ms < ?"
                f" {restricted} GROUP BY w.id",
                (since_ms, until_ms, *names),
            )
        )

    def spend_in(self, stretches: Sequence[Stretch], only: Only | None = None) -> list[SpendRow]:
        restricted, names = _restricted(only)
        asked = msgspec.json.encode([(each.label, each.start_ms, each.end_ms) for each in stretches]).decode()
        rows = [
            row
            for table in _TABLES
            for row in self._connection.execute(
                f"SELECT s.key, json_extract(s.value, '$[0]'), {_SPEND} FROM json_each(?) AS s CROSS JOIN {table} AS t"  # noqa: S608 - ours
                " ON at_ms >= json_extract(s.value, '$[1]') AND at_ms < json_extract(s.value, '$[2]')"
                f" {restricted} GROUP BY s.key",
                (asked, *names),
            )
        ]
        return _added_up(sorted(rows))

    def last_uses(self) -> list[KeyUse]:
        return [KeyUse(*row) for row in self._connection.execute(_LAST_USES)]

    def first_record_ms(self) -> int | None:
        first = [self._connection.execute(f"SELECT min(at_ms) FROM {table}").fetchone()[0] for table in _TABLES]  # noqa: S608 - ours
        return min((int(each) for each in first if each is not None), default=None)

    def first_kept_ms(self) -> int | None:
        first: int | None = self._connection.execute(
            "SELECT min(at_ms) FROM (SELECT min(at_ms) AS at_ms FROM record"
            " UNION ALL SELECT at_ms FROM (SELECT at_ms FROM entry ORDER BY seq LIMIT 1))"
        ).fetchone()[0]
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
        lines = [UsageLine(*(*row[:-1], _paid(row[-1]))) for row in rows]
        days = [UsageLine(*row) for row in self._connection.execute(_DAILY_LINES, (since_ms, until_ms))]
        return sorted((*days, *lines), key=lambda line: line.at_ms)

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
        since, until = -_FARTHEST if since_ms is None else since_ms, _FARTHEST if until_ms is None else until_ms
        rows = self._connection.execute(_ENTRY_SUMS, {"since": since, "until": until})
        return [EntrySum(*row) for row in rows]

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
        costs = [
            self._connection.execute(f"SELECT ifnull(sum(cost_nano), 0) FROM {table}").fetchone()[0]  # noqa: S608 - ours
            for table in _TABLES
        ]
        return sum(map(int, costs))


def _restricted(only: Only | None) -> tuple[str, tuple[str, ...]]:
    """What a question adds to its conditions, and the name that it asks for."""
    if only is None:
        return "", ()
    return f"AND t.{only.by.value} = (SELECT id FROM word WHERE text = ?)", (only.name,)  # noqa: S608 - ours


def _added_up(rows: Iterable[Sequence[Any]]) -> list[SpendRow]:
    """Rows of a key, a label and figures, with those of one key added up, in the order in which keys come first."""
    sums: dict[Any, SpendRow] = {}
    for key, label, *figures in rows:
        so_far = sums.get(key)
        if so_far is not None:
            earlier = msgspec.structs.astuple(so_far)[1:]
            figures = [one + other for one, other in zip(earlier, figures, strict=True)]
        sums[key] = SpendRow(label, *figures)
    return list(sums.values())


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
