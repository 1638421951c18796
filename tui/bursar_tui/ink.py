"""Ink: what a line on screen is made of: pieces of plain text, each in a role that the theme gives its look."""

from collections.abc import Iterable
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from bursar.contract.shown import shown

_REMEMBERED = 120
"""Texts of so many characters are measured once, since most of them come again with each picture."""


class Role(Enum):
    """What a piece of text is there for. Never the only bearer of a meaning: a glyph or a word says it too."""

    TEXT = auto()
    STRONG = auto()
    MUTED = auto()
    FAINT = auto()
    """Lines, dots and what is left of a bar: hardly seen, so nothing that is to be read."""
    ACCENT = auto()
    HELD = auto()
    GOOD = auto()
    WARN = auto()
    BAD = auto()
    KEY = auto()
    TAB = auto()


class Ground(Enum):
    """What a whole line stands on."""

    PLAIN = auto()
    CURSOR = auto()
    """The line that Enter would open."""
    RESTING = auto()
    """The same while the keys go elsewhere."""


class Piece(NamedTuple):
    """Some text in one role; a click on it runs `action`, where it has one."""

    text: str
    role: Role = Role.TEXT
    action: str = ""


class Line(NamedTuple):
    """One line on screen."""

    pieces: tuple[Piece, ...] = ()
    ground: Ground = Ground.PLAIN

    @property
    def text(self) -> str:
        """What it says, without its looks."""
        return "".join(piece.text for piece in self.pieces)


BLANK = Line()
GAP = Piece(" ")

_LONGEST_CELL = 8
"""Characters kept for each column: marks that take no column of their own cannot pile up without end."""


def line(*pieces: Piece | tuple[Piece, ...], ground: Ground = Ground.PLAIN) -> Line:
    """A line of pieces and groups of pieces; empty ones fall away."""
    flat: list[Piece] = []
    for each in pieces:
        flat.extend([each] if isinstance(each, Piece) else each)
    return Line(tuple(piece for piece in flat if piece.text), ground)


def width_of(text: str) -> int:
    """The columns that `text` takes once it is shown."""
    return _width_of(text) if len(text) <= _REMEMBERED else cell_len(shown(text))


@lru_cache(8_192)
def _width_of(text: str) -> int:
    return cell_len(shown(text))


def cropped(text: str, width: int) -> str:
    """`text` made harmless and cut to `width` columns, with an ellipsis where something is missing."""
    if width <= 0:
        return ""
    safe = shown(text[: width * _LONGEST_CELL])
    if cell_len(safe) <= width and len(text) <= width * _LONGEST_CELL:
        return safe
    if safe.isspace():
        return " " * width
    return set_cell_size(safe, width - 1).rstrip() + "…"


def left(text: str, width: int) -> str:
    """`text` in exactly `width` columns, at the left."""
    fitting = cropped(text, width)
    return fitting + " " * (width - cell_len(fitting))


def right(text: str, width: int) -> str:
    """`text` in exactly `width` columns, at the right: where numbers go."""
    fitting = cropped(text, width)
    return " " * (width - cell_len(fitting)) + fitting


def columns_of(pieces: Iterable[Piece]) -> int:
    """The columns that pieces take together."""
    return sum(width_of(piece.text) for piece in pieces)


def kept(pieces: Iterable[Piece], width: int) -> tuple[Piece, ...]:
    """As many of the pieces as fit into `width` columns; the one at the edge is cut."""
    fitting: list[Piece] = []
    for piece in pieces:
        columns = width_of(piece.text)
        if columns > width:
            fitting.append(piece._replace(text=cropped(piece.text, width)))
            break
        fitting.append(piece)
        width -= columns
    return tuple(fitting)


def apart(start: Iterable[Piece], end: Iterable[Piece], width: int) -> tuple[Piece, ...]:
    """`start` at the left edge and `end` at the right; where both do not fit, the start is cut."""
    end = kept(end, width)
    room = width - columns_of(end)
    start = kept(start, room - 1)
    return (*start, Piece(" " * (room - columns_of(start))), *end)


def joined(groups: Iterable[tuple[Piece, ...]], width: int) -> tuple[Piece, ...]:
    """Groups in a row with some space between them, as many as fit whole into `width` columns."""
    row: list[Piece] = []
    for group in groups:
        between = (Piece("   "),) if row else ()
        width -= columns_of((*between, *group))
        if width < 0:
            break
        row += [*between, *group]
    return tuple(row)
