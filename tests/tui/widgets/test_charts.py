"""Charts: whatever is above nothing is seen, and nothing is taller than the highest."""

from hypothesis import given
from hypothesis import strategies as st

from bursar_tui.widgets.charts import EIGHTHS, bars, gathered, spark

amounts = st.lists(st.integers(min_value=0, max_value=10**18), max_size=70)


def text_of(pieces: tuple[object, ...]) -> str:
    return "".join(piece.text for piece in pieces)  # type: ignore[attr-defined]


@given(amounts)
def test_a_spark_has_a_column_for_each_amount(each: list[int]) -> None:
    text = text_of(spark(each))
    assert len(text) == len(each)
    if any(each):
        assert text[each.index(max(each))] == "█"


def test_a_spark_tells_little_from_nothing() -> None:
    small, none = spark([1, 0, 10**9])[0], spark([1, 0, 10**9])[1]
    assert small.text == none.text == "▁"
    assert small.role is not none.role


@given(amounts, st.integers(min_value=1, max_value=12))
def test_bars_are_as_high_as_their_amounts(each: list[int], height: int) -> None:
    rows = [text_of(row) for row in bars(each, height)]
    assert len(rows) == height
    for place, amount in enumerate(each):
        eighths = sum(EIGHTHS.index(row[place]) for row in rows)
        assert 0 <= eighths - amount * height * 8 // (max(each) or 1) <= 1


@given(amounts, st.integers(min_value=1, max_value=70))
def test_gathering_loses_nothing(each: list[int], count: int) -> None:
    assert sum(gathered(each, count)) == sum(each)
    assert len(gathered(each, count)) <= max(count, 0) or len(each) <= count


def test_neighbours_are_gathered_from_the_newest_back() -> None:
    assert gathered([1, 2, 3, 4, 5], 2) == [3, 12]
    assert gathered([1, 2, 3, 4, 5, 6], 3) == [3, 7, 11]
