"""Books: figures that can always be put back to what is on disk."""

from typing import Any

from fakes.samples import DAY_MS, NOON_MS, record
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.account import Standing
from bursar.domain.client_key import ClientKey
from bursar.domain.cycle import Cycle
from bursar.domain.hold import Entry, EntryKind, HeldShare, HoldEnded, HoldState
from bursar.storage.books import Books
from bursar.storage.store import Transaction

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["standing", "hold", "end", "doubt", "key", "no key", "fact", "no fact", "fail", "take", "drop"]
        ),
        st.integers(0, 3),
        st.integers(0, 2),
    ),
    max_size=60,
)


def state(books: Books) -> tuple[dict[Any, Any], ...]:
    """A copy of all figures."""
    return dict(books.latest), dict(books.past), dict(books.holds), dict(books.issued), dict(books.facts)


def standing(account: int, day: int, held: int = 0) -> Standing:
    start = NOON_MS + day * DAY_MS
    return Standing(f"cap:{account}", Cycle(start, start + DAY_MS), 9, 9, held)


def step(transaction: Transaction, what: str, which: int, day: int) -> None:
    holds = transaction.open_holds()
    match what:
        case "standing":
            transaction.put_standing(standing(which, day, len(holds)))
        case "hold":
            transaction.add_hold(f"x{which}", "u", "m", NOON_MS, (HeldShare(f"cap:{which}", NOON_MS, 1),))
        case "end" if holds:
            transaction.end_hold(holds[which % len(holds)].id, HoldState.SETTLED)
        case "doubt" if holds:
            transaction.end_hold(holds[which % len(holds)].id, HoldState.IN_DOUBT)
        case "key":
            transaction.put_key(ClientKey(f"k{which}", bytes([which, day]), "", NOON_MS))
        case "no key":
            transaction.remove_key(f"k{which}")
        case "fact":
            transaction.put_fact(f"f{which}", str(day))
        case "no fact":
            transaction.put_fact(f"f{which}", None)


def failing(transaction: Transaction, which: int, day: int) -> None:
    for what in ("standing", "hold", "end", "key", "fact", "no fact", "no key"):
        step(transaction, what, which, day)
    transaction.add_entry(Entry(EntryKind.GRANT, "cap:0", NOON_MS, 1, NOON_MS))
    transaction.add_record(record())
    raise LookupError


@given(STEPS)
def test_whatever_changes_do_it_can_be_undone_back_to_the_last_draft(steps: list[tuple[str, int, int]]) -> None:
    books = Books()
    kept = state(books)
    for what, which, day in steps:
        if what == "take":
            books.take_draft()
            kept = state(books)
        elif what == "drop":
            flying = books.take_draft()
            for further in ("standing", "hold", "end", "no key", "no fact"):
                books.run(lambda transaction, f=further, w=which, d=day: step(transaction, f, w, d))  # type: ignore[misc]
            books.drop(flying)
            assert state(books) == kept
        elif what == "fail":
            before = state(books)
            try:
                books.run(lambda transaction, w=which, d=day: failing(transaction, w, d))  # type: ignore[misc]
            except (LookupError, HoldEnded):
                assert state(books) == before
        else:
            try:
                books.run(lambda transaction, x=what, w=which, d=day: step(transaction, x, w, d))  # type: ignore[misc]
            except HoldEnded:
                continue


def test_a_draft_has_what_is_to_be_kept_and_nothing_else() -> None:
    books = Books()
    before = books.run(lambda transaction: transaction.add_hold("x0", "u", "m", NOON_MS, ()))
    books.take_draft()

    def change(transaction: Transaction) -> None:
        transaction.put_standing(standing(0, 0, held=1))
        transaction.put_standing(standing(0, 0, held=2))
        transaction.put_standing(standing(0, 1, held=3))
        passing = transaction.add_hold("x1", "u", "m", NOON_MS, ())
        transaction.end_hold(passing.id, HoldState.RELEASED)
        transaction.end_hold(before.id, HoldState.RELEASED)
        transaction.add_hold("x2", "u", "m", NOON_MS, ())

    books.run(change)
    draft = books.take_draft()
    assert (draft.past, draft.latest) == ([standing(0, 0, held=2)], [standing(0, 1, held=3)])
    assert [hold.exchange_id for hold in draft.holds] == ["x2"]
    assert draft.ended == [before.id]
    assert books.take_draft().is_empty


def test_only_cycles_that_holds_need_are_remembered() -> None:
    books = Books()
    for day in range(3):
        books.run(lambda transaction, d=day: transaction.put_standing(standing(0, d)))  # type: ignore[misc]
    books.run(lambda transaction: transaction.add_hold("x", "u", "m", 0, (HeldShare("cap:0", NOON_MS + DAY_MS, 1),)))
    books.take_draft()
    books.forget_past()
    assert list(books.past) == [("cap:0", NOON_MS + DAY_MS)]
    assert books.latest["cap:0"].cycle.start_ms == NOON_MS + 2 * DAY_MS
