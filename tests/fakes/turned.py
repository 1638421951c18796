"""The time of an event loop, turned on by hand: what would take minutes takes none, however slow the machine is."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

Turn = Callable[[float], Awaitable[None]]
"""Turns the time of the running loop on by so many seconds, and lets happen what follows from it."""

SAFE_S = 120.0
"""A limit by the turned time, for tests that turn it: against hanging, not against being slow."""

_ROUNDS = 30
"""How often a loop goes round until everything that it can do at once is done."""


def turned(monkeypatch: pytest.MonkeyPatch) -> Turn:
    """From here on the time of the running loop can be turned on; its timers follow it."""
    loop = asyncio.get_running_loop()
    real, ahead_s = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: real() + ahead_s)

    async def turn(seconds: float) -> None:
        nonlocal ahead_s
        await settled()
        ahead_s += seconds
        await settled()

    return turn


async def settled() -> None:
    """Let happen whatever can happen without waiting, on both sides of a socket of this loop too."""
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
