"""Thrift: the shortened bytes draw the same cells in the same styles as the whole ones."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tui.snapshots import busy
from tui.stage import staged

from bursar_tui.thrift import PLAIN, Style, Thrift, blanks_with_ground, change

_TOKENS = re.compile(r"\x1b\[([\d;?]*)([A-Za-z])|\x1b\][^\x07]*\x07|([^\x1b])")
DRAWN_ON_BLANKS = frozenset("4579") | {"53"}
"""Lines under, through and over, and what turns ink into ground."""


class Terminal:
    """A terminal of one mind: every cell with its character and the style it was written in."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, Style]] = {}
        self.orders: list[str] = []
        self._row = self._column = 0
        self._style = PLAIN

    def take(self, written: str) -> None:
        """Draw."""
        for match in _TOKENS.finditer(written):
            parameters, order, text = match.groups()
            if order == "m":
                self._take_style((parameters or "0").split(";"))
            elif order == "H":
                self._row, self._column = (int(each) - 1 for each in parameters.split(";"))
            elif order == "X":
                assert not self._style.attributes & DRAWN_ON_BLANKS
                for column in range(self._column, self._column + int(parameters)):
                    self.cells[self._row, column] = (" ", Style(ground=self._style.ground))
            elif order == "C":
                self._column += int(parameters)
            elif text == "\n":
                self._row += 1
            elif text == "\r":
                self._column = 0
            elif text is not None:
                # The ink of a blank shows nothing, unless something is drawn through or under it.
                bare = text == " " and not self._style.attributes & DRAWN_ON_BLANKS
                style = Style(ground=self._style.ground) if bare else self._style
                self.cells[self._row, self._column] = (text, style)
                self._column += cell_len(text)
            else:
                self.orders.append(match[0])

    def _take_style(self, parameters: list[str]) -> None:
        while parameters:
            first, length, (attributes, ink, ground) = parameters[0], 1, self._style
            if first in ("38", "48"):
                length = {"2": 5, "5": 3}[parameters[1]]
            colour = ";".join(parameters[:length])
            if first == "0":
                self._style = PLAIN
            elif len(first) == 1 or first == "53":
                self._style = Style(attributes | {first}, ink, ground)
            elif first[0] in "39":
                self._style = Style(attributes, colour if first != "39" else "", ground)
            else:
                self._style = Style(attributes, ink, colour if first != "49" else "")
            parameters = parameters[length:]


def same(written: list[str], *, blanking: bool) -> tuple[int, int]:
    """Assert that both pictures are one; how long they are, whole and shortened."""
    whole, short, thrift, total = Terminal(), Terminal(), Thrift(blanking=blanking), 0
    for each in written:
        shortened = thrift.shortened(each)
        total += len(shortened)
        whole.take(each)
        short.take(shortened)
        assert short.cells == whole.cells
        assert short.orders == whole.orders
    return sum(map(len, written)), total


@pytest.mark.parametrize(("native", "parts"), [(False, {True: 0.25, False: 0.35}), (True, {True: 0.35})])
async def test_the_screens_look_the_same_in_a_fraction_of_the_bytes(native: bool, parts: dict[bool, float]) -> None:
    theme = "terminal" if native else "dark"
    async with staged(busy(), (100, 30), theme=theme, native=native, recorded=True) as stage:
        await stage.press("2", "down", "3", "4", "t", "5", "1", "question_mark", "escape")
        written = list(stage.written)
    for blanking, part in parts.items():
        whole, short = same(written, blanking=blanking)
        assert short < whole * part


_SEQUENCES = st.sampled_from(
    [
        "0",
        "",
        "1",
        "2",
        "4",
        "7",
        "31",
        "97",
        "42",
        "103",
        "1;38;2;1;2;3;48;2;4;5;6",
        "48;5;9",
        "38;5;200",
        "0;2",
        "31;44",
    ]
)
_PIECES = st.one_of(
    _SEQUENCES.map(lambda each: f"\x1b[{each}m"),
    st.sampled_from(
        [
            "a",
            "bc",
            " ",
            " " * 14,
            "\r\n",
            "\x1b[3;7H",
            "\x1b[?2026h",
            "\x1b[?2026l",
            "→ é",
            "\x1b[?25l",
            "\x1b[3;1H",
            "宽a",
        ]
    ),
)


@given(st.lists(st.lists(_PIECES, max_size=12).map("".join), max_size=4), st.booleans())
def test_whatever_is_written_looks_the_same(written: list[str], blanking: bool) -> None:
    same(["\x1b[0m", *written], blanking=blanking)


def test_what_stands_there_already_is_not_written_again() -> None:
    thrift = Thrift(blanking=True)
    assert thrift.shortened("\x1b[0m\x1b[2;1Hone two three").endswith("one two three")
    assert thrift.shortened("\x1b[2;1Hone two three") == ""
    assert thrift.shortened("\x1b[2;1Hone TWO three") == "\x1b[2;5HTWO\x1b[6C"
    assert thrift.shortened("\x1b[2;1H\x1b[1mone\x1b[0m TWO three") == "\x1b[2;1H\x1b[1mone\x1b[10C"


def test_where_the_terminal_may_show_anything_all_is_written() -> None:
    thrift, line = Thrift(blanking=True), "\x1b[0m\x1b[2;1Hone two three"
    thrift.shortened(line)
    thrift.forget()
    assert thrift.shortened(line).endswith("one two three"), "of another size"
    thrift.shortened("\x1b[2J")
    assert thrift.shortened(line).endswith("one two three"), "cleared"
    for _ in range(2):
        assert thrift.shortened("\x1b[2;1Ha 宽 row").endswith("a 宽 row\x1b[2;9H"), "of a width that is not agreed on"


def test_what_is_not_understood_goes_through() -> None:
    for odd in (
        "\x1b[4:3mx",
        "\x1b[53mx\x1b[0m",
        "\x1b[38;9;1mx",
        "\x1b]52;c;YWJj\x07",
        "\x1bP1;2q\x1b\\",
        "\x1b[38;2;1m",
    ):
        thrift = Thrift(blanking=True)
        assert thrift.shortened(odd) == odd
        assert "red" in thrift.shortened("\x1b[0;31mred\x1b[0m")


def test_the_shortest_way_from_one_style_to_another() -> None:
    red, bold = Style(ink="31", ground="40"), Style(frozenset({"1"}), "31", "40")
    assert change(red, red) == ""
    assert change(red, PLAIN) == "\x1b[0m"
    assert change(red, bold) == "\x1b[1m"
    assert change(bold, red) == "\x1b[0;31;40m"
    assert change(red, Style(ink="32", ground="40")) == "\x1b[32m"
    assert change(red, Style(ink="31")) == "\x1b[0;31m"
    assert change(None, red) == "\x1b[0;31;40m"


def test_blanks_are_spelled_out_where_the_terminal_is_not_known_to_fill_them() -> None:
    assert blanks_with_ground({"TERM": "xterm-256color"})
    assert blanks_with_ground({"TERM": "tmux-256color"})
    for term in ("screen-256color", "linux", "vt220", ""):
        assert not blanks_with_ground({"TERM": term})
