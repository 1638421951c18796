"""Plan: in which state a subscription is, until when, and whether it bears calls."""

from dataclasses import dataclass
from enum import StrEnum


class PlanState(StrEnum):
    """The states of a subscription, in the words of the configuration."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    GRACE = "grace"
    """A payment is due; it goes on until an instant."""
    CANCELLED = "cancelled"
    """It goes on until an instant, such as the end of what was paid, and is not renewed."""
    EXPIRED = "expired"


_BEARING = frozenset({PlanState.ACTIVE, PlanState.GRACE, PlanState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Term:
    """A state, and the instant from which on it is over (milliseconds since the epoch), if there is one."""

    state: PlanState = PlanState.ACTIVE
    until_ms: int | None = None

    def at(self, now_ms: int) -> PlanState:
        """The state at an instant: what lasts until then has expired."""
        if self.state in _BEARING and self.until_ms is not None and now_ms >= self.until_ms:
            return PlanState.EXPIRED
        return self.state

    def bears(self, now_ms: int) -> bool:
        """Whether calls may be charged to it."""
        return self.at(now_ms) in _BEARING
