"""Lines: only what changed is painted."""

from textual.geometry import Region

from bursar_tui.ink import BLANK, Ground, Line, Piece, Role, line
from bursar_tui.widgets.lines import action_at, changes

ROW = line(Piece("state   ", Role.GOOD), Piece("fast  "), Piece(" 101"), Piece("  $0.0100"))


def test_nothing_new_is_nothing_to_paint() -> None:
    assert changes([ROW, BLANK], [line(*ROW.pieces), BLANK], 40) == []


def test_a_figure_that_moves_is_painted_alone() -> None:
    moved = Line((*ROW.pieces[:2], Piece(" 118"), ROW.pieces[3]))
    assert changes([BLANK, ROW], [BLANK, moved], 40) == [Region(14, 1, 4, 1)]


def test_what_lies_between_two_changes_is_painted_with_them() -> None:
    moved = Line((ROW.pieces[0], Piece("deep  "), ROW.pieces[2], Piece("  $0.0120")))
    assert changes([ROW], [moved], 40) == [Region(8, 0, 19, 1)]


def test_another_look_is_a_change() -> None:
    assert changes([ROW], [Line((ROW.pieces[0]._replace(role=Role.BAD), *ROW.pieces[1:]))], 40) == [Region(0, 0, 8, 1)]
    assert changes([ROW], [ROW._replace(ground=Ground.CURSOR)], 40) == [Region(0, 0, 40, 1)]


def test_a_line_that_comes_or_goes_is_painted_whole() -> None:
    assert changes([], [ROW], 40) == [Region(0, 0, 40, 1)]
    assert changes([ROW, ROW], [ROW], 40) == [Region(0, 1, 40, 1)]


def test_other_widths_are_painted_whole() -> None:
    assert changes([ROW], [line(Piece("state"), *ROW.pieces[1:])], 40) == [Region(0, 0, 40, 1)]


def test_a_click_finds_its_piece() -> None:
    here = line(Piece("模型", action="first"), Piece("  "), Piece("open", action="second"))
    assert [action_at(here, x) for x in (0, 3, 4, 6, 9, 10)] == ["first", "first", "", "second", "second", ""]
