"""Bodies and answers of every write and every question at the local door."""

import msgspec

from bursar.contract.configuration import FileProblem
from bursar.contract.events import KeyView
from bursar.contract.exposure import ExposureView
from bursar.domain.account import Account, Standing
from bursar.domain.exchange import Outcome
from bursar.domain.usage import Quality, Usage


class IssueKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /keys: issue a client key. `models` are globs of aliases; `expires_ms` is an instant or None.

    `rates` are written like `60/min` or `100000tok/min`, `networks` like `10.0.0.0/8`; `fallback` are the models
    to try next for a call that names none; `parallel` and `max_tokens` are None where there is no such limit.
    """

    name: str
    project: str = ""
    models: tuple[str, ...] = ()
    expires_ms: int | None = None
    rates: tuple[str, ...] = ()
    parallel: int | None = None
    networks: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    max_tokens: int | None = None
    keep_content: bool = False
    """Whether the prompts and answers of its calls are kept for a while."""


class ChangeKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """POST /keys/{name}: change a client key. What is left out stays; an empty list or null is no limit."""

    project: str | msgspec.UnsetType = msgspec.UNSET
    models: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    expires_ms: int | None | msgspec.UnsetType = msgspec.UNSET
    rates: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    parallel: int | None | msgspec.UnsetType = msgspec.UNSET
    networks: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    fallback: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    max_tokens: int | None | msgspec.UnsetType = msgspec.UNSET
    keep_content: bool | msgspec.UnsetType = msgspec.UNSET


class RotateKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /keys/{name}/rotate: a new key in place of the present one, which is accepted for `grace_ms` more."""

    grace_ms: int = 24 * 3_600_000


class KeyIssued(msgspec.Struct, frozen=True):
    """The answer to an issue and to a rotation: the only time the key itself is shown."""

    name: str
    key: str


class Status(msgspec.Struct, frozen=True):
    """GET /status: what runs, in the words of `bursar status --json`. Times in milliseconds, money in nano-dollars."""

    version: str
    contract: int
    run: str
    pid: int
    public_url: str
    config_file: str
    started_ms: int
    now_ms: int
    running_exchanges: int
    open_holds: int
    holds_in_doubt: int
    standings: tuple[Standing, ...]
    keys: tuple[KeyView, ...]
    problems: tuple[str, ...]
    accounts: tuple[Account, ...] = ()
    """What the standings are of, and in which unit."""
    exposures: tuple[ExposureView, ...] = ()
    """The public hosts that are answered to now."""
    broken: str = ""
    """What keeps the configuration file from being in force: the first problem, and how many others there are."""


class Reloaded(msgspec.Struct, frozen=True):
    """POST /reload: the problems that kept the old configuration in force; none where the new one is."""

    problems: tuple[str, ...]


class UpstreamChecked(msgspec.Struct, frozen=True):
    """POST /upstreams/{name}/check: whether it answers and takes the key, how many models it lists, else why not."""

    name: str
    ok: bool
    took_ms: int
    models: int
    code: str = ""
    message: str = ""


class SpendRow(msgspec.Struct, frozen=True):
    """One line of `GET /spend?by=…`: what was settled under one heading. Money in nano-dollars."""

    label: str
    requests: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cost_nano: int


class SpendReport(msgspec.Struct, frozen=True):
    """The answer to it: rows in descending cost (by time: ascending), and their sum."""

    by: str
    since_ms: int
    until_ms: int
    rows: tuple[SpendRow, ...]
    total: SpendRow


class AttemptRow(msgspec.Struct, frozen=True):
    """One usage record, as `GET /history` pages them: newest first."""

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
    cost_nano: int
    priced: bool
    price_source: str
    paid_by: tuple[str, ...]
    first_ms: int | None
    total_ms: int
    stream: bool
    finish_reason: str
    refusal: str
    notes: tuple[str, ...]


class HistoryPage(msgspec.Struct, frozen=True):
    """One page of records; `next` asks for the following one (`?before=`), or is None at the end."""

    rows: tuple[AttemptRow, ...]
    next: str | None


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Every refusal at the local door: a code and a sentence; of a configuration, all that is wrong with it."""

    code: str
    message: str
    problems: tuple[FileProblem, ...] = ()


class LoopbackDoor(msgspec.Struct, frozen=True):
    """What the file of the local door holds where there is no Unix socket: its address and its token."""

    url: str
    token: str
