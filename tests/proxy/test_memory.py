"""Memory that a very large answer took goes back to the system, and does so without being asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from bursar.memory import trimmer

PROGRAM = """
import asyncio
from bursar.memory import WORTH_BYTES, give_back, resident

async def main():
    task = asyncio.ensure_future(give_back(0.02))
    await asyncio.sleep(0.05)
    first = resident()
    # Below what the allocator takes from the system by itself, with every other one kept: holes it holds on to.
    pieces = [bytearray(60_000) for _ in range(4000)]
    taken = resident()
    del pieces[:-1]
    async with asyncio.timeout(60):
        while resident() > first + WORTH_BYTES:
            await asyncio.sleep(0.02)
    assert taken > first + 4 * WORTH_BYTES
    task.cancel()

asyncio.run(main())
"""

LARGE = """
from bursar.memory import map_large_pieces, resident

assert map_large_pieces()
first = resident()
del (piece := [bytearray(30_000_000)])[:]
large, small = [], []
for _ in range(20):
    large.append(bytearray(2_000_000))
    small.append(bytearray(60_000))
taken = resident()
large.clear()
assert taken > first + 35_000_000
assert resident() < first + 5_000_000
"""

MIDDLING = """
import resource
from bursar.memory import map_large_pieces

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

assert map_large_pieces()
del (piece := [bytearray(500_000)])[:]
before = faults()
for _ in range(50):
    del (piece := [bytearray(500_000)])[:]
assert faults() - before < 50, faults() - before
"""


@pytest.mark.skipif(trimmer() is None, reason="this system's allocator gives memory back by itself")
@pytest.mark.parametrize("program", [PROGRAM, LARGE], ids=["small pieces", "large pieces"])
def test_what_is_free_again_goes_back(program: str) -> None:
    proxy = Path(__file__).resolve().parents[2] / "proxy"
    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": str(proxy)}, check=True, timeout=60)


@pytest.mark.skipif(trimmer() is None, reason="this system's allocator gives memory back by itself")
def test_what_a_long_conversation_takes_stays_for_the_next() -> None:
    proxy = Path(__file__).resolve().parents[2] / "proxy"
    subprocess.run([sys.executable, "-c", MIDDLING], env={"PYTHONPATH": str(proxy)}, check=True, timeout=60)
