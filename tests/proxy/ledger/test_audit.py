"""The audit finds what does not add up."""

from collections.abc import Callable

import pytest
from fakes.samples import DAY_MS, NOON_MS

from bursar.domain.account import Standing
from bursar.domain.cycle import Cycle
from bursar.domain.hold import Entry, EntryKind, HeldShare
from bursar.ledger.audit import audit
from bursar.storage.memory import MemoryStore
from bursar.storage.store import Transaction

CYCLE = Cycle(NOON_MS, NOON_MS + DAY_MS)


def sound(transaction: Transaction) -> None:
    """A grant, and a hold on it."""
    transaction.put_standing(Standing("cap:a", CYCLE, 100, 100, 30))
    hold = transaction.add_hold("x1", "main", "m", NOON_MS, (HeldShare("cap:a", NOON_MS, 30),))
    transaction.add_entry(Entry(EntryKind.GRANT, "cap:a", NOON_MS, 100, NOON_MS))
    transaction.add_entry(Entry(EntryKind.HOLD, "cap:a", NOON_MS, 30, NOON_MS, hold.id))


async def found(change: Callable[[Transaction], object]) -> tuple[str, ...]:
    store = MemoryStore()
    await store.submit(sound)
    await store.submit(change)
    return await store.read(audit)


async def test_a_sound_ledger_has_no_problem() -> None:
    assert await found(lambda transaction: None) == ()


@pytest.mark.parametrize(
    ("problem", "change"),
    [
        ("its entries add up to", lambda t: t.put_standing(Standing("cap:a", CYCLE, 100, 101, 30))),
        ("its entries add up to", lambda t: t.put_standing(Standing("cap:a", CYCLE, 100, 100, 30, 1))),
        ("its open holds add up to 30", lambda t: t.put_standing(Standing("cap:a", CYCLE, 100, 100, 29))),
        ("its entries add up to", lambda t: t.add_entry(Entry(EntryKind.CORRECT, "cap:a", NOON_MS, 1, NOON_MS))),
        ("has entries and no standing", lambda t: t.add_entry(Entry(EntryKind.GRANT, "cap:b", NOON_MS, 1, NOON_MS))),
        (
            "has holds and no standing",
            lambda t: t.add_hold("x2", "main", "m", NOON_MS, (HeldShare("cap:b", NOON_MS, 1),)),
        ),
        ("add up to 31", lambda t: t.add_hold("x2", "main", "m", NOON_MS, (HeldShare("cap:a", NOON_MS, 1),))),
        (
            "hold 1 has ended twice",
            lambda t: [t.add_entry(Entry(EntryKind.RELEASE, "cap:a", NOON_MS, 0, NOON_MS, 1)) for _ in range(2)],
        ),
    ],
)
async def test_what_does_not_add_up_is_told(problem: str, change: Callable[[Transaction], object]) -> None:
    problems = await found(change)
    assert any(problem in each for each in problems), problems


async def test_a_hold_that_was_lost_is_told() -> None:
    problems = await found(lambda transaction: transaction.put_standing(Standing("cap:a", CYCLE, 100, 100, -5)))
    assert any("holds -5" in each for each in problems)
