"""Grant: what was granted beside the configuration: who, when, how much, until when and why. It is never forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bursar.domain.account import Standing


class GrantKind(StrEnum):
    """Why something was granted, or taken back."""

    TOP_UP = "top_up"
    AUTO_TOP_UP = "auto_top_up"
    RAISE = "raise"
    """Ends by itself."""
    RESET = "reset"
    CORRECTION = "correction"
    """What was settled is other than we knew; a positive amount leaves more."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One of them, in the account's unit.

    A raise counts from `at_ms` to `until_ms`, or to `ended_ms` where it was undone before;
    `cycle_start_ms` is the cycle in which it counts at present. `by` is who asked for it.
    """

    id: int
    kind: GrantKind
    account_id: str
    cycle_start_ms: int
    amount: int
    at_ms: int
    note: str = ""
    by: str = ""
    until_ms: int | None = None
    ended_ms: int | None = None
    undone: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it has an end that is still to come, or to be seen to."""
        return self.until_ms is not None and self.ended_ms is None

    def has_lapsed(self, now_ms: int) -> bool:
        """Whether its end has come."""
        return self.until_ms is not None and now_ms >= self.until_ms


def with_grants(standing: Standing, grants: Iterable[Grant], now_ms: int) -> Standing:
    """The standing with its account's open grants as they count at an instant: a raise that has lapsed counts no
    more, and one that lasts beyond the cycle in which it was made counts in the next too."""
    for grant in grants:
        if grant.account_id == standing.account_id:
            here = grant.cycle_start_ms == standing.cycle.start_ms
            if grant.has_lapsed(now_ms):
                standing = standing.adding(-grant.amount) if here else standing
            elif not here:
                standing = standing.adding(grant.amount)
    return standing
