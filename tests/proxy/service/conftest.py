"""A program to be run in the background, with paths that every supervisor must quote."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bursar.contract.places import Places
from bursar.service.program import Program

Golden = Callable[[str, str], None]

DATA = Path(__file__).resolve().parents[2] / "data" / "service"


@pytest.fixture
def program() -> Program:
    """A usual one."""
    root = Path("/home/ada")
    where = Places(
        root / ".config/bursar/config.toml",
        root / ".local/share/bursar",
        root / "run",
        root / ".local/state/bursar/log",
    )
    python = root / ".local/share/uv/tools/bursar/bin/python"
    return Program(python, where, {}, (("127.0.0.1", 4141), ("::1", 4141)), 30.0)


@pytest.fixture
def odd(program: Program) -> Program:
    """One in places whose names mean something to whoever reads the files."""
    root = Path("/home/ada/a b$c%d\"e'f&g<h;é")
    where = Places(root / "config.toml", root / "data", root / "run", root / "log")
    return replace(program, python=root / "python", places=where, environment={"BURSAR_HOME": str(root)}, drain_s=2.5)


@pytest.fixture
def golden() -> Golden:
    """Compares with what is kept; where nothing is kept, keeps it and fails."""

    def compare(name: str, text: str) -> None:
        file = DATA / name
        if not file.exists():
            file.write_text(text, "utf-8")
            pytest.fail(f"{file} was not there and is now; look at it")
        assert text == file.read_text("utf-8")

    return compare
