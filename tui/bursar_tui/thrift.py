"""Thrift: the same picture in fewer bytes, for those who watch over a slow line.

Textual writes every run of text with its whole style before it and a reset behind it, and much of a screen again that
stands there already. Here a style is written as what differs from the one before, a long run of blanks as one order
where the terminal is known to take it, and of the rest only what differs from what is on the terminal.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len

from bursar_tui.cells import Cells

_TOKENS = re.compile(
    r"\x1b\[(?P<style>[\d;]*)m"
    r"|(?P<placing>\x1b\[(?P<row>\d+);(?P<column>\d+)H|[\r\n]+)"
    r"|(?P<order>\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.))"
    r"|(?P<text>[^\x1b\r\n]+)",
    re.DOTALL,
)
_HARMLESS = re.compile(
    r"\x1b\[\?(?:25|1000|1002|1003|1004|1006|1015|1016|2004|2026|2031|2048)[hl]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
"""Orders that change nothing of the picture: the cursor shown or not, the mouse, pasting, whole frames; titles."""

_BLANKS = re.compile(r" {12,}")
_LENGTH_OF_COLOUR = {"2": 5, "5": 3}
_INK = re.compile(r"3[0-7]|9[0-7]")
_GROUND = re.compile(r"4[0-7]|10[0-7]")
_ATTRIBUTE = re.compile(r"[1-9]")
_ON_BLANKS = frozenset("4579")
"""The attributes that are seen where nothing is written: underlined, blinking, reversed, struck through."""

_BLANKING = ("alacritty", "foot", "ghostty", "kitty", "rio", "tmux", "wezterm", "xterm")
"""Terminals, by the begin of their `TERM`, that blank with the ground they are told to write on (`bce`)."""


class Style(NamedTuple):
    """What text is written in: parameters of SGR (ECMA-48, 8.3.117), empty where the terminal's own."""

    attributes: frozenset[str] = frozenset()
    ink: str = ""
    ground: str = ""


PLAIN = Style()


@lru_cache(4_096)
def styled(on: Style | None, parameters: str) -> Style | None:
    """The style after a sequence; None where it is not known."""
    rest = parameters.split(";") if parameters else ["0"]
    while rest:
        first, length = rest[0], 1
        if first in ("", "0"):
            on = PLAIN
        elif on is None:
            return None
        elif first in ("38", "48"):
            length = _LENGTH_OF_COLOUR.get(rest[1] if len(rest) > 1 else "", len(rest) + 1)
            if length > len(rest):
                return None
            colour = ";".join(rest[:length])
            on = on._replace(ink=colour) if first == "38" else on._replace(ground=colour)
        elif first == "39":
            on = on._replace(ink="")
        elif first == "49":
            on = on._replace(ground="")
        elif _INK.fullmatch(first):
            on = on._replace(ink=first)
        elif _GROUND.fullmatch(first):
            on = on._replace(ground=first)
        elif _ATTRIBUTE.fullmatch(first):
            on = on._replace(attributes=on.attributes | {first})
        else:
            return None
        rest = rest[length:]
    return on


@lru_cache(4_096)
def change(was: Style | None, wanted: Style) -> str:
    """The shortest way from one style, or from one that is not known, to another."""
    if wanted == was:
        return ""
    if wanted == PLAIN:
        return "\x1b[0m"
    lost = was is None or was.attributes - wanted.attributes or (was.ink and not wanted.ink)
    if was is None or lost or (was.ground and not wanted.ground):
        was = PLAIN
        parts = ["0"]
    else:
        parts = []
    parts += sorted(wanted.attributes - was.attributes)
    parts += [wanted.ink] if wanted.ink != was.ink else []
    parts += [wanted.ground] if wanted.ground != was.ground else []
    return f"\x1b[{';'.join(parts)}m"


