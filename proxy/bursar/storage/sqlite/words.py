"""Words: the texts that come back often, each kept once and known by a number."""

import sqlite3

_REMEMBERED = 10_000
"""How many are remembered at most: what clients call themselves is theirs to choose, a thousand times an hour."""


class Words(dict[str, int]):
    """Gives each text its number, as `words[text]`. New ones are the writer's to insert, in the batch that uses them.

    A dictionary, because each row asks it for several texts that it nearly always knows.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._last = int(connection.execute("SELECT ifnull(max(id), 0) FROM word").fetchone()[0])
        self.fresh: list[tuple[int, str]] = []

    def __missing__(self, text: str) -> int:
        """The number of a text that is not remembered; one that is in no file yet is added to `fresh`."""
        row = self._connection.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()
        if row is not None:
            number = int(row[0])
        else:
            self._last += 1
            number = self._last
            self.fresh.append((number, text))
        self[text] = number
        return number

    def keep(self) -> None:
        """The fresh ones are on disk."""
        self.fresh.clear()
        if len(self) > _REMEMBERED:
            self.clear()

    def drop(self) -> None:
        """The fresh ones are not on disk."""
        for _, text in self.fresh:
            del self[text]
        self._last -= len(self.fresh)
        self.fresh.clear()
