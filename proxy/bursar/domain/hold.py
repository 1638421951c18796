"""Hold: amounts set aside before a call, and its ends; Entry: the immutable line of the ledger."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bursar.domain.quick import quick


class HoldState(StrEnum):
    """Where a hold stands. Settled and released are ends."""

    OPEN = "open"
    SETTLED = "settled"
    RELEASED = "released"
    IN_DOUBT = "in_doubt"
    """Its process died: still held, and shown, until someone knows."""


TRANSITIONS: dict[HoldState, frozenset[HoldState]] = {
    HoldState.OPEN: frozenset({HoldState.SETTLED, HoldState.RELEASED, HoldState.IN_DOUBT}),
    HoldState.IN_DOUBT: frozenset({HoldState.SETTLED, HoldState.RELEASED}),
    HoldState.SETTLED: frozenset(),
    HoldState.RELEASED: frozenset(),
}
"""Every change of state there is."""


class HoldEnded(Exception):
    """A second end was asked of a hold; the first one stands."""


def check_transition(now: HoldState, then: HoldState) -> None:
    """Raises HoldEnded where the table has no such change."""
    if then not in TRANSITIONS[now]:
        raise HoldEnded(f"a hold that is {now} cannot become {then}")


class HeldShare(NamedTuple):
    """What one account set aside for a hold, in the cycle in which it was placed."""

    account_id: str
    cycle_start_ms: int
    amount: int


@quick
@dataclass(frozen=True, slots=True)
class Hold:
    """Amounts set aside on every account that an attempt touches."""

    id: int
    exchange_id: str
    upstream: str
    model: str
    placed_ms: int
    state: HoldState
    shares: tuple[HeldShare, ...]

    def on(self, account_id: str) -> int:
        """What is held on one account, in its unit."""
        return sum([share.amount for share in self.shares if share.account_id == account_id])


class EntryKind(StrEnum):
    """What a line of the ledger does to a standing."""

    GRANT = "grant"
    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"
    CORRECT = "correct"


class Entry(NamedTuple):
    """One line of the ledger: never edited, never removed while its cycle counts.

    `amount` is what the line adds: to granted (GRANT), to held (HOLD, RELEASE), to settled (SETTLE, CORRECT).
    A SETTLE line gives back `held` at the same time.
    """

    kind: EntryKind
    account_id: str
    cycle_start_ms: int
    amount: int
    at_ms: int
    hold_id: int | None = None
    held: int = 0

    @property
    def effect(self) -> tuple[int, int, int]:
        """What the line adds to granted, to held and to settled."""
        match self.kind:
            case EntryKind.GRANT:
                return self.amount, 0, 0
            case EntryKind.HOLD | EntryKind.RELEASE:
                return 0, self.amount, 0
            case EntryKind.SETTLE | EntryKind.CORRECT:
                return 0, -self.held, self.amount
