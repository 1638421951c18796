"""Memory that is free again goes back to the system: glibc keeps what very large answers took, for the next one.

Elsewhere the allocator does so by itself, and nothing of this runs.
"""

import asyncio
import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOOK_S = 5.0
"""How often the memory is looked at."""
WORTH_BYTES = 8 * 1024 * 1024
"""How much more than at the last time it has to be for it to be worth the few milliseconds."""

_STATM = Path("/proc/self/statm")
_PAGE = 4096


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""The numbers of these settings in glibc's `malloc.h`."""
_MAPPED_BYTES = 1024 * 1024
_KEPT_BYTES = 4 * 1024 * 1024


def map_large_pieces() -> bool:
    """Have every piece of a megabyte or more mapped by itself, so that freeing it gives it back at once.

    By itself glibc raises that bound to 32 MB with the first large piece that is freed, and what is then cut out of
    the heap leaves holes that small pieces keep from ever being given back. Once that bound stands still, so does the
    one from which on the heap's free end is given back, at 128 KiB: each long conversation would be read into pages
    that the system has just taken back and must clear, so some megabytes are kept. Whether there was anything to set.
    """
    found: Callable[[int, int], int] | None = _libc("mallopt")
    if found is None:
        return False
    return found(_M_MMAP_THRESHOLD, _MAPPED_BYTES) == found(_M_TRIM_THRESHOLD, _KEPT_BYTES) == 1


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
    found: Callable[[int], int] | None = _libc("malloc_trim")
    return found


def _libc(name: str) -> Any:
    """A function of glibc's allocator; None where the system has another."""
    if sys.platform != "linux" or not _STATM.exists():
        return None
    return getattr(ctypes.CDLL(None), name, None)
