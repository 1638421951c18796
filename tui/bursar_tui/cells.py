"""Cells: what is on the terminal, as far as it is known, so that only what differs from it is written."""

from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len

S = TypeVar("S")


class Stretch(NamedTuple):
    """The part of a text that has to be written: so many of its characters are there already."""

    skipped: int
    text: str
    sure: bool = True
    """Whether it is known where the terminal writes after it."""


class Cells(Generic[S]):
    """Rows of characters, each in the style (of whatever kind) that it was written in."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[list[str], list[S | None]]] = {}
        self._wild: set[int] = set()
        """Rows with characters about whose width terminals disagree: where the others stand is not known there."""

    def forget(self) -> None:
        """Nothing is known: of a terminal that has another size, or has been cleared."""
        self._rows.clear()
        self._wild.clear()

    def take(self, row: int, column: int, text: str, style: S) -> Stretch | None:
        """What has to be written so that `text` stands there; None where it does already."""
        if row in self._wild or not _narrow(text):
            self._wild.add(row)
            return Stretch(0, text, sure=False)
        characters, styles = self._rows.setdefault(row, ([], []))
        end = column + len(text)
        if len(characters) < end:
            missing = end - len(characters)
            characters.extend([""] * missing)
            styles.extend([None] * missing)
        new, wanted = list(text), [style] * len(text)
        old, were = characters[column:end], styles[column:end]
        if old == new and were == wanted:
            return None
        characters[column:end], styles[column:end] = new, wanted
        first, last = 0, len(new) - 1
        while old[first] == new[first] and were[first] == style:
            first += 1
        while old[last] == new[last] and were[last] == style:
            last -= 1
        return Stretch(first, text[first : last + 1])


@lru_cache(4_096)
def _narrow(text: str) -> bool:
    """Whether each character takes one column, whoever counts."""
    return text.isascii() or all(cell_len(each) == 1 for each in text)
