"""Snapshot and `apply`: the state that all events add up to, kept alike by the proxy and by every watcher."""

from typing import assert_never
from zoneinfo import ZoneInfo

import msgspec

from bursar.contract.configuration import ConfigurationView
from bursar.contract.events import (
    Alerted,
    AlertEnded,
    AliasView,
    AttemptFailed,
    AttemptSettled,
    AttemptStarted,
    BalanceCompared,
    BalanceView,
    Calibrated,
    ConfigurationLoaded,
    ConfigurationRejected,
    DoubtResolved,
    Event,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeProgressed,
    Exposed,
    ExposureEnded,
    Granted,
    GrantEnded,
    HoldInDoubt,
    KeyChanged,
    KeyRevoked,
    KeyView,
    Logged,
    StandingsChanged,
    Stopping,
    UpstreamHealthChanged,
    UpstreamView,
)
from bursar.contract.exposure import ExposureView
from bursar.contract.log_line import LogLine
from bursar.domain.account import Account, Standing
from bursar.domain.alert import Alert
from bursar.domain.calibration import Calibration
from bursar.domain.cycle import Every, cycle_at
from bursar.domain.exchange import Outcome
from bursar.domain.grant import Grant
from bursar.domain.usage import NOTHING, Quality, Usage

KEPT_EXCHANGES = 200
KEPT_MINUTES = 60
KEPT_DAYS = 31
KEPT_LINES = 100
MINUTE_MS = 60_000


class AttemptView(msgspec.Struct):
    """One try at one route."""

    upstream: str
    model: str
    started_ms: int
    held_nano: int = 0
    code: str = ""
    message: str = ""
    usage: Usage = NOTHING
    quality: Quality | None = None
    cost_nano: int = 0
    priced: bool = True
    paid_by: tuple[str, ...] = ()
    first_ms: int | None = None


class ExchangeView(msgspec.Struct):
    """One exchange: running while `outcome` is None."""

    id: str
    opened_ms: int
    key: str
    project: str
    client: str
    alias: str
    stream: bool
    prompt_tokens: int
    attempts: list[AttemptView] = msgspec.field(default_factory=list)
    completion_tokens: int = 0
    cost_nano: int = 0
    held_nano: int = 0
    outcome: Outcome | None = None
    status: int = 0
    code: str = ""
    message: str = ""
    finish_reason: str = ""
    total_ms: int | None = None


class Spend(msgspec.Struct):
    """What was settled in one stretch of time."""

    start_ms: int
    end_ms: int
    cost_nano: int = 0
    tokens: int = 0
    requests: int = 0


class DoubtView(msgspec.Struct, frozen=True):
    """A hold in doubt; at `settles_ms` it is settled whole by itself: None for never."""

    hold_id: int
    exchange_id: str
    upstream: str
    model: str
    placed_ms: int
    shares: tuple[tuple[str, int], ...]
    settles_ms: int | None = None


class Snapshot(msgspec.Struct):
    """The state of the proxy, as far as a watcher may know it; `log` has the last `KEPT_LINES` lines of its log.

    `exchanges` are in the order in which they were opened, running ones and the last
    `KEPT_EXCHANGES` closed ones. `minutes` and `days` are spend in the order of time; a day begins
    at midnight in `zone`, an IANA name. `problems` are those of what is in force; the file's own, while they keep it
    from being in force, are in `configuration`.
    """

    run: str
    version: str
    started_ms: int
    public_url: str
    now_ms: int
    zone: str = "UTC"
    seq: int = 0
    accounts: dict[str, Account] = msgspec.field(default_factory=dict)
    standings: dict[str, Standing] = msgspec.field(default_factory=dict)
    upstreams: dict[str, UpstreamView] = msgspec.field(default_factory=dict)
    aliases: dict[str, AliasView] = msgspec.field(default_factory=dict)
    keys: dict[str, KeyView] = msgspec.field(default_factory=dict)
    exchanges: dict[str, ExchangeView] = msgspec.field(default_factory=dict)
    balances: dict[str, BalanceView] = msgspec.field(default_factory=dict)
    raises: dict[int, Grant] = msgspec.field(default_factory=dict)
    in_doubt: dict[int, DoubtView] = msgspec.field(default_factory=dict)
    alerts: dict[str, Alert] = msgspec.field(default_factory=dict)
    minutes: list[Spend] = msgspec.field(default_factory=list)
    days: list[Spend] = msgspec.field(default_factory=list)
    problems: tuple[str, ...] = ()
    log: list[LogLine] = msgspec.field(default_factory=list)
    exposures: dict[str, ExposureView] = msgspec.field(default_factory=dict)
    stopping: bool = False
    configuration: ConfigurationView = ConfigurationView()
    calibrations: dict[str, Calibration] = msgspec.field(default_factory=dict)
    """By upstream and family, as far as anything was learned."""


