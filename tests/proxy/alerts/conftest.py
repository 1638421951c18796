"""What alerts go to in tests: a webhook on loopback and programs in a folder, both real."""

import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from fakes.receiver import Receiver, receiving

from bursar.upstreams.connection import Connection


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook on loopback."""
    async with receiving() as found:
        yield found


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    """How it is reached."""
    opened = Connection()
    yield opened
    await opened.close()


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a program of Python out of some lines."""

    def made(lines: str) -> Path:
        file = tmp_path / "tell me"
        file.write_text(f"#!{sys.executable} -IS\nimport json, os, sys, time\n{lines}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return file

    return made
