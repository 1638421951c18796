"""Store, Transaction and Reader: everything asked of any back end that keeps the ledger."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from bursar.contract.commands import AttemptRow, SpendRow
from bursar.contract.statements import AttemptRecord, Movement, UsageLine
from bursar.domain.account import Share, Standing
from bursar.domain.client_key import ClientKey
from bursar.domain.exchange import UsageRecord
from bursar.domain.grant import Grant
from bursar.domain.hold import Entry, EntryKind, HeldShare, Hold, HoldState

T = TypeVar("T")

Then = Callable[[T | None, Exception | None], None]
"""Told the answer of a change that is on disk, and None; or None, and the error that `submit` would raise."""

LARGEST = 2**63 - 1
"""The largest figure that any back end keeps; `Transaction` raises ValueError beyond it, on either side of zero."""


class StoreUnavailable(Exception):
    """The store cannot write or read now; `reason` is one sentence without its full stop."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class StoreInUse(StoreUnavailable):
    """Another process owns the store."""


class Transaction(Protocol):
    """What a change may see and do. It sees every change that was handed over before it."""

    def standing(self, account_id: str) -> Standing | None:
        """The account's standing in its latest cycle."""

    def standing_in(self, account_id: str, cycle_start_ms: int) -> Standing | None:
        """Its standing in one cycle: the latest, or one in which a hold that has not ended was placed."""

    def put_standing(self, standing: Standing) -> None:
        """Replace the standing of its account and cycle. Its entries are the caller's to add."""

    def add_entry(self, entry: Entry) -> None:
        """Write a line of the ledger. The standing is the caller's to put."""

    def enter(
        self,
        kind: EntryKind,
        account_id: str,
        cycle_start_ms: int,
        amount: int,
        at_ms: int,
        hold_id: int | None = None,
        held: int = 0,
    ) -> Standing:
        """Write a line of the ledger, the fields as in Entry, and move its standing by it; returns how that is then.

        Raises LookupError where `standing_in` knows of no such standing.
        """

    def add_hold(self, exchange_id: str, upstream: str, model: str, at_ms: int, shares: tuple[HeldShare, ...]) -> Hold:
        """Note an open hold under an id that no hold had before. Its standings and entries are the caller's."""

    def hold(self, hold_id: int) -> Hold | None:
        """A hold that has not ended."""

    def open_holds(self) -> tuple[Hold, ...]:
        """All holds that have not ended, open and in doubt, in the order in which they were placed."""

    def end_hold(self, hold_id: int, state: HoldState) -> Hold:
        """Settle, release or doubt a hold; returns it as it was. Raises HoldEnded where it cannot become that."""

    def add_record(self, record: UsageRecord, paid: tuple[Share, ...] = ()) -> None:
        """Keep a usage record and what each account paid of it."""

    def add_grant(self, grant: Grant) -> Grant:
        """Keep what was granted, under an id that no grant had before. Its standing and entry are the caller's."""

    def open_grants(self) -> tuple[Grant, ...]:
        """The grants with an end that has not been seen to, in the order in which they were made."""

    def put_grant(self, grant: Grant) -> None:
        """Keep an open grant as it is now: in another cycle, or ended."""

    def client_keys(self) -> tuple[ClientKey, ...]:
        """All client keys, by name."""

    def put_key(self, key: ClientKey) -> None:
        """Keep a client key, in place of any of its name."""

    def remove_key(self, name: str) -> None:
        """Forget a client key."""

    def fact(self, name: str) -> str | None:
        """A small named text, or None."""

    def put_fact(self, name: str, text: str | None) -> None:
        """Keep a small named text; None forgets it."""


class SpendBy(StrEnum):
    """What spend can be summed by, beside time."""

    MODEL = "model"
    KEY = "key"
    PROJECT = "project"
    UPSTREAM = "upstream"
    CLIENT = "client"
    ALIAS = "alias"


@dataclass(frozen=True, slots=True)
class Only:
    """What spend is restricted to: one name under one heading, such as one client key."""

    by: SpendBy
    name: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open stretch of time with its name, in milliseconds."""

    label: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is too old to be kept: all of before `before_ms`. `days` are the begins of days up to there, ascending.

    What is older than the first of them counts as of its day.
    """

    before_ms: int
    days: tuple[int, ...]

    def day_of(self, at_ms: int) -> int:
        """The begin of the day that an instant falls in."""
        return self.days[max(0, bisect_right(self.days, at_ms) - 1)]

    def between(self, first_ms: int, last_ms: int) -> tuple[int, ...]:
        """The begins of the days of two instants and of all between; the first no later than what it is for."""
        first, last = (max(0, bisect_right(self.days, each) - 1) for each in (first_ms, last_ms))
        return (min(first_ms, self.days[first]), *self.days[first + 1 : last + 1])


