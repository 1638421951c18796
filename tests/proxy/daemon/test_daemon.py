"""The daemon takes over no socket that would let in more than the configuration does."""

import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bursar.contract.places import Places
from bursar.daemon.daemon import Daemon
from bursar.doorkeeper.listen import CannotListen


async def test_what_other_machines_would_reach_is_not_taken_over(tmp_path: Path) -> None:
    places = Places(tmp_path / "config.toml", tmp_path / "data", tmp_path / "run", tmp_path / "log")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as wide:
        wide.bind(("0.0.0.0", 0))  # bound alone: nobody can connect to it
        daemon = Daemon(places, handed_over=[wide])
        async with AsyncExitStack() as stack:
            with pytest.raises(CannotListen, match="allow_remote is not set"):
                await daemon.open(stack)
    assert not places.database.exists()