def apply(snapshot: Snapshot, seq: int, event: Event) -> None:
    """Make `snapshot` the state after `event`, which has number `seq`. The one reducer there is."""
    snapshot.seq = seq
    snapshot.now_ms = max(snapshot.now_ms, event.at_ms)
    match event:
        case ExchangeOpened():
            _open(snapshot, event)
        case AttemptStarted():
            _start(snapshot, event)
        case AttemptSettled():
            _settle(snapshot, event)
        case ExchangeClosed():
            _close(snapshot, event)
        case StandingsChanged():
            for standing in event.standings:
                snapshot.standings[standing.account_id] = standing
        case AttemptFailed():
            _fail(snapshot, event)
        case ExchangeProgressed():
            _progress(snapshot, event)
        case BalanceCompared():
            snapshot.balances[event.balance.account_id] = event.balance
        case Granted():
            if event.grant.is_open:
                snapshot.raises[event.grant.id] = event.grant
        case GrantEnded():
            snapshot.raises.pop(event.grant.id, None)
        case HoldInDoubt():
            snapshot.in_doubt[event.hold_id] = DoubtView(
                event.hold_id,
                event.exchange_id,
                event.upstream,
                event.model,
                event.placed_ms,
                event.shares,
                event.settles_ms,
            )
        case DoubtResolved():
            snapshot.in_doubt.pop(event.hold_id, None)
        case ConfigurationLoaded():
            _configure(snapshot, event)
        case ConfigurationRejected():
            snapshot.configuration = msgspec.structs.replace(
                snapshot.configuration, file_etag=event.etag, problems=event.problems
            )
        case UpstreamHealthChanged():
            snapshot.upstreams[event.upstream.name] = event.upstream
        case Calibrated():
            snapshot.calibrations[event.calibration.key] = event.calibration
        case KeyChanged():
            _change_key(snapshot, event.key)
        case KeyRevoked():
            snapshot.keys.pop(event.name, None)
        case Logged():
            snapshot.log.append(event.line)
            del snapshot.log[:-KEPT_LINES]
        case Alerted():
            # The latest comes last, also where it takes the place of what was said of its cause before.
            snapshot.alerts.pop(event.alert.cause, None)
            if not event.alert.over:
                snapshot.alerts[event.alert.cause] = event.alert
        case AlertEnded():
            snapshot.alerts.pop(event.cause, None)
        case Exposed():
            snapshot.exposures[event.exposure.host] = event.exposure
        case ExposureEnded():
            snapshot.exposures.pop(event.host, None)
        case Stopping():
            snapshot.stopping = True
        case _:
            assert_never(event)


def _open(snapshot: Snapshot, event: ExchangeOpened) -> None:
    snapshot.exchanges[event.exchange_id] = ExchangeView(
        event.exchange_id,
        event.at_ms,
        event.key,
        event.project,
        event.client,
        event.alias,
        event.stream,
        event.prompt_tokens,
    )
    key = snapshot.keys.get(event.key)
    if key is not None:
        snapshot.keys[event.key] = msgspec.structs.replace(key, last_used_ms=event.at_ms, last_client=event.client)


def _change_key(snapshot: Snapshot, key: KeyView) -> None:
    """A change of its limits says nothing of when a key was last used."""
    known = snapshot.keys.get(key.name)
    if key.last_used_ms is None and known is not None:
        key = msgspec.structs.replace(key, last_used_ms=known.last_used_ms, last_client=known.last_client)
    snapshot.keys[key.name] = key


def _start(snapshot: Snapshot, event: AttemptStarted) -> None:
    exchange = snapshot.exchanges.get(event.exchange_id)
    if exchange is not None:
        exchange.attempts.append(AttemptView(event.upstream, event.model, event.at_ms, event.held_nano))
        exchange.held_nano = event.held_nano


