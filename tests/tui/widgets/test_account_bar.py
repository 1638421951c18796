"""Account bar: three shades that add up."""

from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.account import Standing
from bursar.domain.cycle import FOREVER
from bursar_tui.widgets.account_bar import AVAILABLE, HELD, SETTLED, account_bar

figures = st.integers(min_value=0, max_value=10**15)


def drawn(granted: int, held: int, settled: int, width: int = 20) -> str:
    return "".join(piece.text for piece in account_bar(Standing("a", FOREVER, granted, granted, held, settled), width))


@given(figures, figures, figures, st.integers(min_value=3, max_value=200))
def test_the_bar_is_as_wide_as_it_should_be(granted: int, held: int, settled: int, width: int) -> None:
    assert len(drawn(granted, held, settled, width)) == width


def test_shares_are_in_proportion() -> None:
    assert drawn(100, 25, 50) == SETTLED * 10 + HELD * 5 + AVAILABLE * 5
    assert drawn(100, 0, 0) == AVAILABLE * 20


def test_little_is_seen_and_only_all_is_full() -> None:
    assert drawn(10**9, 1, 1) == SETTLED + HELD + AVAILABLE * 18
    assert drawn(10**9, 0, 10**9 - 1) == SETTLED * 19 + AVAILABLE
    assert drawn(100, 0, 130) == SETTLED * 20
    assert drawn(0, 0, 0) == AVAILABLE * 20
