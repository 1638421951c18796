"""Everything the proxy announces, as frozen structs; no event carries text of a prompt or an answer."""

from collections.abc import Callable

import msgspec

from bursar.contract.exposure import ExposureView
from bursar.contract.log_line import LogLine
from bursar.domain.account import Account, Standing
from bursar.domain.alert import Alert
from bursar.domain.calibration import Calibration
from bursar.domain.exchange import Outcome
from bursar.domain.grant import Grant
from bursar.domain.usage import Quality, Usage


class _Event(msgspec.Struct, frozen=True, tag=True, tag_field="event"):
    """What all events share: when they happened, in milliseconds since the epoch."""

    at_ms: int


class ExchangeOpened(_Event, frozen=True):
    """A call was accepted. `prompt_tokens` is our own count; `client` the program that asked."""

    exchange_id: str
    key: str
    project: str
    client: str
    alias: str
    stream: bool
    prompt_tokens: int


class AttemptStarted(_Event, frozen=True):
    """A route was chosen and what it may cost is held. `held_nano` is 0 where nothing has a price."""

    exchange_id: str
    upstream: str
    model: str
    held_nano: int


class AttemptFailed(_Event, frozen=True):
    """A route said no, or an account could not bear it."""

    exchange_id: str
    upstream: str
    model: str
    code: str
    message: str


class ExchangeProgressed(_Event, frozen=True):
    """What a running answer has used so far; at most four a second for each exchange."""

    exchange_id: str
    completion_tokens: int
    cost_nano: int
    held_nano: int


class AttemptSettled(_Event, frozen=True):
    """What one attempt used is on disk. A refused route settles nothing and has no such event."""

    exchange_id: str
    upstream: str
    model: str
    usage: Usage
    quality: Quality
    cost_nano: int
    priced: bool
    paid_by: tuple[str, ...]
    first_ms: int | None
    key: str = ""


class ExchangeClosed(_Event, frozen=True):
    """The client has had all it will get."""

    exchange_id: str
    outcome: Outcome
    status: int
    code: str
    message: str
    finish_reason: str
    total_ms: int


class StandingsChanged(_Event, frozen=True):
    """Accounts stand differently, on disk: after a hold, a settlement, a grant or a correction."""

    standings: tuple[Standing, ...]


class Granted(_Event, frozen=True):
    """Something was granted beside the configuration: a top-up, a raise, a reset, a correction."""

    grant: Grant


class GrantEnded(_Event, frozen=True):
    """A raise has ended, by itself or because it was undone."""

    grant: Grant


class BalanceView(msgspec.Struct, frozen=True):
    """What a vendor says of the account behind a wallet, in nano-dollars; None where it does not say.

    `drift_nano` is how much more the vendor has charged than we have settled since the first
    comparison. `problem` says why there is no answer; the figures are then those of the last one.
    """

    account_id: str
    compared_ms: int
    remaining_nano: int | None = None
    used_nano: int | None = None
    drift_nano: int | None = None
    alarm: bool = False
    way: str = ""
    problem: str = ""


class BalanceCompared(_Event, frozen=True):
    """A wallet was compared with the vendor's own balance."""

    balance: BalanceView


class HoldInDoubt(_Event, frozen=True):
    """A hold whose process died is still held; at `settles_ms` it is settled whole by itself: None for never."""

    hold_id: int
    exchange_id: str
    upstream: str
    model: str
    placed_ms: int
    shares: tuple[tuple[str, int], ...]
    settles_ms: int | None = None


class DoubtResolved(_Event, frozen=True):
    """A hold in doubt was settled or released; `estimated` where its cycle was over before anybody knew."""

    hold_id: int
    settled: bool = False
    estimated: bool = False


class RouteView(msgspec.Struct, frozen=True):
    """One model at an upstream: its health as an upstream's, and what is known of it.

    `window` and `output_limit` are in tokens, prices in nano-dollars per million of them, each None where
    nobody knows. `last_failure` stays when it is well again.
    """

    model: str
    health: str = "ok"
    code: str = ""
    reason: str = ""
    until_ms: int | None = None
    latency_ms: int | None = None
    last_failure: str = ""
    last_failure_ms: int | None = None
    window: int | None = None
    output_limit: int | None = None
    input_nano: int | None = None
    output_nano: int | None = None
    family: str = ""
    """The model family that it is counted as: a snapshot's calibrations are by `upstream/family`."""


