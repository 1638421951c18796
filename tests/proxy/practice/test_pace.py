"""Pace, on a clock that the test turns."""

from hypothesis import given
from hypothesis import strategies as st

from bursar.practice.pace import Pace


class Turned:
    """A clock in seconds; sleeping turns it, and oversleeps as it is told to."""

    def __init__(self, start: float, late: list[float]) -> None:
        self.now = start
        self._late = late
        self.slept = 0

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        late = self._late[self.slept % len(self._late)] if self._late else 0.0
        self.slept += 1
        self.now += max(seconds, 0.0) + late


@given(
    rate=st.integers(1, 1000),
    start=st.floats(0, 1e6),
    late=st.lists(st.floats(0, 0.05), max_size=5),
    chunks=st.integers(1, 300),
)
async def test_lateness_never_adds_up(rate: int, start: float, late: list[float], chunks: int) -> None:
    clock = Turned(start, late)
    pace = Pace(rate, clock.read, clock.sleep)
    sent = 0
    while sent < chunks:
        due = await pace.until(sent)
        assert due > sent
        sent = due
        since = clock.now - start
        # Never early, and never later than the last oversleep.
        assert sent - 1 <= since * rate + 1e-3
        assert since <= (sent - 1) / rate + max(late, default=0.0) + 1 / rate + 1e-6
    assert clock.slept <= 2 * chunks


async def test_the_first_chunk_is_due_at_once() -> None:
    clock = Turned(0.0, [])
    assert await Pace(5, clock.read, clock.sleep).until(0) == 1
    assert clock.slept == 0


async def test_chunks_missed_while_away_are_due_together() -> None:
    clock = Turned(0.0, [])
    pace = Pace(10, clock.read, clock.sleep)
    clock.now = 1.05
    assert await pace.until(3) == 11
