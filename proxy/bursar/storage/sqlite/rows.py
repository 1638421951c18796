"""What a draft is on disk: its rows, written with as few statements as there are tables."""

import sqlite3
from collections.abc import Sequence
from dataclasses import fields
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec

from bursar.domain.account import Share
from bursar.domain.client_key import ClientKey
from bursar.domain.exchange import UsageRecord
from bursar.domain.grant import Grant
from bursar.domain.hold import EntryKind, Hold, HoldState
from bursar.domain.usage import Usage
from bursar.storage.books import Draft
from bursar.storage.sqlite.words import Words

KINDS = (EntryKind.GRANT, EntryKind.HOLD, EntryKind.SETTLE, EntryKind.RELEASE, EntryKind.CORRECT)
STATES = (HoldState.OPEN, HoldState.IN_DOUBT)
"""By their number in the file; further ones are added at the end."""

SUMMED_TOKENS = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "requests")
"""The figures of a usage that have a column, because reports add them up."""

OTHER_TOKENS = tuple(field.name for field in fields(Usage) if field.name not in SUMMED_TOKENS)
"""Those that have none: vendors think of new ones, and a new one needs no migration."""

_others_of = attrgetter(*OTHER_TOKENS)
_amounts_of = attrgetter("limit", "granted", "held", "settled")
_KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
_STATE_NUMBERS = {state: number for number, state in enumerate(STATES)}

Row = tuple[Any, ...]

_json = msgspec.json.Encoder()


