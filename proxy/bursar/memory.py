"""Memory that is free again goes back to the system: glibc keeps what a very large answer took, for the next one.

Elsewhere the allocator does so by itself, and nothing of this runs.
"""

import asyncio
import ctypes
import sys
from collections.abc import Callable
from pathlib import Path

LOOK_S = 5.0
"""How often the memory is looked at."""
WORTH_BYTES = 16 * 1024 * 1024
"""How much more than at the last time it has to be for it to be worth the few milliseconds."""

_STATM = Path("/proc/self/statm")
_PAGE = 4096


async def give_back(look_s: float = LOOK_S) -> None:
    """Look now and then, until cancelled. Returns at once where there is nothing to be done."""
    trim = trimmer()
    if trim is None:
        return
    least = resident()
    while True:
        await asyncio.sleep(look_s)
        now = resident()
        if now > least + WORTH_BYTES:
            # ctypes lets go of the interpreter meanwhile, and the event loop goes on.
            await asyncio.to_thread(trim, 0)
            now = resident()
            least = now
        else:
            least = min(least, now)


def resident() -> int:
    """The resident memory of this process in bytes, give or take the size of the system's pages."""
    return int(_STATM.read_bytes().split()[1]) * _PAGE


def trimmer() -> Callable[[int], int] | None:
    """glibc's `malloc_trim(3)`; None where there is none."""
    if sys.platform != "linux" or not _STATM.exists():
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