def _fail(snapshot: Snapshot, event: AttemptFailed) -> None:
    exchange = snapshot.exchanges.get(event.exchange_id)
    if exchange is not None:
        attempt = _attempt(exchange, event.upstream, event.model, event.at_ms)
        attempt.code, attempt.message = event.code, event.message
        exchange.held_nano = 0


def _progress(snapshot: Snapshot, event: ExchangeProgressed) -> None:
    exchange = snapshot.exchanges.get(event.exchange_id)
    if exchange is not None:
        exchange.completion_tokens = event.completion_tokens
        exchange.cost_nano = event.cost_nano
        exchange.held_nano = event.held_nano


def _settle(snapshot: Snapshot, event: AttemptSettled) -> None:
    usage = event.usage
    tokens = usage.total_tokens
    for spend in (_minute(snapshot, event.at_ms), _day(snapshot, event.at_ms)):
        spend.cost_nano += event.cost_nano
        spend.tokens += tokens
        spend.requests += usage.requests
    exchange = snapshot.exchanges.get(event.exchange_id)
    if exchange is None:
        return
    attempt = _attempt(exchange, event.upstream, event.model, event.at_ms)
    attempt.usage, attempt.quality, attempt.cost_nano = usage, event.quality, event.cost_nano
    attempt.priced, attempt.paid_by, attempt.first_ms = event.priced, event.paid_by, event.first_ms
    exchange.prompt_tokens = usage.prompt_tokens
    exchange.completion_tokens = usage.completion_tokens
    exchange.cost_nano = sum([each.cost_nano for each in exchange.attempts])
    exchange.held_nano = 0


def _attempt(exchange: ExchangeView, upstream: str, model: str, at_ms: int) -> AttemptView:
    """The attempt under way at this route; a refusal before anything was held has none yet."""
    if exchange.attempts:
        last = exchange.attempts[-1]
        if (last.upstream, last.model) == (upstream, model) and not last.code:
            return last
    exchange.attempts.append(AttemptView(upstream, model, at_ms))
    return exchange.attempts[-1]


def _close(snapshot: Snapshot, event: ExchangeClosed) -> None:
    exchange = snapshot.exchanges.get(event.exchange_id)
    if exchange is None:
        return
    exchange.outcome, exchange.status = event.outcome, event.status
    exchange.code, exchange.message = event.code, event.message
    exchange.finish_reason, exchange.total_ms = event.finish_reason, event.total_ms
    exchange.held_nano = 0
    if len(snapshot.exchanges) > KEPT_EXCHANGES:
        for oldest in snapshot.exchanges.values():
            if oldest.outcome is not None:
                del snapshot.exchanges[oldest.id]
                break


def _minute(snapshot: Snapshot, at_ms: int) -> Spend:
    minutes = snapshot.minutes
    if not minutes or at_ms >= minutes[-1].end_ms:
        start_ms = at_ms - at_ms % MINUTE_MS
        minutes.append(Spend(start_ms, start_ms + MINUTE_MS))
        del minutes[:-KEPT_MINUTES]
    return minutes[-1]


def _day(snapshot: Snapshot, at_ms: int) -> Spend:
    days = snapshot.days
    if not days or at_ms >= days[-1].end_ms:
        today = cycle_at(Every.DAY, at_ms, ZoneInfo(snapshot.zone))
        days.append(Spend(today.start_ms, today.end_ms or today.start_ms))
        del days[:-KEPT_DAYS]
    return days[-1]


def _configure(snapshot: Snapshot, event: ConfigurationLoaded) -> None:
    snapshot.problems = event.problems
    snapshot.configuration = ConfigurationView(event.etag, event.etag)
    snapshot.upstreams = {upstream.name: upstream for upstream in event.upstreams}
    snapshot.aliases = {alias.name: alias for alias in event.aliases}
    snapshot.accounts = {account.id: account for account in event.accounts}
    snapshot.standings = {
        account_id: standing for account_id, standing in snapshot.standings.items() if account_id in snapshot.accounts
    }
    snapshot.balances = {
        account_id: balance for account_id, balance in snapshot.balances.items() if account_id in snapshot.accounts
    }
