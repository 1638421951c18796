"""Flow: the same rows however the text comes, none wider than the terminal, and nothing in them that acts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tui.hostile import corpus

from bursar_tui.flow import Flow, folded
from bursar_tui.ink import Role


def rows_of(pieces: list[str], width: int) -> list[str]:
    flow = Flow(width)
    for piece in pieces:
        flow.add(piece)
    return [row.text for row in flow.rows]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [""]),
        ("one", ["one"]),
        ("one two three", ["one two", "three"]),
        ("onetwothreefour", ["onetwothre", "efour"]),
        ("a\n\nb\n", ["a", "", "b", ""]),
        ("a\r\nb", ["a", "b"]),
        ("a\rb", ["a␍b"]),
        ("\tb", ["    b"]),
        ("模型模型模型", ["模型模型模", "型"]),
        ("x" * 10 + " y", ["x" * 10, "y"]),
        ("[bold]x[/]", ["[bold]x[/]"]),
        ("\x1b[2J", ["␛[2J"]),
        ("          ab", ["          ", "ab"]),
    ],
)
def test_rows_of_ten_columns(text: str, rows: list[str]) -> None:
    assert rows_of([text], 10) == rows


_TEXTS = st.lists(st.text(st.sampled_from("ab  \n\r\t模e\u0301\x1b`\u202e👩\u200d"), max_size=12), max_size=12)


@given(_TEXTS, st.integers(1, 12))
def test_pieces_are_as_good_as_the_whole(pieces: list[str], width: int) -> None:
    assert rows_of(pieces, width) == rows_of(["".join(pieces)], width)


@given(_TEXTS, st.integers(2, 12))
def test_no_row_is_wider_than_it_may_be(pieces: list[str], width: int) -> None:
    for row in rows_of(pieces, width):
        assert sum(map(cell_len, row)) <= width
        assert len(row) <= width * 8


@given(st.text(max_size=40), st.integers(2, 12))
def test_nothing_is_lost_but_the_spaces_between_rows(text: str, width: int) -> None:
    assert "".join(folded(text, width, words=False)) == text
    assert "".join(folded(text, width)).replace(" ", "") == text.replace(" ", "")


def test_what_is_hostile_is_drawn_literally() -> None:
    for name in corpus():
        for row in rows_of([name, name], 30):
            assert row.isprintable() or not any(ord(letter) < 32 for letter in row)


def test_code_is_told_apart_and_not_broken_between_words() -> None:
    flow = Flow(12)
    flow.add("See:\n```py")
    flow.add("thon\nif a and not b:\n    pass\n```\nDone ```\nhere")
    drawn = [(row.text, row.pieces[0].role) for row in flow.rows if row.pieces]
    assert drawn == [
        ("See:", Role.TEXT),
        ("```python", Role.FAINT),
        ("if a and not", Role.ACCENT),
        (" b:", Role.ACCENT),
        ("    pass", Role.ACCENT),
        ("```", Role.FAINT),
        ("Done ```", Role.TEXT),
        ("here", Role.TEXT),
    ]
    plain = Flow(12, code=False)
    plain.add("```\nx")
    assert {row.pieces[0].role for row in plain.rows} == {Role.TEXT}


def test_its_end_is_all_that_changes() -> None:
    flow = Flow(20)
    flow.add("word " * 10_000)
    rows = len(flow.rows)
    assert flow.add("more") == rows - 1
    assert len(flow.rows) <= rows + 1