class Statement:
    """One statement over any number of rows, in steps of 32, 16, or up to 8.

    Each step gives up Python's lock and has to win it back from a busy event loop, so a statement a
    row would be dear; these few sizes are all that SQLite has to prepare, and it keeps them.
    """

    def __init__(self, head: str, row: str, tail: str = "") -> None:
        self._texts = {size: f"{head} {', '.join([row] * size)}{tail}" for size in (*range(1, 9), 16, 32)}

    def run(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Run it over all rows."""
        done, count = 0, len(rows)
        while done < count:
            left = count - done
            size = left if left <= 8 else 8 if left < 16 else 16 if left < 32 else 32
            connection.execute(self._texts[size], tuple(chain.from_iterable(rows[done : done + size])))
            done += size


def _places(count: int) -> str:
    return f"({', '.join('?' * count)})"


_ADD_WORDS = Statement("INSERT INTO word (id, text) VALUES", _places(2))
_PUT_STANDINGS = Statement(
    "INSERT INTO standing (account, start_ms, end_ms, lim, granted, held, settled) VALUES",
    _places(7),
    " ON CONFLICT (account, start_ms) DO UPDATE SET end_ms = excluded.end_ms, lim = excluded.lim,"
    " granted = excluded.granted, held = excluded.held, settled = excluded.settled",
)
_ADD_ENTRIES = Statement("INSERT INTO entry (kind, account, start_ms, amount, at_ms, hold, held) VALUES", _places(7))
_PUT_HOLDS = Statement(
    "INSERT OR REPLACE INTO hold (id, exchange, upstream, model, placed_ms, state, shares) VALUES", _places(7)
)
_REMOVE_HOLDS = Statement("DELETE FROM hold WHERE id IN (", "?", ")")
_ADD_RECORDS = Statement(
    "INSERT INTO record (exchange, attempt, at_ms, key, project, client, alias, upstream, model, status, outcome,"
    " prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, requests, other_tokens, quality,"
    " prompt_counted, completion_counted, price, cost_nano, first_ms, total_ms, stream, finish_reason, refusal,"
    " notes, paid) VALUES",
    _places(29),
)
_PUT_KEYS = Statement(
    "INSERT OR REPLACE INTO client_key (name, digest, hint, created_ms, project, models, expires_ms, disabled,"
    " fallback, limits, former, keep_content) VALUES",
    _places(12),
)
_REMOVE_KEYS = Statement("DELETE FROM client_key WHERE name IN (", "?", ")")
_PUT_FACTS = Statement("INSERT OR REPLACE INTO fact (name, text) VALUES", _places(2))
_PUT_GRANTS = Statement(
    "INSERT OR REPLACE INTO granted"
    " (id, kind, account, start_ms, amount, at_ms, note, by_whom, until_ms, ended_ms, undone) VALUES",
    _places(11),
)
_REMOVE_FACTS = Statement("DELETE FROM fact WHERE name IN (", "?", ")")


def write(connection: sqlite3.Connection, words: Words, draft: Draft) -> int:
    """Write a draft within the transaction that is open; returns how many rows. Raises sqlite3.Error."""
    standings = [
        (words[each.account_id], each.cycle.start_ms, each.cycle.end_ms, *_amounts_of(each))
        for each in (*draft.past, *draft.latest)
    ]
    entries = [
        (_KIND_NUMBERS[kind], words[account_id], start_ms, amount, at_ms, hold_id, held)
        for kind, account_id, start_ms, amount, at_ms, hold_id, held in draft.entries
    ]
    holds = [_hold_row(hold, words) for hold in draft.holds]
    records = [_record_row(record, paid, words) for record, paid in draft.records]
    grants = [_grant_row(grant, words) for grant in draft.grants]
    _ADD_WORDS.run(connection, words.fresh)
    _PUT_STANDINGS.run(connection, standings)
    _ADD_ENTRIES.run(connection, entries)
    _PUT_HOLDS.run(connection, holds)
    _REMOVE_HOLDS.run(connection, [(hold_id,) for hold_id in draft.ended])
    _ADD_RECORDS.run(connection, records)
    if grants:
        _PUT_GRANTS.run(connection, grants)
    if draft.keys or draft.removed_keys:
        _PUT_KEYS.run(connection, [_key_row(key) for key in draft.keys])
        _REMOVE_KEYS.run(connection, [(name,) for name in draft.removed_keys])
    if draft.facts:
        _PUT_FACTS.run(connection, [(name, text) for name, text in draft.facts.items() if text is not None])
        _REMOVE_FACTS.run(connection, [(name,) for name, text in draft.facts.items() if text is None])
    return len(standings) + len(entries) + len(holds) + len(records)


def _grant_row(grant: Grant, words: Words) -> Row:
    ends = grant.until_ms, grant.ended_ms, grant.undone
    kind, account = words[grant.kind], words[grant.account_id]
    return grant.id, kind, account, grant.cycle_start_ms, grant.amount, grant.at_ms, grant.note, grant.by, *ends


def _hold_row(hold: Hold, words: Words) -> Row:
    shares = [(words[account_id], start_ms, amount) for account_id, start_ms, amount in hold.shares]
    return (
        hold.id,
        hold.exchange_id,
        words[hold.upstream],
        words[hold.model],
        hold.placed_ms,
        _STATE_NUMBERS[hold.state],
        _json.encode(shares).decode(),
    )


def _record_row(record: UsageRecord, paid: tuple[Share, ...], words: Words) -> Row:
    usage = record.usage
    others = _others_of(usage)
    return (
        record.exchange_id,
        record.attempt,
        record.at_ms,
        words[record.key],
        words[record.project],
        words[record.client],
        words[record.alias],
        words[record.upstream],
        words[record.model],
        record.status,
        words[record.outcome],
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
        usage.requests,
        _json.encode(dict(zip(OTHER_TOKENS, others, strict=True))).decode() if any(others) else None,
        words[record.quality],
        record.prompt_counted,
        record.completion_counted,
        None if record.price is None else words[_json.encode(record.price).decode()],
        record.cost_nano,
        record.first_ms,
        record.total_ms,
        record.stream,
        words[record.finish_reason],
        words[record.refusal],
        words[_json.encode(record.notes).decode() if record.notes else "[]"],
        _json.encode([(words[account_id], amount) for account_id, amount in paid]).decode(),
    )


def _key_row(key: ClientKey) -> Row:
    listed = [_json.encode(each).decode() for each in (key.fallback, key.limits, key.former)]
    return (
        key.name,
        key.digest,
        key.hint,
        key.created_ms,
        key.project,
        _json.encode(key.models).decode(),
        key.expires_ms,
        key.disabled,
        *listed,
        key.keep_content,
    )
