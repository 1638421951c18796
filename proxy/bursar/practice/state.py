"""State: what the requests to one practice server share."""

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import count
from weakref import WeakSet

from bursar.domain.clock import Clock
from bursar.practice.memo import Memo
from bursar.practice.tally import Tally

GRANTED_NANO = 1_000 * 1_000_000_000
"""The wallet of every practice server: $1,000, less what the tally has cost."""

LONGEST_S = 900.0
"""No fault goes on for longer, even for a client that stays."""

_MOST_PREFIXES = 50_000


@dataclass(slots=True)
class Setup:
    """How a practice server behaves. `keys`: those accepted, or None for any and none. `speed`: chunks a second
    for models whose name states no rate, 0 for as fast as they go, None for each as its name says.
    `pause_scale`: how long a second of a fault's pauses lasts, in seconds.
    """

    keys: frozenset[str] | None = None
    speed: float | None = None
    pause_scale: float = 1.0
    granted_nano: int = GRANTED_NANO


@dataclass(slots=True)
class State:
    """What the requests to one practice server share."""

    setup: Setup
    clock: Clock
    memo: Memo
    aside: Executor
    """Where long prompts are counted."""
    tally: Tally = field(default_factory=Tally)
    other_origin_url: str = ""
    """Where redirects point to: `http://127.0.0.1:N`."""
    used_connections: WeakSet[object] = field(default_factory=WeakSet)
    """The transports that have carried an answer of the keep-alive race."""
    flapping_since: float | None = None
    flaky_asked: int = 0
    _numbers: "count[int]" = field(default_factory=count)
    _prefixes: set[bytes] = field(default_factory=set)

    def next_number(self) -> int:
        """A number that no other answer has."""
        return next(self._numbers)

    def seconds(self) -> int:
        """Now, in whole seconds since the epoch."""
        return self.clock.now_ms() // 1000

    def spent_all(self) -> bool:
        """Whether the wallet is empty."""
        return self.tally.total.cost_nano >= self.setup.granted_nano

    def read_before(self, prefixes: list[bytes]) -> int:
        """How many of these growing prefixes were read before; all of them are from now on."""
        known = next((index for index, one in enumerate(prefixes) if one not in self._prefixes), len(prefixes))
        self._remember(prefixes[known:])
        return known

    def _remember(self, prefixes: Iterable[bytes]) -> None:
        if len(self._prefixes) >= _MOST_PREFIXES:
            self._prefixes.clear()
        self._prefixes.update(prefixes)

    def reset(self) -> None:
        """As after the start: counts, wallet, what was read before, and the faults that remember."""
        self.tally.reset()
        self._prefixes.clear()
        self.flapping_since = None
        self.flaky_asked = 0
