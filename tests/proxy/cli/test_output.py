"""What is printed does nothing to a terminal or a spreadsheet, and stands in columns."""

import pytest

from bursar.cli.output import complain, csv_text, say, say_table, width_of
from bursar.cli.words import amount_of, duration
from bursar.domain.account import Unit


def test_nothing_printed_acts(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2Jb\nc")
    complain("\x9b31m\u202e")
    say_table(("\x1b[1m",), [("a\rb",)])
    said = capsys.readouterr()
    assert said.out == "a␛[2Jb␊c\n␛[1m\na␍b\n"
    assert said.err == "\\x9b31m\\u202e\n"


def test_columns_are_as_wide_as_a_terminal_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(("name", "n"), [("额度", "1"), ("laptop", "1,000"), ("e\u0301", "")], right=(1,))
    assert capsys.readouterr().out.splitlines() == ["name        n", "额度        1", "laptop  1,000", "e\u0301"]
    assert width_of("👩\u200d🔬") == 4


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_begins_a_formula(text: str) -> None:
    assert csv_text(text)[0] == "'"


def test_other_cells_stay() -> None:
    assert [csv_text(text) for text in ("", "laptop", "a=b")] == ["", "laptop", "a=b"]


def test_amounts_and_durations() -> None:
    assert amount_of(5_000_000_000, Unit.NANO_DOLLARS) == "$5.00"
    assert amount_of(1_234_567, Unit.TOKENS) == "1,234,567 tokens"
    assert amount_of(1, Unit.REQUESTS) == amount_of(1_000_000, Unit.MICRO_REQUESTS) == "1 request"
    assert amount_of(1_500_000, Unit.MICRO_REQUESTS) == "1.5 requests"
    spans = {340: "340 ms", 1_000: "1 s", 61_000: "1 min 1 s", 22_320_000: "6 h 12 min", 86_400_000: "1 d"}
    assert [duration(ms) for ms in spans] == list(spans.values())
    assert duration(-61_000) == "-1 min 1 s"
