"""Header: the screens there are, the one in view, and whether we hear from the proxy."""

from collections.abc import Iterator, Sequence

from bursar_tui.ink import GAP, Line, Piece, Role, apart, columns_of, line
from bursar_tui.seen import Seen, Tie
from bursar_tui.tabs import Tab
from bursar_tui.widgets.panel import Panel

ROOM_FOR_ADDRESS = 24


class Header(Panel):
    """One line at the top; a click on a tab goes there."""

    DEFAULT_CSS = """
    Header { dock: top; height: 1; padding: 0 1; background: $surface; }
    """

    def __init__(self, tabs: Sequence[Tab], current: str) -> None:
        super().__init__()
        self._tabs = tabs
        self._current = current

    def picture(self, seen: Seen, width: int, height: int) -> list[Line]:
        """` bursar  1 Overview  2 Calls …   ● live  http://127.0.0.1:4141/v1 `."""
        del height
        tie = tie_pieces(seen)
        name = (Piece("bursar", Role.STRONG), Piece("  "))
        if not seen.known:
            return [line(apart(name, tie, width))]
        address = (*tie, Piece("  "), Piece(seen.snapshot.public_url, Role.MUTED)) if seen.snapshot.public_url else tie
        tabs = (*name, *self._tab_pieces(named=True))
        numbers = (name[0], GAP, *self._tab_pieces(named=False))
        bare = tuple(self._tab_pieces(named=True))
        for start, end in ((tabs, address), (tabs, tie), (bare, tie), (numbers, tie)):
            if columns_of(start) + columns_of(end) + 1 <= width:
                return [line(apart(start, end, width))]
        current = [piece for piece in numbers if piece.role is Role.TAB]
        return [line(apart([name[0], GAP, *current], tie, width))]

    def _tab_pieces(self, *, named: bool) -> Iterator[Piece]:
        """The tabs; where they are not `named`, the one in view alone has its name, the others their numbers."""
        for number, tab in ((each % 10, tab) for each, tab in enumerate(self._tabs, 1)):
            action = f"app.go('{tab.name}')"
            if tab.name == self._current:
                yield Piece(f" {number} {tab.title} ", Role.TAB, action)
                continue
            yield Piece(f" {number} ", Role.MUTED, action)
            if named:
                yield Piece(f"{tab.title} ", Role.TEXT, action)


def tie_pieces(seen: Seen) -> tuple[Piece, ...]:
    """How we are attached, in a glyph and a word; before it whether others can come in from outside."""
    return (*_exposed(seen), *_tie(seen))


def _exposed(seen: Seen) -> tuple[Piece, ...]:
    return (Piece("▲ EXPOSED", Role.BAD), Piece("  ")) if seen.known and seen.snapshot.exposures else ()


def _tie(seen: Seen) -> tuple[Piece, ...]:
    match seen.attachment.tie:
        case Tie.LIVE:
            return Piece("● ", Role.GOOD), Piece("live", Role.TEXT)
        case Tie.CONNECTING:
            return Piece("◌ ", Role.MUTED), Piece("connecting", Role.MUTED)
        case Tie.LOST:
            return Piece("✗ ", Role.BAD), Piece("link lost" if seen.known else "no proxy", Role.BAD)
