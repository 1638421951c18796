"""Exchange: the record of one call from start to end, and the usage record that each attempt leaves."""

import random
from dataclasses import dataclass
from enum import StrEnum

from bursar.domain.quick import quick
from bursar.domain.usage import Quality, Usage

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
_SHIFTS = (60, 50, 40, 30, 20, 10, 0)
_PAIRS = [high + low for high in _BASE32 for low in _BASE32]


class Outcome(StrEnum):
    """How an exchange ended, as the client saw it."""

    COMPLETE = "complete"
    """The whole answer was delivered."""
    CUT = "cut"
    """We ended the answer politely at a budget's limit."""
    BROKEN = "broken"
    """The upstream failed after the answer had begun; the client was told so."""
    LEFT = "left"
    """The client went away."""
    REFUSED = "refused"
    """We or every upstream said no before anything was sent."""
    FAILED = "failed"
    """A bug of ours, answered 500."""


def new_exchange_id(now_ms: int) -> str:
    """Fourteen characters that sort by time: 45 bits of milliseconds, 25 of chance. It names, and is no secret."""
    number = now_ms << 25 | random.getrandbits(25)
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


def instant_of(exchange_id: str) -> int | None:
    """When the exchange of this id began, in milliseconds since the epoch; None for a text that is no such id."""
    if len(exchange_id) != 2 * len(_SHIFTS) or not set(exchange_id) <= set(_BASE32):
        return None
    number = 0
    for letter in exchange_id:
        number = number << 5 | _BASE32.index(letter)
    return number >> 25


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs at an upstream, in nano-dollars per million tokens, and where we have it from.

    A part-price of None means that the part costs what its whole costs. `request` is per request,
    in nano-dollars. `factor` is the upstream's, in millionths, and is applied to everything.
    """

    input: int
    output: int
    cached_input: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    request: int = 0
    factor: int = 1_000_000
    source: str = ""
    cache_write_1h: int | None = None
    image_input: int | None = None
    image_output: int | None = None

    def __hash__(self) -> int:
        # Of what nearly always differs: prices are looked up by every call.
        return hash((self.input, self.output, self.source))


@quick
@dataclass(frozen=True, slots=True)
class UsageRecord:
    """What one attempt used, and what it cost: kept, one row an attempt, with no text of it.

    `prompt_counted` and `completion_counted` are our own token counts, beside the `usage` that is
    charged. `price` is the one used, or None where nothing had a price; `cost_nano` is then 0 and
    no account in dollars was asked. Times are in milliseconds; `first_ms` is to the first event.
    """

    exchange_id: str
    attempt: int
    at_ms: int
    key: str
    project: str
    client: str
    alias: str
    upstream: str
    model: str
    status: int
    outcome: Outcome
    usage: Usage
    quality: Quality
    prompt_counted: int
    completion_counted: int
    price: Price | None
    cost_nano: int
    first_ms: int | None
    total_ms: int
    stream: bool
    finish_reason: str = ""
    refusal: str = ""
    notes: tuple[str, ...] = ()
    """Short marks of what was unusual: `usage_clamped`, `limit_set`, `late_usage`."""
