"""Who may know whom: the ladder of pyproject.toml, and what it buys when the program runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {"bursar": ROOT / "proxy" / "bursar", "bursar_tui": ROOT / "tui" / "bursar_tui"}


def in_a_process(code: str) -> subprocess.CompletedProcess[str]:
    """Runs `code` in a Python of its own, in which nothing has been imported yet."""
    paths = [str(folder.parent) for folder in SOURCES.values()]
    prelude = f"import sys; sys.path[:0] = {paths!r}\n"
    return subprocess.run([sys.executable, "-c", prelude + code], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        # A terminal interface that can overdraw nothing, because it holds no ledger.
        ("bursar_tui.app", ("bursar.ledger", "sqlite3")),
        # A proxy in the background that carries no screen.
        ("bursar.daemon", ("bursar_tui", "textual")),
        # A command that answers at once; each of these costs more than the whole of it.
        ("bursar.cli.main", ("aiohttp", "textual", "tiktoken")),
    ],
)
def test_importing_leaves_out(module: str, absent: tuple[str, ...]) -> None:
    done = in_a_process(f"import {module}; print(*sorted(sys.modules), sep='\\n')")
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert module in loaded
    assert loaded.isdisjoint(absent)


def test_the_ladder_holds() -> None:
    done = in_a_process("from importlinter import cli; sys.exit(cli.lint_imports(no_cache=True))")
    assert done.returncode == 0, done.stdout + done.stderr


def test_packages_below_the_top_are_empty() -> None:
    found = [file for source in SOURCES.values() for file in source.glob("*/**/__init__.py")]
    assert found
    assert [file for file in found if file.read_bytes()] == []


def test_every_folder_of_source_is_a_package() -> None:
    """A folder without `__init__.py` is imported all the same, but no tool that walks packages sees it."""
    folders = {file.parent for source in SOURCES.values() for file in source.rglob("*.py")}
    assert folders
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
