"""Columns: what is left out and what grows."""

from hypothesis import given
from hypothesis import strategies as st

from bursar_tui.ink import Piece, width_of
from bursar_tui.widgets.columns import Column, fitted, row, titles
from bursar_tui.widgets.exchange_columns import LIST, NOW

COLUMNS: tuple[Column[str], ...] = (
    Column("name", 4, lambda of, width: Piece(of), most=10),
    Column("size", 3, lambda of, width: Piece(str(len(of))), rank=2, number=True),
    Column("end", 2, lambda of, width: Piece(of[-1:]), rank=1),
)


def test_the_least_important_goes_first_and_the_order_stays() -> None:
    assert [fit.column.title for fit in fitted(COLUMNS, 11)] == ["name", "size", "end"]
    assert [fit.column.title for fit in fitted(COLUMNS, 10)] == ["name", "end"]
    assert [fit.column.title for fit in fitted(COLUMNS, 5)] == ["name"]


def test_what_is_left_over_makes_columns_wider() -> None:
    assert [fit.width for fit in fitted(COLUMNS, 14)] == [6, 3, 2]
    assert [fit.width for fit in fitted(COLUMNS, 100)] == [10, 3, 2]
    assert [fit.width for fit in fitted(COLUMNS, 100, ["ox", "zebra"])] == [5, 3, 2], "no wider than what they say"


def test_what_is_left_over_is_shared_evenly() -> None:
    three: list[Column[str]] = [
        Column(name, 2, lambda of, width: Piece(of), most=most) for name, most in (("a", 3), ("b", 20), ("c", 20))
    ]
    assert [fit.width for fit in fitted(three, 8)] == [2, 2, 2]
    assert [fit.width for fit in fitted(three, 15)] == [3, 5, 5]
    assert [fit.width for fit in fitted(three, 16)] == [3, 6, 5]


def test_a_word_keeps_off_the_number_before_it_where_there_is_room() -> None:
    assert titles(fitted(COLUMNS, 11)).text == "name si… e…"
    assert titles(fitted(COLUMNS, 12)).text == "name si…  e…"


def test_numbers_are_at_the_right() -> None:
    fits = fitted(COLUMNS, 14)
    assert titles(fits).text == "name   si…  e…"
    assert row(fits, "zebra").text == "zebra    5  a "


@given(st.integers(min_value=20, max_value=300))
def test_rows_of_calls_are_never_wider_than_their_table(width: int) -> None:
    for columns in (NOW, LIST):
        assert width_of(titles(fitted(columns, width)).text) <= width
