"""Facts: what the details of anything are made of: a label and what is known, sentences, and where to go on."""

from collections.abc import Iterator

from bursar_tui.ink import Line, Piece, Role, line
from bursar_tui.widgets.banner import wrapped

LABEL = 12


def fact(label: str, *pieces: Piece) -> Line:
    """`available   $0.73 of $5.00`."""
    return line(Piece(f"{label:<{LABEL}}", Role.MUTED), *pieces)


def sentence(text: str, width: int, role: Role = Role.MUTED) -> Iterator[Line]:
    """A sentence in as many lines as it takes."""
    for _, part in wrapped(text, width):
        yield line(Piece(part, role))


def told(label: str, text: str, width: int, role: Role = Role.TEXT) -> Iterator[Line]:
    """A label and a sentence beside it."""
    for first, part in wrapped(text, width - LABEL):
        yield fact(label if first else "", Piece(part, role))


def title(text: str) -> Line:
    """What the facts below it are about."""
    return line(Piece(text, Role.STRONG))
