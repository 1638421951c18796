"""Columns: which of a table's columns fit, how wide each is, and a row of cells in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from bursar_tui.ink import GAP, Line, Piece, Role, left, line, right

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column, `least` to `most` wide. `rank` says how soon it is left out where room is short (0: never)."""

    title: str
    least: int
    cell: Callable[[T, int], Piece]
    rank: int = 0
    most: int = 0
    number: bool = False


class Fitted(NamedTuple, Generic[T]):
    """A column and the width it has been given."""

    column: Column[T]
    width: int


def fitted(columns: Sequence[Column[T]], width: int) -> list[Fitted[T]]:
    """The most important columns that fit, in their own order, and what is left over goes to them in the same order."""
    chosen: set[int] = set()
    room = width
    for place in sorted(range(len(columns)), key=lambda each: columns[each].rank):
        needed = columns[place].least + (1 if chosen else 0)
        if needed > room and columns[place].rank:
            break
        chosen.add(place)
        room -= needed
    widths = {place: columns[place].least for place in chosen}
    for place in sorted(chosen, key=lambda each: columns[each].rank):
        more = min(room, max(0, columns[place].most - columns[place].least))
        widths[place] += more
        room -= more
    return [Fitted(columns[place], widths[place]) for place in sorted(chosen)]


def titles(columns: Sequence[Fitted[T]]) -> Line:
    """The line above the rows."""
    return _row([(fit, Piece(fit.column.title, Role.MUTED)) for fit in columns])


def row(columns: Sequence[Fitted[T]], of: T) -> Line:
    """One row."""
    return _row([(fit, fit.column.cell(of, fit.width)) for fit in columns])


def _row(cells: Sequence[tuple[Fitted[T], Piece]]) -> Line:
    pieces: list[Piece] = []
    for fit, piece in cells:
        if pieces:
            pieces.append(GAP)
        text = (right if fit.column.number else left)(piece.text, fit.width)
        pieces.append(piece._replace(text=text))
    return line(*pieces)
