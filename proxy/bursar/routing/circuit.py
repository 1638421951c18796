"""Circuit: one thing that may be well or not, how long it is left alone, and when it may be tried again."""

from dataclasses import dataclass
from enum import StrEnum

FIRST_MS = 2_000
LONGEST_UNASKED_MS = 20_000
"""Left alone for twice as long each time, but by our own choice never so long that recovery goes unnoticed."""
PROBE_MS = 30_000
"""How long a probe may be under way before another one is let through."""


class Health(StrEnum):
    """How something is, in the words of the screens."""

    OK = "ok"
    COOLING = "cooling"
    """Left alone for a while; then the next real call tries it."""
    OFF = "off"
    """Left alone until its plan starts afresh, somebody says so, or a call with nowhere else to go gets through."""


@dataclass(slots=True)
class Circuit:
    """The state of one upstream or route. Instants are in milliseconds since the epoch."""

    health: Health = Health.OK
    until_ms: int | None = None
    code: str = ""
    reason: str = ""
    failed_ms: int | None = None
    failures: int = 0
    """In a row."""
    times: int = 0
    """How often in a row it was opened."""
    probing_ms: int | None = None
    latency_ms: float | None = None

    def rank(self, now_ms: int) -> int:
        """0: well, or worth a probe. 1: left alone for now. 2: left alone until further notice."""
        if self.health is Health.OK:
            return 0
        if self.health is Health.OFF and (self.until_ms is None or now_ms < self.until_ms):
            return 2
        if now_ms < (self.until_ms or 0):
            return 1
        return 1 if self.probing_ms is not None and now_ms - self.probing_ms < PROBE_MS else 0

    def note(self, code: str, reason: str, now_ms: int) -> None:
        """Keep what went wrong last."""
        self.failures += 1
        self.code, self.reason, self.failed_ms = code, reason, now_ms

    def cool(self, now_ms: int, asked_ms: int | None, most_ms: int) -> None:
        """Leave it alone: as long as it asked, else for a time of our own that grows; in any case bounded."""
        usual = min(FIRST_MS << min(self.times, 8), LONGEST_UNASKED_MS)
        self.until_ms = now_ms + min(usual if asked_ms is None else asked_ms, most_ms)
        self.health = Health.COOLING
        self.times += 1
        self.probing_ms = None

    def turn_off(self, until_ms: int | None = None) -> None:
        """Leave it alone until then, or until further notice."""
        self.health, self.until_ms, self.probing_ms = Health.OFF, until_ms, None

    def mend(self) -> bool:
        """It answers; whether it had been left alone."""
        was_ill = self.health is not Health.OK
        self.health, self.until_ms, self.probing_ms = Health.OK, None, None
        self.times = 0
        return was_ill
