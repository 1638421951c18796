"""No float in money: the code that counts it has none, by its syntax."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

BURSAR = Path(__file__).resolve().parents[2] / "proxy" / "bursar"
COUNTING = [
    *BURSAR.glob("domain/*.py"),
    *BURSAR.glob("ledger/*.py"),
    *BURSAR.glob("storage/**/*.py"),
    *BURSAR.glob("metering/*.py"),
    BURSAR / "treasury.py",
    BURSAR / "contract" / "accounts.py",
    BURSAR / "config" / "payers.py",
    BURSAR / "upstreams" / "ask_balance.py",
    BURSAR / "admin" / "accounts.py",
]
MONEY = ("nano", "cost", "price", "amount", "granted", "held", "settled", "usd", "charge", "balance", "limit")


def floats(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every place at which a float comes about, and the code of it."""
    for node in ast.walk(tree):
        made = (
            (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not is_path(node))
            or (isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div))
            or (isinstance(node, ast.Name) and node.id == "float")
        )
        if made and isinstance(node, ast.expr | ast.stmt):
            yield node.lineno, ast.unparse(node)


def is_path(node: ast.BinOp) -> bool:
    """Whether a division joins the parts of a path."""
    return any(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in (node.left, node.right))


def statements(tree: ast.Module) -> dict[int, str]:
    """The text of the innermost statement at each line."""
    found: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                found[line] = ast.unparse(node)
    return found


@pytest.mark.parametrize("file", COUNTING, ids=lambda file: str(file.relative_to(BURSAR)))
def test_no_float_is_near_an_amount(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    whole = statements(tree)
    suspects = [
        f"line {line}: {code}"
        for line, code in floats(tree)
        if any(word in whole.get(line, code).lower() for word in MONEY)
    ]
    assert suspects == []


@pytest.mark.parametrize("name", ["account", "money", "hold", "grant", "wallet", "plan", "recurrence"])
def test_where_amounts_live_there_is_none_at_all(name: str) -> None:
    assert list(floats(ast.parse((BURSAR / "domain" / f"{name}.py").read_text("utf-8")))) == []


def test_it_would_be_seen() -> None:
    found = [code for _, code in floats(ast.parse("cost_nano = 0.5\nprice = usd / 3\namount: float = 1\nx //= 2"))]
    assert found == ["0.5", "usd / 3", "float"]
