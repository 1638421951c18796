"""What the file has, read back: the books at the start, standings and holds for readers."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from bursar.domain.account import Standing
from bursar.domain.client_key import ClientKey, FormerKey
from bursar.domain.cycle import Cycle
from bursar.domain.grant import Grant, GrantKind
from bursar.domain.hold import HeldShare, Hold
from bursar.domain.key_limits import KeyLimits
from bursar.storage.books import Books
from bursar.storage.sqlite.rows import STATES


def load(connection: sqlite3.Connection) -> Books:
    """The books as the file has them."""
    # Hold ids rise with the entries that place them, so the last such entry has the largest of all that ended.
    last_hold = connection.execute(
        "SELECT max(ifnull((SELECT max(id) FROM hold), 0),"
        " ifnull((SELECT hold FROM entry WHERE kind = 1 ORDER BY seq DESC LIMIT 1), 0))"
    ).fetchone()[0]
    books = Books(int(last_hold), int(connection.execute("SELECT ifnull(max(id), 0) FROM granted").fetchone()[0]))
    books.grants.update((grant.id, grant) for grant in grants(connection) if grant.is_open)
    for hold in holds(connection):
        books.holds[hold.id] = hold
    latest = "WHERE s.start_ms = (SELECT max(start_ms) FROM standing AS t WHERE t.account = s.account)"
    books.latest.update((standing.account_id, standing) for standing in standings(connection, latest))
    for hold in books.holds.values():
        for share in hold.shares:
            key = share.account_id, share.cycle_start_ms
            if books.standing_in(*key) is None:
                where = "WHERE account = (SELECT id FROM word WHERE text = ?) AND start_ms = ?"
                books.past.update((key, standing) for standing in standings(connection, where, key))
    books.issued.update((key.name, key) for key in client_keys(connection))
    books.facts.update(connection.execute("SELECT name, text FROM fact"))
    return books


def client_keys(connection: sqlite3.Connection) -> list[ClientKey]:
    """All client keys."""
    return [
        ClientKey(
            name=row[0],
            digest=row[1],
            hint=row[2],
            created_ms=row[3],
            project=row[4],
            models=msgspec.json.decode(row[5], type=tuple[str, ...]),
            expires_ms=row[6],
            disabled=bool(row[7]),
            fallback=msgspec.json.decode(row[8], type=tuple[str, ...]),
            limits=msgspec.json.decode(row[9], type=KeyLimits),
            former=msgspec.json.decode(row[10], type=tuple[FormerKey, ...]),
            keep_content=bool(row[11]),
        )
        for row in connection.execute(
            "SELECT name, digest, hint, created_ms, project, models, expires_ms, disabled, fallback, limits, former,"
            " keep_content"
            " FROM client_key"
        )
    ]


def standings(connection: sqlite3.Connection, where: str = "", values: Sequence[object] = ()) -> list[Standing]:
    """Standings, as the file has them."""
    return [
        Standing(account_id, Cycle(start_ms, end_ms), limit, granted, held, settled)
        for account_id, start_ms, end_ms, limit, granted, held, settled in connection.execute(
            "SELECT w.text, start_ms, end_ms, lim, granted, held, settled"  # noqa: S608 - `where` is ours
            f" FROM standing AS s JOIN word AS w ON w.id = s.account {where}",
            values,
        )
    ]


def grants(connection: sqlite3.Connection) -> list[Grant]:
    """All that was granted beside the configuration, in the order in which it was."""
    rows = connection.execute(
        "SELECT g.id, k.text, a.text, start_ms, amount, at_ms, note, by_whom, until_ms, ended_ms, undone"
        " FROM granted AS g JOIN word AS k ON k.id = kind JOIN word AS a ON a.id = account ORDER BY g.id"
    )
    return [replace(Grant(row[0], GrantKind(row[1]), *row[2:]), undone=bool(row[10])) for row in rows]


def holds(connection: sqlite3.Connection) -> list[Hold]:
    """The holds that have not ended, in the order in which they were placed."""
    words: dict[int, str] = {}

    def word(number: int) -> str:
        if number not in words:
            words[number] = str(connection.execute("SELECT text FROM word WHERE id = ?", (number,)).fetchone()[0])
        return words[number]

    return [
        Hold(
            hold_id,
            exchange_id,
            word(upstream),
            word(model),
            placed_ms,
            STATES[state],
            tuple(
                HeldShare(word(account), start_ms, amount)
                for account, start_ms, amount in msgspec.json.decode(shares, type=list[tuple[int, int, int]])
            ),
        )
        for hold_id, exchange_id, upstream, model, placed_ms, state, shares in connection.execute(
            "SELECT id, exchange, upstream, model, placed_ms, state, shares FROM hold ORDER BY id"
        ).fetchall()
    ]
