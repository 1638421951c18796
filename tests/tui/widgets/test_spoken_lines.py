"""SpokenLines: what a command said is shown whole, with its indents and signs, and nothing in it acts."""

import pytest

from bursar_tui.ink import Role, width_of
from bursar_tui.running import Spoken
from bursar_tui.widgets.spoken_lines import folded, role_of


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("short", ["short"]),
        ("  set in", ["  set in"]),
        ("a sentence that is longer", ["a sentence", "  that is", "  longer"]),
        ("    four and set in", ["    four", "    and set", "    in"]),
        ("x" * 25, ["x" * 12, "  " + "x" * 10, "  xxx"]),
        ("価格" * 5, ["価格価格価格", "  価格価格"]),
    ],
)
def test_lines_are_folded_between_words_and_set_in(text: str, lines: list[str]) -> None:
    assert list(folded(text, 12)) == lines


@pytest.mark.parametrize("width", [1, 4, 5, 9])
def test_folding_ends_at_any_width_and_loses_nothing(width: int) -> None:
    text = "  one " + "y" * 40 + " 価格 end"
    parts = list(folded(text, width))
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(width_of(part) <= max(width, 4) for part in parts)


@pytest.mark.parametrize(
    ("text", "differs", "complains", "role"),
    [
        ("✓ ledger: sound", False, False, Role.GOOD),
        ("✗ port: taken", False, False, Role.BAD),
        ("- is no difference", False, False, Role.TEXT),
        ("a complaint", False, True, Role.WARN),
        ("+new", True, False, Role.GOOD),
        ("-old", True, False, Role.BAD),
        (" same", True, False, Role.MUTED),
        ("Written: x", True, False, Role.TEXT),
        ("- a complaint", True, True, Role.WARN),
    ],
)
def test_the_sign_at_the_beginning_says_how_a_line_is_meant(
    text: str, differs: bool, complains: bool, role: Role
) -> None:
    assert role_of(Spoken(text, complains), differs=differs) is role
