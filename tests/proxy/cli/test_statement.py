"""A statement as text, as comma-separated values and on paper: exact, harmless in a spreadsheet, the same twice."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.cli.output import csv_text
from bursar.cli.statement_csv import HEADS, write_csv
from bursar.cli.statement_pdf import pdf_of
from bursar.cli.statement_text import say_statement
from bursar.contract.commands import SpendRow
from bursar.contract.statements import AccountBalance, MonthStatement, Movement, Paid, UsageLine
from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.cycle import Every

SINCE_MS, UNTIL_MS = 1_790_812_800_000, 1_793_491_200_000
ACCOUNTS = {
    "cap:day": Account("cap:day", AccountKind.CAP, "day", Unit.NANO_DOLLARS, Every.DAY, 5 * 10**9),
    "cap:tokens": Account("cap:tokens", AccountKind.CAP, "tokens", Unit.TOKENS, Every.DAY, 1000),
}
LINE = UsageLine(
    SINCE_MS + 5, "1g6xk5v7zq0w3m", 1, "laptop", "", "ide/1", "fast", "main", "small", 1, 120, 60, 20, 5, 1234567,
    (Paid("cap:day", 1234567), Paid("cap:tokens", 140), Paid("cap:gone", 7)),
)  # fmt: skip
DAY = UsageLine(SINCE_MS, "", 0, "desk", "", "ide/1", "fast", "main", "big", 12, 9000, 0, 800, 0, 2 * 10**9)
MOVEMENT = Movement(SINCE_MS + 1, "cap:day", "grant", 5 * 10**9)


def statement(*lines: UsageLine, movements: tuple[Movement, ...] = (MOVEMENT,)) -> MonthStatement:
    """A statement of some lines."""
    total = SpendRow("total", len(lines), 0, 0, 0, 0, sum(line.cost_nano for line in lines))
    rows = (SpendRow("small", len(lines), 0, 0, 0, 0, total.cost_nano),) if lines else ()
    balances = (AccountBalance("cap:day", 0, 5 * 10**9, total.cost_nano, 1, 5 * 10**9 - total.cost_nano - 1),)
    return MonthStatement(
        "2026-10", SINCE_MS, UNTIL_MS, "UTC", total, rows, rows, rows, rows, balances, movements, tuple(lines)
    )


def table(of: MonthStatement) -> list[dict[str, str]]:
    """The rows of its comma-separated values."""
    file = io.StringIO()
    write_csv(of, ACCOUNTS, file)
    file.seek(0)
    return list(csv.DictReader(file))


def test_text_has_balances_sums_and_every_transaction(capsys: pytest.CaptureFixture[str]) -> None:
    say_statement(statement(DAY, LINE), ACCOUNTS)
    out = capsys.readouterr().out
    assert "Statement for 2026-10, from 2026-10-01 00:00:00 to 2026-11-01 00:00:00 (UTC)" in out
    assert "1g6xk5v7zq0w3m" in out
    assert "cap:day $0.001234567, cap:tokens 140 tokens, cap:gone 7" in out
    assert "12 calls of a day" in out
    assert out.rstrip().splitlines()[-1].split() == ["total", "$2.001234567"]


def test_csv_has_exact_numbers() -> None:
    day, grant, usage = table(statement(LINE, DAY))
    assert (day["what"], day["requests"], day["usd"], day["exchange"]) == ("usage of a day", "12", "2.0", "")
    assert (grant["what"], grant["account"], grant["amount"], grant["unit"]) == ("grant", "cap:day", "5.0", "usd")
    assert usage["at"] == "2026-10-01T00:00:00.005+00:00"
    assert (usage["usd"], usage["input"], usage["cached"], usage["output"]) == ("0.001234567", "120", "60", "20")


TEXT = st.one_of(
    st.text(max_size=20), st.builds(lambda first, rest: first + rest, st.sampled_from("=+-@\t\r\n|%\0 ＝"), st.text())
)
NUMBER = st.integers(0, 2**62)
LINES = st.builds(
    UsageLine, st.just(SINCE_MS), st.text("0123456789abcdef", min_size=1), st.integers(1, 9), TEXT, TEXT, TEXT, TEXT,
    TEXT, TEXT, *[NUMBER] * 6,
)  # fmt: skip
COUNTS = ("attempt", "requests", "input", "cached", "output", "reasoning")


@settings(max_examples=200, deadline=None)
@given(LINES, st.integers(-(2**62), 2**62))
def test_no_cell_begins_a_formula_and_numbers_stay_numbers(line: UsageLine, granted: int) -> None:
    movements = tuple(Movement(SINCE_MS, name, "correct", granted) for name in ("=cap:x", "cap:day"))
    bare, dollars, row = table(statement(line, movements=movements))
    for cells in (bare, dollars, row):
        for head in set(HEADS) - {"usd", "amount", *COUNTS}:
            assert not cells[head].startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠"))
    assert int(bare["amount"]) == granted
    assert Decimal(dollars["amount"]) * 10**9 == granted
    assert Decimal(row["usd"]) * 10**9 == line.cost_nano
    assert [int(row[head]) for head in COUNTS] == [
        line.attempt, line.requests, line.prompt_tokens, line.cached_tokens, line.completion_tokens,
        line.reasoning_tokens,
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_a_text_that_begins_no_formula_is_left_as_it_is(text: str) -> None:
    if text.isprintable() and text.isascii() and not text.startswith(("=", "+", "-", "@")):
        assert csv_text(text) == text


def test_the_same_statement_gives_the_same_paper() -> None:
    of = statement(*([LINE, DAY] * 450))
    first = pdf_of(of, ACCOUNTS)
    assert first.startswith(b"%PDF-")
    assert first == pdf_of(of, ACCOUNTS)
    assert first != pdf_of(statement(DAY), ACCOUNTS)
    assert first.count(b"/Type /Page\n") > 10


def test_paper_takes_any_text() -> None:
    line = UsageLine(SINCE_MS, "x", 1, "<b>&\x1b[31m", "密", "c", "a", "main", "m" * 500, 1, 1, 1, 1, 1, 1)
    assert pdf_of(statement(line), ACCOUNTS).startswith(b"%PDF-")


def test_the_library_for_paper_is_loaded_for_paper_alone() -> None:
    code = (
        "import sys, bursar.cli.statement, bursar.cli.log; assert not any('reportlab' in name for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_log_and_statement_of_a_running_proxy(
    bursar: Callable[..., Any], proxy: str, call: Callable[[str, str], tuple[int, dict[str, Any]]], tmp_path: Any
) -> None:
    assert bursar("log").out == "There are no calls yet.\n"
    key = bursar("key", "issue", "laptop", "--json").json["key"]
    for _ in range(3):
        assert call(proxy, key)[0] == 200
    lines = bursar("log", "--limit", "2").out.splitlines()
    assert len(lines) == 2
    assert all("fast > practice/practice-tokens-20" in line and "200 complete" in line for line in lines)
    exchange = lines[-1].split()[-1]
    shown = bursar("log", "--id", exchange).out
    assert f"exchange  {exchange}" in shown
    assert "price   input $3.00, output $15.00 a million tokens (configuration)" in shown
    assert "paid by cap:daily $0.000" in shown
    [attempt] = bursar("log", "--id", exchange, "--json").json["attempts"]
    assert attempt["paid"] == [{"account_id": "cap:daily", "amount": attempt["row"]["cost_nano"]}]
    gone = bursar("log", "--id", "nonsense")
    assert (gone.status, "no record" in gone.err) == (1, True)

    month = bursar("statement", "--json").json
    cost = sum(line["cost_nano"] for line in month["usage"])
    assert len(month["usage"]) == 3
    assert (month["total"]["cost_nano"], month["by_model"][0]["cost_nano"]) == (cost, cost)
    [daily] = month["accounts"]
    assert (daily["used"], daily["unit"], daily["closing"]) == (cost, "nano_dollars", 10**9 - cost)
    rows = list(csv.DictReader(io.StringIO(bursar("statement", month["month"], "--csv").out)))
    assert sum(Decimal(row["usd"] or 0) for row in rows) * 10**9 == cost
    assert "Usage by model" in bursar("statement").out
    paper = tmp_path / "month.pdf"
    assert bursar("statement", "--pdf", str(paper)).status == 0
    assert os.name == "nt" or paper.stat().st_mode & 0o777 == 0o600
    assert paper.read_bytes().startswith(b"%PDF-")
    wrong = bursar("statement", "2026-13")
    assert (wrong.status, "no month" in wrong.err) == (1, True)


def test_the_log_goes_on_with_what_comes(
    bursar: Callable[..., Any],
    proxy: str,
    start: Callable[..., "subprocess.Popen[str]"],
    call: Callable[[str, str], tuple[int, dict[str, Any]]],
) -> None:
    key = bursar("key", "issue", "laptop", "--json").json["key"]
    assert call(proxy, key)[0] == 200
    following = start("log", "--follow", "--json")
    assert following.stdout is not None
    assert '"attempt": 1' in following.stdout.readline()
    for _ in range(12):
        assert call(proxy, key)[0] == 200
    seen = [following.stdout.readline() for _ in range(12)]
    assert len(set(seen)) == 12