class Thrift:
    """Shortens what is written to one terminal; `blanking` says that it blanks with the ground in force."""

    def __init__(self, *, blanking: bool) -> None:
        self._blanking = blanking
        self._size = (0, 0)
        self._cells: Cells[Style] = Cells()
        self._was: Style | None = None
        """The style in force at the terminal; None where it is not known."""
        self._wanted: Style | None = None
        """The style that would be in force, had everything been written as it came."""
        self._at: tuple[int, int] | None = None
        """The row and the column at which the terminal writes next; None where they are not known."""
        self._to: tuple[int, int] | None = None
        """The same, had everything been written as it came."""

    def forget(self) -> None:
        """It is not known any more what the terminal shows."""
        self._cells.forget()
        self._at = None

    def fit(self, columns: int, rows: int) -> None:
        """The terminal has this size now; 0: not known. Of another one than before it may show anything."""
        if (columns, rows) != self._size:
            self._size = columns, rows
            self.forget()

    def shortened(self, written: str) -> str:
        """What leads to the same picture and the same place to write at; what is not understood goes through."""
        out: list[str] = []
        for match in _TOKENS.finditer(written):
            kind, token = match.lastgroup, match[0]
            if kind == "style":
                parameters = match["style"]
                if parameters == "0":
                    self._wanted = PLAIN
                else:
                    self._style(token, parameters, out)
            elif kind == "placing" and (match["row"] is not None or self._to is not None):
                self._place(token, match["row"], match["column"])
            elif kind == "text" and self._wanted is not None and self._to is not None:
                self._text(token, self._wanted, *self._to, out)
            elif _HARMLESS.fullmatch(token):
                out.append(token)
            else:
                self._through(token, out)
        out.append(self._moved(self._to))
        if self._was is None and self._wanted is not None:
            out.append(change(None, self._wanted))
            self._was = self._wanted
        return "".join(out)

    def _style(self, token: str, parameters: str, out: list[str]) -> None:
        before, self._wanted = self._wanted, styled(self._wanted, parameters)
        if self._wanted is None:
            out += [change(self._was, before) if before is not None else "", token]
            self._was = None

    def _place(self, token: str, row: str | None, column: str | None) -> None:
        if row is not None and column is not None:
            self._to = int(row) - 1, int(column) - 1
        elif self._to is not None:
            self._to = self._to[0] + token.count("\n"), 0 if "\r" in token else self._to[1]

    def _text(self, text: str, wanted: Style, row: int, column: int, out: list[str]) -> None:
        self._to = row, column + (len(text) if text.isascii() else cell_len(text))
        bare = text.isspace() and not wanted.attributes & _ON_BLANKS
        stretch = self._cells.take(row, column, text, Style(ground=wanted.ground) if bare else wanted)
        if stretch is None:
            return
        style = _enough(self._was, wanted) if bare else wanted
        out += [self._moved((row, column + stretch.skipped)), change(self._was, style)]
        self._was = style
        filled = self._blanking and not style.attributes & _ON_BLANKS
        out.append(_BLANKS.sub(_blanked, stretch.text) if filled else stretch.text)
        self._at = (row, column + stretch.skipped + len(stretch.text)) if stretch.sure else None
        if self._is_beyond(row, column + len(text)):
            self.forget()

    def _is_beyond(self, row: int, end: int) -> bool:
        """Whether something was written that is not where it was meant to be: for a size that the terminal had."""
        columns, rows = self._size
        return end > columns > 0 or row >= rows > 0

    def _through(self, token: str, out: list[str]) -> None:
        """As it came, in the place and the style that it counts on; what it leads to is anybody's guess."""
        out.append(self._moved(self._to))
        if self._wanted is not None:
            out.append(change(self._was, self._wanted))
        self._was = self._wanted
        out.append(token)
        if token.endswith("m"):
            self._was = self._wanted = None
        self.forget()
        self._to = None

    def _moved(self, to: tuple[int, int] | None) -> str:
        """The shortest way to where is written next."""
        was = self._at
        if to is None or to == was:
            return ""
        self._at = to
        if was is not None and was[0] == to[0] and was[1] < to[1]:
            return f"\x1b[{to[1] - was[1]}C"
        return f"\x1b[{to[0] + 1};{to[1] + 1}H"


def _enough(was: Style | None, wanted: Style) -> Style:
    """What blanks may be written in, so that the least is said: of their style nothing but the ground is seen."""
    if was is None or was.attributes & _ON_BLANKS:
        return wanted
    return was._replace(ground=wanted.ground)


def _blanked(run: "re.Match[str]") -> str:
    return f"\x1b[{len(run[0])}X\x1b[{len(run[0])}C"


def blanks_with_ground(environ: Mapping[str, str]) -> bool:
    """Whether this terminal is known to blank with the ground in force."""
    return environ.get("TERM", "").startswith(_BLANKING)
