"""Words: the texts that come back often, each kept once and known by a number."""

import sqlite3

_REMEMBERED = 10_000
"""How many are remembered at most: what clients call themselves is theirs to choose, a thousand times an hour."""


class Words:
    """Gives each text its number. New ones are the writer's to insert, in the batch that uses them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, int] = {}
        self._last = int(connection.execute("SELECT ifnull(max(id), 0) FROM word").fetchone()[0])
        self.fresh: list[tuple[int, str]] = []

    def id_of(self, text: str) -> int:
        """The text's number; a text that is in no file yet is added to `fresh`."""
        known = self._known.get(text)
        if known is not None:
            return known
        row = self._connection.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()
        if row is not None:
            number = int(row[0])
        else:
            self._last += 1
            number = self._last
            self.fresh.append((number, text))
        self._known[text] = number
        return number

    def keep(self) -> None:
        """The fresh ones are on disk."""
        self.fresh.clear()
        if len(self._known) > _REMEMBERED:
            self._known.clear()

    def drop(self) -> None:
        """The fresh ones are not on disk."""
        for _, text in self.fresh:
            del self._known[text]
        self._last -= len(self.fresh)
        self.fresh.clear()
