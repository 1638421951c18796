"""What commands print: plain lines and tables, with nothing from outside in them that acts on a terminal."""

import json
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from bursar.contract.shown import shown

_BEGINS_A_FORMULA = tuple("=+-@\t\r\n\0＝＋－＠")
"""The last four are the wide forms, which count where people write with them."""


def say(line: str = "") -> None:
    """One line to standard output."""
    print(shown(line))


def complain(line: str) -> None:
    """One line to standard error."""
    print(shown(line), file=sys.stderr)


def say_prose(text: str) -> None:
    """Sentences to standard output, broken between words where a terminal would break within them."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for line in textwrap.wrap(shown(text), width, break_on_hyphens=False) if width > 20 else [shown(text)]:
        print(line)


def say_json(value: object) -> None:
    """A value as JSON, for scripts: whatever the contract can carry, keys in their order."""
    print(json.dumps(msgspec.to_builtins(value, str_keys=True), ensure_ascii=True))


def say_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> None:
    """Rows in columns under their heads; the columns numbered in `right` are set to the right."""
    cells = [[shown(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(width_of(row[place]) for row in cells) for place in range(len(heads))]
    to_the_right = frozenset(right)
    for row in cells:
        parts = []
        for place, cell in enumerate(row):
            gap = " " * (widths[place] - width_of(cell))
            parts.append(gap + cell if place in to_the_right else cell + gap)
        print("  ".join(parts).rstrip())


def width_of(text: str) -> int:
    """How many columns a terminal gives to a text."""
    return sum(
        0 if unicodedata.combining(c) or c == "\u200d" else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def csv_text(text: str) -> str:
    """A text for a cell of a table that a spreadsheet may open: one that would begin a formula does not (CWE-1236)."""
    visible = shown(text)
    return f"'{visible}" if text.startswith(_BEGINS_A_FORMULA) else visible
