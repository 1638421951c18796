"""The service manager hears what sd_notify(3) says it hears; without one, nothing is said and nothing fails."""

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bursar.service.notify import Notifier

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX") or os.name != "posix", reason="needs Unix sockets")


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(5)
        yield sock


def heard(manager: socket.socket) -> dict[str, str]:
    lines = manager.recv(4096).decode().split("\n")
    return dict(line.partition("=")[::2] for line in lines)


def test_each_state_is_said_in_its_words(manager: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "HOME": "/"}
    notifier = Notifier(environ)
    assert environ == {"HOME": "/"}  # no child speaks in our name
    notifier.ready("line one\nREADY=0")
    assert heard(manager) == {"READY": "1", "STATUS": "line one READY=0"}
    before_us = time.monotonic_ns() // 1000
    notifier.reloading()
    said = heard(manager)
    assert said["RELOADING"] == "1"
    assert before_us <= int(said["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    notifier.stopping("Stopping.")
    assert heard(manager) == {"STOPPING": "1", "STATUS": "Stopping."}


async def test_the_watchdog_is_told_twice_as_often_as_it_asks(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "60000"})
    manager.setblocking(False)
    loop = asyncio.get_running_loop()
    alive = asyncio.ensure_future(notifier.stay_alive())
    begun = loop.time()
    for _ in range(4):
        assert await asyncio.wait_for(loop.sock_recv(manager, 99), 60) == b"WATCHDOG=1"
    alive.cancel()
    assert loop.time() - begun >= 0.08  # three pauses of 30 ms, as far as the clock is fine enough


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"NOTIFY_SOCKET": "/nowhere/at/all"},
        {"WATCHDOG_USEC": "1000"},
        {"NOTIFY_SOCKET": "@bursar-test-nobody", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "@bursar-test-nobody", "WATCHDOG_USEC": "soon"},
    ],
)
async def test_without_a_manager_nothing_is_said_and_nothing_fails(environ: dict[str, str]) -> None:
    notifier = Notifier(environ)
    notifier.ready("ready")
    await asyncio.wait_for(notifier.stay_alive(), 60)
    assert "WATCHDOG_USEC" not in environ


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="abstract addresses are Linux's")  # noqa: PTH110
def test_an_abstract_address_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        name = f"bursar-test-{os.getpid()}"
        sock.bind(f"\0{name}")
        sock.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready("ready")
        assert heard(sock)["READY"] == "1"