class UpstreamView(msgspec.Struct, frozen=True):
    """One upstream, as far as a watcher may know it. `health` is `ok`, `cooling` or `off`, with the reason in words.

    `cooling` ends at `until_ms`: then the next call tries it; `off` ends when somebody clears it, or a call
    that has nowhere else to go gets through. `latency_ms` is a running mean of the time to the first event.
    `routes` are those of the aliases, and others that were asked; `listed` is how many models it lists,
    None where it did not say.
    """

    name: str
    kind: str
    base_url: str
    health: str = "ok"
    reason: str = ""
    until_ms: int | None = None
    latency_ms: int | None = None
    code: str = ""
    last_failure: str = ""
    last_failure_ms: int | None = None
    routes: tuple[RouteView, ...] = ()
    listed: int | None = None
    found: bool = False
    """Whether it is in no configuration, but was found running on this machine."""
    secret: str = ""
    """Where its key is kept, in the words of the configuration; empty where it is asked without one."""


class AliasView(msgspec.Struct, frozen=True):
    """One alias, its routes in order, and the price of the first in nano-dollars per million tokens, if known.

    `windows` are those of the routes in tokens, in the same order. Of a glob, the routes are as they are
    written, with `*` for the name that is asked for.
    """

    name: str
    routes: tuple[str, ...]
    input_nano: int | None = None
    output_nano: int | None = None
    windows: tuple[int | None, ...] = ()


class ConfigurationLoaded(_Event, frozen=True):
    """A new configuration is in force."""

    upstreams: tuple[UpstreamView, ...]
    aliases: tuple[AliasView, ...]
    accounts: tuple[Account, ...]
    etag: str = ""
    """The digest of the file's bytes; empty where there is no file."""
    problems: tuple[str, ...] = ()
    """What does not work although it is configured: an upstream whose key cannot be had."""


class ConfigurationRejected(_Event, frozen=True):
    """The file, whose digest is `etag`, has problems; what was in force stays."""

    problems: tuple[str, ...]
    etag: str = ""


class UpstreamHealthChanged(_Event, frozen=True):
    """An upstream is well, cooling down or left alone."""

    upstream: UpstreamView


class Calibrated(_Event, frozen=True):
    """More is known of how an upstream counts the prompts and answers of a model family."""

    calibration: Calibration


class KeyView(msgspec.Struct, frozen=True):
    """A client key as a watcher may know it: never the key."""

    name: str
    hint: str
    project: str
    models: tuple[str, ...]
    created_ms: int
    expires_ms: int | None
    disabled: bool
    last_used_ms: int | None = None
    last_client: str = ""
    rates: tuple[str, ...] = ()
    """As people write them: `60/min`, `100000tok/min`."""
    parallel: int | None = None
    """How many calls may run at once."""
    networks: tuple[str, ...] = ()
    """Where its calls may come from, as CIDR; empty: from anywhere."""
    fallback: tuple[str, ...] = ()
    max_tokens: int | None = None
    """How long one answer may be."""
    former_until_ms: int | None = None
    """Until when a key that this one replaced is still accepted."""
    keep_content: bool = False
    """Whether the prompts and answers of its calls are kept for a while; they are never part of the state."""


class KeyChanged(_Event, frozen=True):
    """A client key was issued or changed."""

    key: KeyView


class KeyRevoked(_Event, frozen=True):
    """A client key is no longer accepted."""

    name: str


class Logged(_Event, frozen=True):
    """The process said something of itself, of level info or above; its trace, if it has one, is in the file."""

    line: LogLine


class Alerted(_Event, frozen=True):
    """Something that the user should know, said once."""

    alert: Alert


class AlertEnded(_Event, frozen=True):
    """An alert is shown no longer: what it said holds no more, or somebody has dismissed it."""

    cause: str


class Exposed(_Event, frozen=True):
    """The public door answers to a public host too: anyone who has one of its keys may call from anywhere."""

    exposure: ExposureView


class ExposureEnded(_Event, frozen=True):
    """A public host is answered to no longer."""

    host: str


class Stopping(_Event, frozen=True):
    """The proxy takes no further calls and will end."""


Event = (
    ExchangeOpened
    | AttemptStarted
    | AttemptFailed
    | ExchangeProgressed
    | AttemptSettled
    | ExchangeClosed
    | StandingsChanged
    | BalanceCompared
    | Granted
    | GrantEnded
    | HoldInDoubt
    | DoubtResolved
    | ConfigurationLoaded
    | ConfigurationRejected
    | UpstreamHealthChanged
    | Calibrated
    | KeyChanged
    | KeyRevoked
    | Alerted
    | AlertEnded
    | Logged
    | Exposed
    | ExposureEnded
    | Stopping
)

Publish = Callable[[Event], None]
"""How whatever happens below is announced: handed down at the start, never found."""
