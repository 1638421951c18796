"""Rolling up what is too old to be kept, and giving its space back: small steps on the writer's connection.

Each statement works on a whole step: one a row would give up Python's lock and win it back for each.
"""

import json
import sqlite3

from bursar.storage.store import Sweep

_OLD_RECORDS = """
SELECT min(seq), max(seq), min(at_ms), max(at_ms)
  FROM (SELECT seq, at_ms FROM record ORDER BY seq LIMIT :most) WHERE at_ms < :before
"""
_DAY = "(SELECT max(value) FROM json_each(:days) WHERE value <= at_ms)"
_ROLL_RECORDS = f"""
INSERT INTO daily
SELECT {_DAY}, key, project, client, alias, upstream, model, sum(requests), sum(prompt_tokens), sum(cached_tokens),
       sum(completion_tokens), sum(reasoning_tokens), sum(cost_nano)
  FROM record WHERE seq BETWEEN :first AND :last AND at_ms < :before
 GROUP BY 1, key, project, client, alias, upstream, model
    ON CONFLICT DO UPDATE SET
       requests = requests + excluded.requests,
       prompt_tokens = prompt_tokens + excluded.prompt_tokens,
       cached_tokens = cached_tokens + excluded.cached_tokens,
       completion_tokens = completion_tokens + excluded.completion_tokens,
       reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
       cost_nano = cost_nano + excluded.cost_nano
"""  # noqa: S608 - all ours
_DROP_RECORDS = "DELETE FROM record WHERE seq BETWEEN :first AND :last AND at_ms < :before"

# Kept for ever are grants and corrections of accounts that never start afresh; for as long as they are of use
# the lines of holds that have not ended, and the last that placed a hold, which tells the largest hold id.
_MAY_GO = """
       NOT (start_ms = 0 AND kind IN (0, 4)) AND ifnull(hold, 0) NOT IN (SELECT id FROM hold)
   AND seq < (SELECT seq FROM entry WHERE kind = 1 ORDER BY seq DESC LIMIT 1)
"""
_OLD_ENTRIES = f"""
SELECT min(seq), max(seq), min(at_ms), max(at_ms)
  FROM (SELECT seq, at_ms FROM entry WHERE {_MAY_GO} ORDER BY seq LIMIT :most) WHERE at_ms < :before
"""  # noqa: S608 - all ours
_ROLL_ENTRIES = f"""
INSERT INTO opening
SELECT account, start_ms, {_DAY},
       sum(CASE kind WHEN 0 THEN amount ELSE 0 END),
       sum(CASE kind WHEN 1 THEN amount WHEN 3 THEN amount ELSE -held END),
       sum(CASE kind WHEN 2 THEN amount WHEN 4 THEN amount ELSE 0 END)
  FROM entry WHERE seq BETWEEN :first AND :last AND at_ms < :before AND {_MAY_GO}
 GROUP BY account, start_ms, 3
    ON CONFLICT DO UPDATE SET
       granted = granted + excluded.granted, held = held + excluded.held, settled = settled + excluded.settled
"""  # noqa: S608 - all ours
_DROP_ENTRIES = f"DELETE FROM entry WHERE seq BETWEEN :first AND :last AND at_ms < :before AND {_MAY_GO}"  # noqa: S608 - all ours

_SLACK = 50
"""A fiftieth of the pages may stay free: what comes next needs some."""


def roll_up(connection: sqlite3.Connection, sweep: Sweep, most: int) -> bool:
    """Roll up some of the oldest records and lines, `most` of each; whether there may be more. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = [
            _step(connection, sweep, most, *statements)
            for statements in (
                (_OLD_RECORDS, _ROLL_RECORDS, _DROP_RECORDS),
                (_OLD_ENTRIES, _ROLL_ENTRIES, _DROP_ENTRIES),
            )
        ]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return any(found)


def shrink(connection: sqlite3.Connection, most_pages: int) -> bool:
    """Give some pages that are not used back to the system; whether there are more. Raises sqlite3.Error."""
    free, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
    if free <= pages // _SLACK:
        return False
    # As a script, which is stepped to its end: this one has a step a page and no row that a cursor would fetch.
    connection.executescript(f"PRAGMA incremental_vacuum({most_pages:d})")
    return bool(connection.execute("PRAGMA freelist_count").fetchone()[0] < free)


def _step(connection: sqlite3.Connection, sweep: Sweep, most: int, find: str, roll: str, drop: str) -> bool:
    values: dict[str, object] = {"most": most, "before": sweep.before_ms}
    first, last, from_ms, to_ms = connection.execute(find, values).fetchone()
    if first is None:
        return False
    # Only the days that occur: each row looks for its own among them.
    values |= {"first": first, "last": last, "days": json.dumps(sweep.between(from_ms, to_ms))}
    connection.execute(roll, values)
    connection.execute(drop, values)
    return True
