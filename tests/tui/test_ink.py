"""Ink: text from outside fits its cell exactly and has nothing in it that acts."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bursar_tui.ink import (
    BLANK,
    Ground,
    Piece,
    Role,
    apart,
    columns_of,
    cropped,
    joined,
    kept,
    left,
    line,
    right,
    width_of,
)

anything = st.text(max_size=40)
widths = st.integers(min_value=0, max_value=30)


@given(anything, widths)
def test_a_cell_is_as_wide_as_it_should_be(text: str, width: int) -> None:
    assert cell_len(left(text, width)) == width
    assert cell_len(right(text, width)) == width


@given(anything, widths)
def test_nothing_in_a_cell_acts(text: str, width: int) -> None:
    cell = cropped(text, width)
    assert not any(ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 for each in cell)


def test_marks_without_a_width_do_not_pile_up() -> None:
    assert len(cropped("a" + "\u0301" * 100_000, 10)) < 100


def test_what_is_missing_is_marked() -> None:
    assert cropped("claude-sonnet-5", 10) == "claude-so…"
    assert cropped("claude", 10) == "claude"
    assert cropped("      ", 3) == "   "
    assert cropped("模型模型", 5) == "模型…"
    assert cropped("anything", 0) == ""


def test_control_characters_are_measured_as_they_are_shown() -> None:
    assert width_of("\x1b[2J") == 4
    assert width_of("\x9b") == 4


def test_a_line_is_what_is_in_it() -> None:
    pieces = (Piece("a"), Piece(""), Piece("b", Role.BAD))
    assert line(Piece("x"), pieces).text == "xab"
    assert line(pieces, ground=Ground.CURSOR).ground is Ground.CURSOR
    assert BLANK.text == ""


def test_two_ends_of_a_line() -> None:
    start, end = (Piece("left"),), (Piece("right"),)
    assert line(apart(start, end, 12)).text == "left   right"
    # The end is what matters: a figure rather than the name of it.
    assert line(apart(start, end, 9)).text == "le… right"
    assert line(apart(start, end, 5)).text == "right"


def test_whole_groups_or_none() -> None:
    groups = [(Piece("one"),), (Piece("two"), Piece("!")), (Piece("three"),)]
    assert line(joined(groups, 100)).text == "one   two!   three"
    assert line(joined(groups, 15)).text == "one   two!"
    assert joined(groups, 2) == ()


@given(st.lists(anything, max_size=5), widths)
def test_kept_is_never_too_wide(texts: list[str], width: int) -> None:
    assert columns_of(kept([Piece(text) for text in texts], width)) <= width