@dataclass(frozen=True, slots=True)
class EntrySum:
    """What all entries of an account in one cycle add up to."""

    account_id: str
    cycle_start_ms: int
    granted: int
    held: int
    settled: int


@dataclass(frozen=True, slots=True)
class KeyUse:
    """When a client key was last used, and by which program."""

    key: str
    at_ms: int
    client: str


class Reader(Protocol):
    """What a question may see: what is kept, as of one moment."""

    def spend_by(self, by: SpendBy, since_ms: int, until_ms: int, only: Only | None = None) -> list[SpendRow]:
        """Spend between two instants (the second excluded), one row for each heading; in no order."""

    def spend_in(self, stretches: Sequence[Stretch], only: Only | None = None) -> list[SpendRow]:
        """Spend in each stretch that has any record, in the order given."""

    def last_uses(self) -> list[KeyUse]:
        """The last record of each client key there is, of those that have one since the key was issued; in no order."""

    def first_record_ms(self) -> int | None:
        """The instant of the earliest usage record, or the begin of the earliest day that was rolled up."""

    def first_kept_ms(self) -> int | None:
        """The instant of the earliest usage record or line of the ledger that is not rolled up."""

    def history(self, before: int | None, limit: int) -> list[tuple[int, AttemptRow]]:
        """Usage records, the latest kept first, with their numbers; those numbered below `before`, if given."""

    def exchange(self, exchange_id: str) -> list[AttemptRecord]:
        """The usage records of one exchange, in the order in which they were kept."""

    def usage_lines(self, since_ms: int, until_ms: int) -> list[UsageLine]:
        """What was used between two instants, in the order of time; an attempt that used nothing is left out.

        What was rolled up has one line for each day and heading, as of the day's begin; so it is in all sums.
        """

    def movements(self, since_ms: int, until_ms: int) -> list[Movement]:
        """What was granted and corrected between two instants, in the order of time; a day's grants that were rolled up
        are one, and corrections among them are known as used."""

    def entries(self, account_id: str | None = None) -> list[Entry]:
        """The lines of the ledger that are kept, all or one account's, in the order in which they were written."""

    def entry_sums(self, since_ms: int | None = None, until_ms: int | None = None) -> list[EntrySum]:
        """The sums of all entries, rolled up or not, or of those between two instants, by account and cycle."""

    def standings(self) -> list[Standing]:
        """Every standing of every cycle."""

    def holds(self) -> list[Hold]:
        """All holds that have not ended."""

    def grants(self) -> list[Grant]:
        """All that was ever granted beside the configuration, in the order in which it was."""

    def ended_twice(self) -> list[int]:
        """The ids of holds that gave back some account's share more than once. There are none."""

    def records_cost_nano(self) -> int:
        """What all usage records cost together."""


class Store(Protocol):
    """Keeps the ledger. Used from one event loop."""

    def submit(self, change: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        """Hand a change over, for good, without waiting; cancelling the future does not stop it.

        Changes happen alone, whole, once and in the order in which they were handed over. The
        future has the change's answer once all it did is on disk. A change that raises does
        nothing, and its future raises the same. The future raises StoreUnavailable where the
        store cannot write: then neither this change nor any that could have seen it has happened,
        and later ones are tried afresh.

        A change may run at once or later, in this thread or another: it is plain code that
        touches nothing but its transaction and what it was made with.
        """

    def hand_over(self, change: Callable[[Transaction], T], then: Then[T]) -> None:
        """As `submit`, for a change that nobody waits for: `then` is told its answer, or why it has none, later.

        It may be kept for some milliseconds, to reach the disk together with others.
        """

    def announce_to(self, hear: Callable[[tuple[Standing, ...]], None]) -> None:
        """From now on tell `hear` how accounts stand in their latest cycles, where changes have moved them.

        It is told once these are on disk, of all that came to the disk together, and before those who wait for
        the changes are.
        """

    async def read(self, question: Callable[[Reader], T]) -> T:
        """The answer to a question about what is kept, without holding up any change. Raises StoreUnavailable."""

    async def roll_up(self, sweep: Sweep, most: int) -> bool:
        """Put sums by day in the place of some of the oldest usage records and lines of the ledger, `most` of each.

        Whether there may be more. Standings, what was spent on each day, and holds that have not
        ended are as before. Raises StoreUnavailable.
        """

    async def shrink(self, most: int) -> bool:
        """Give up to `most` pieces of space that is no longer used back to the system; whether there is more.

        Raises StoreUnavailable.
        """

    async def close(self) -> None:
        """Finish what was handed over, then let go of everything. Later changes fail with StoreUnavailable."""
