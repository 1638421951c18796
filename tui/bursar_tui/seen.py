"""Seen: what a screen is a function of: the proxy's state, the instant, and how we are attached."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import Enum, auto
from typing import Protocol
from zoneinfo import ZoneInfo

from bursar.contract.snapshot import Snapshot


class Tie(Enum):
    """Whether we hear from the proxy."""

    CONNECTING = auto()
    LIVE = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Attachment:
    """How we are attached: since when, and where it was lost, why and when it is tried again."""

    tie: Tie
    since_ms: int
    where: str
    reason: str = ""
    retry_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What came of the last errand, until when it stays, and whether it went well (None: it is under way)."""

    sentence: str
    well: bool | None
    until_ms: int


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything a screen may show, at one instant."""

    snapshot: Snapshot
    now_ms: int
    attachment: Attachment
    zone: tzinfo
    told: Told | None = None

    @property
    def known(self) -> bool:
        """Whether the proxy has said anything yet."""
        return bool(self.snapshot.run)


class Live(Protocol):
    """A part of a screen that is shown again whenever something changes."""

    def show(self, seen: Seen) -> None: ...


class Seer(Protocol):
    """The app, as far as its screens know it."""

    @property
    def seen(self) -> Seen: ...


def zone_of(snapshot: Snapshot) -> tzinfo:
    """The time zone in which the proxy counts its days."""
    try:
        return ZoneInfo(snapshot.zone)
    except (OSError, ValueError):
        return UTC


def moves(seen: Seen) -> bool:
    """Whether something in view counts seconds: a call that runs, a pause before the next try, a cool-down."""
    snapshot = seen.snapshot
    return (
        seen.attachment.tie is Tie.LOST
        or any(exchange.outcome is None for exchange in snapshot.exchanges.values())
        or any((upstream.until_ms or 0) > seen.now_ms for upstream in snapshot.upstreams.values())
    )
