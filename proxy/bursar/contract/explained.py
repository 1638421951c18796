"""POST /explain: what would become of a request, and the answer. Nothing is sent, held or counted for it."""

import msgspec

from bursar.contract.commands import Problem
from bursar.domain.account import Unit
from bursar.domain.calibration import Factor
from bursar.domain.exchange import Price

NO_REQUEST = msgspec.Raw(b"null")


class Explain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The question: a whole `request` as it would be posted, or only how large it is, for a `model`.

    `prompt_tokens` takes the place of what we would count. `key` is a client key's name; without one only
    the accounts that are for every key are asked.
    """

    model: str = ""
    key: str = ""
    project: str = ""
    request: msgspec.Raw = NO_REQUEST
    prompt_tokens: int | None = None
    max_tokens: int | None = None
    stream: bool = False


class Bearer(msgspec.Struct, frozen=True):
    """An account that would bear a share, in its unit; `available` is what it has before that."""

    account_id: str
    unit: Unit
    amount: int
    available: int
    granted: int


class ExplainedRoute(msgspec.Struct, frozen=True):
    """One candidate, in the order of trying. Money is in nano-dollars.

    `held_tokens` are those of the answer that would be held at first, `most_tokens` the longest answer, if
    there is a limit, `limit_set` the limit that we would send along. `least_nano` is what the prompt alone
    costs, `most_nano` the prompt and the longest answer; both are 0 where nothing has a price. `health` is
    the code of what keeps the route from being tried first, empty where it is well.
    """

    upstream: str
    model: str
    health: str
    window: int | None
    prompt_tokens: int
    held_tokens: int
    most_tokens: int | None
    limit_set: int | None
    price: Price | None
    held_nano: int
    least_nano: int
    most_nano: int | None
    bearers: tuple[Bearer, ...] = ()
    refusal: Problem | None = None
    """Why this route would not be asked."""
    counted_by: Factor | None = None
    """What is on our count of the prompt; None where its tokens were stated."""


class Explained(msgspec.Struct, frozen=True):
    """The answer. `chosen` is the `upstream/model` that would be asked first; where none would, `refusal` says why."""

    alias: str
    key: str
    project: str
    stream: bool
    routes: tuple[ExplainedRoute, ...]
    chosen: str | None
    refusal: Problem | None
