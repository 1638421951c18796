"""Columns: which of a table's columns fit, how wide each is, and a row of cells in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

from bursar_tui.ink import Line, Piece, Role, left, line, right, width_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column, `least` to `most` wide. `rank` says how soon it is left out where room is short (0: never).

    One whose contents come and go while they are looked at is `fickle`: its width does not follow them.
    """

    title: str
    least: int
    cell: Callable[[T, int], Piece]
    rank: int = 0
    most: int = 0
    number: bool = False
    fickle: bool = False


class Fitted(NamedTuple, Generic[T]):
    """A column, the width it has been given, and how many blanks stand before it."""

    column: Column[T]
    width: int
    gap: int = 1


def fitted(columns: Sequence[Column[T]], width: int, of: Sequence[T] | None = None) -> list[Fitted[T]]:
    """The most important columns that fit, in their own order, and what is left over shared out evenly among them.

    Where it is told what the rows will be `of`, no column becomes wider than what it has to say.
    """
    chosen: set[int] = set()
    room = width
    for place in sorted(range(len(columns)), key=lambda each: columns[each].rank):
        needed = columns[place].least + (1 if chosen else 0)
        if needed > room and columns[place].rank:
            break
        chosen.add(place)
        room -= needed
    order = sorted(chosen)
    # A number stands at the right of its column and a word at the left of the next: they would read as one.
    tight = {place for before, place in pairwise(order) if columns[before].number and not columns[place].number}
    if len(tight) > room:
        tight = set()
    widths = _shared(columns, sorted(chosen, key=lambda each: columns[each].rank), room - len(tight), of)
    return [Fitted(columns[place], widths[place], 2 if place in tight else 1) for place in order]


def _shared(columns: Sequence[Column[T]], places: Sequence[int], room: int, of: Sequence[T] | None) -> dict[int, int]:
    """The width of each: first those that are never left out, where it is known what they have to say, then the others.

    What some of them say shorter in the width they got goes to the rest.
    """
    widths = {place: columns[place].least for place in places}
    if room < 0:
        widths[places[0]] = max(1, widths[places[0]] + room)
    useful = {place: _useful(columns[place], of, columns[place].most) for place in places}
    room = _grow(widths, [place for place in places if of is not None and not columns[place].rank], useful, room)
    room = _grow(widths, places, useful, room)
    if of is not None:
        for place in places:
            needed = max(min(columns[place].least, widths[place]), _useful(columns[place], of, widths[place]))
            if needed < widths[place]:
                room += widths[place] - needed
                widths[place] = useful[place] = needed
        _grow(widths, places, useful, room)
    return widths


def _grow(widths: dict[int, int], places: Sequence[int], useful: Mapping[int, int], room: int) -> int:
    """One column more for each in turn, as long as there is room and use for it; the room that is left."""
    growing = [place for place in places if widths[place] < useful[place]]
    while growing and room > 0:
        for place in growing[:room]:
            widths[place] += 1
        room -= len(growing[:room])
        growing = [place for place in growing if widths[place] < useful[place]]
    return room


def _useful(column: Column[T], of: Sequence[T] | None, width: int) -> int:
    """How wide a column may become that has had so much room to say what it says."""
    if of is None or column.fickle or not column.most:
        return column.most
    return min(column.most, max((width_of(column.cell(each, width).text) for each in of), default=0))


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
            pieces.append(Piece(" " * fit.gap))
        text = (right if fit.column.number else left)(piece.text, fit.width)
        pieces.append(piece._replace(text=text))
    return line(*pieces)
