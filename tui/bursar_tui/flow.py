"""Flow: text from outside as rows of a width, which grows at its end at a cost that does not depend on its length.

Nothing in it is read as markup. All but the last row are final: what comes can change that one alone.
"""

from collections.abc import Iterator

from rich.cells import cell_len

from bursar.contract.shown import shown
from bursar_tui.ink import BLANK, Line, Piece, Role, line

TAB = "    "
_MOST_PER_COLUMN = 8
"""Characters of a row for each of its columns: marks without a width cannot pile up without end."""
_FENCES = ("```", "~~~")


class Flow:
    """One text. Words go whole to the next row, except in blocks of code, whose rows are cut where they end."""

    def __init__(self, width: int, role: Role = Role.TEXT, *, code: bool = True) -> None:
        self._width = max(1, width)
        self._role = role
        self._knows_code = code
        self._in_code = False
        self._open = ""
        self._goes_on = False
        self._return = False
        self.rows: list[Line] = [BLANK]

    def add(self, text: str) -> int:
        """More of the text; the number of the first row that changed."""
        if self._return:
            text, self._return = f"\r{text}", False
        if text.endswith("\r"):
            # Its line end may be cut in two.
            text, self._return = text[:-1], True
        first = len(self.rows) - 1
        pieces = text.replace("\r\n", "\n").split("\n")
        for piece in pieces[:-1]:
            self._extend(piece)
            self._end_line()
        self._extend(pieces[-1])
        self.rows[-1] = self._row(self._open)
        return first

    def _extend(self, piece: str) -> None:
        if not piece:
            return
        *whole, self._open = folded(self._open + shown(piece.replace("\t", TAB)), self._width, words=not self._in_code)
        if whole:
            self.rows[-1:] = [*map(self._row, whole), BLANK]
            self._goes_on = True

    def _end_line(self) -> None:
        fence = self._is_fence(self._open)
        self.rows[-1] = self._row(self._open)
        self.rows.append(BLANK)
        if fence:
            self._in_code = not self._in_code
        self._open, self._goes_on = "", False

    def _is_fence(self, text: str) -> bool:
        return self._knows_code and not self._goes_on and text.lstrip().startswith(_FENCES)

    def _row(self, text: str) -> Line:
        role = Role.FAINT if self._is_fence(text) else Role.ACCENT if self._in_code else self._role
        return line(Piece(text, role)) if text else BLANK


def folded(text: str, width: int, *, words: bool = True) -> list[str]:
    """A line of text in rows of `width` columns, one at least; a row ends between words where it can."""
    return list(_fold(text, width, words=words))


def _fold(text: str, width: int, *, words: bool) -> Iterator[str]:
    start = 0
    while (end := _fitting(text, start, width)) < len(text):
        space = text.rfind(" ", start + 1, end + 1) if words else -1
        if space > start and not text[start:space].isspace():
            yield text[start:space]
            start = space + 1
        else:
            yield text[start:end]
            start = end
    yield text[start:]


def _fitting(text: str, start: int, width: int) -> int:
    """Where the row that starts there is full."""
    row = text[start : start + width + 1]
    if row.isascii():
        return start + min(len(row), width)
    columns = 0
    for place in range(start, min(len(text), start + width * _MOST_PER_COLUMN)):
        columns += cell_len(text[place])
        if columns > width:
            # A character wider than the row stands alone and is cut when it is drawn.
            return max(place, start + 1)
    return min(len(text), start + width * _MOST_PER_COLUMN)
