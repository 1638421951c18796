"""Saying: each event as a sentence, for those who read line by line or have the lines read to them."""

from datetime import tzinfo
from typing import assert_never

from bursar.contract.events import (
    Alerted,
    AlertEnded,
    AttemptFailed,
    AttemptSettled,
    AttemptStarted,
    BalanceCompared,
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
from bursar.contract.log_line import Level as LogLevel
from bursar.contract.log_line import LogLine
from bursar.contract.snapshot import Snapshot
from bursar.domain.alert import Alert, AlertKind
from bursar.domain.exchange import Outcome
from bursar.domain.grant import GrantKind
from bursar_tui.marks import health_mark
from bursar_tui.outlook import Level, Outlook, burn_nano, outlooks, running_of
from bursar_tui.words import about, amount, balance, counted, money, rest, span, took

CALL_LETTERS = 5
"""How much of an exchange's id is said: the part that is chance, which tells calls of one moment apart."""

_ENDS = {
    Outcome.COMPLETE: "is done",
    Outcome.CUT: "is cut at a budget's limit",
    Outcome.BROKEN: "is broken off",
    Outcome.LEFT: "was left by its client",
    Outcome.REFUSED: "is refused",
    Outcome.FAILED: "has failed",
}

_EVENTS_TOO = frozenset({AlertKind.CONFIGURATION, AlertKind.EXPOSED, AlertKind.DOUBT, AlertKind.DRIFT})
"""Alerts that say what was said a moment before: nothing is read aloud twice."""

_TOLD_ANYWAY = frozenset({"events", "alerts.alerts", "daemon.in_force", "exposures"})
"""Parts of the proxy whose warnings are events too."""


def opening(snapshot: Snapshot, now_ms: int, zone: tzinfo) -> list[str]:
    """The state that a watch begins with."""
    running = len(running_of(snapshot))
    lines = [
        f"Attached to Bursar {snapshot.version} at {snapshot.public_url}.",
        f"{counted(running, 'call')} running, {balance(burn_nano(snapshot, now_ms))} an hour.",
    ]
    lines += [exposed(each) for each in snapshot.exposures.values()]
    lines += [account_line(each, now_ms, zone) for each in outlooks(snapshot, now_ms, zone)]
    for upstream in snapshot.upstreams.values():
        if upstream.health != "ok":
            lines.append(
                f"Upstream {upstream.name} is {health_mark(upstream.health).word}: {upstream.reason.rstrip('.')}."
            )
    if snapshot.in_doubt:
        lines.append(f"{counted(len(snapshot.in_doubt), 'hold')} in doubt after a crash.")
    lines += [f"The new configuration is not in force: {problem}" for problem in snapshot.configuration.problems]
    lines += snapshot.problems
    lines += [_alert(each) for each in snapshot.alerts.values() if each.kind not in _EVENTS_TOO]
    return lines


def _alert(alert: Alert) -> str:
    return f"Alert: {alert.sentence}"


def exposed(exposure: ExposureView) -> str:
    """Who may call from outside, and until when."""
    keys = " or ".join(f'"{key}"' for key in exposure.keys)
    by = f", through {exposure.program}" if exposure.program else ""
    return f"EXPOSED as https://{exposure.host}{by}: whoever has the key {keys} can call from anywhere."


def account_line(outlook: Outlook, now_ms: int, zone: tzinfo) -> str:
    """How an account stands and when it ends."""
    account, standing = outlook.account, outlook.standing
    said = f"{str(account.kind).capitalize()} {account.name}: "
    said += (
        f"{rest(standing.available, standing.granted, account.unit)} left of {amount(standing.granted, account.unit)}"
    )
    if outlook.level is Level.USED_UP:
        said += ", used up"
    elif outlook.out_ms is not None:
        said += f", at this rate used up in {span(outlook.out_ms - now_ms)}, at {about(outlook.out_ms, now_ms, zone)}"
    if standing.cycle.end_ms is not None:
        said += f", starts afresh in {span(standing.cycle.end_ms - now_ms)}"
    return f"{said}."


def sentences(event: Event, snapshot: Snapshot) -> list[str]:
    """What happened; nothing for what would drown the rest (signs of life, figures that change with each call)."""
    match event:
        case ExchangeOpened() | AttemptStarted() | AttemptFailed() | AttemptSettled() | ExchangeClosed():
            return [f"Call {_whose(event, snapshot)} {_call(event, snapshot)}."]
        case Alerted():
            return [_alert(event.alert)] if event.alert.kind not in _EVENTS_TOO else []
        case ExchangeProgressed() | StandingsChanged() | AlertEnded() | Calibrated():
            return []
        case UpstreamHealthChanged() | KeyChanged():
            # Of standings, upstreams and keys it is said what has changed: `plain.py` knows how they were.
            return []
        case Granted() | GrantEnded():
            return _granted(event, snapshot)
        case BalanceCompared():
            return _compared(event, snapshot)
        case HoldInDoubt():
            return [f"A hold for {event.upstream}/{event.model} is in doubt: its process died."]
        case DoubtResolved():
            return ["A hold in doubt is resolved."]
        case ConfigurationLoaded():
            return ["A new configuration is in force.", *event.problems]
        case ConfigurationRejected():
            return [f"The new configuration is not in force: {problem}" for problem in event.problems]
        case KeyRevoked():
            return [f"Key {event.name} was revoked."]
        case Logged():
            return [f"The proxy's log, {event.line.subject}: {event.line.said}"] if _is_news(event.line) else []
        case Exposed():
            return [exposed(event.exposure)]
        case ExposureEnded():
            return [f"No longer exposed: {event.host}."]
        case Stopping():
            return ["The proxy is stopping."]
        case _:
            assert_never(event)


def _is_news(line: LogLine) -> bool:
    """Whether a line of the log tells what no event tells: what goes well is one, and most warnings are."""
    return line.level is LogLevel.ERROR or (line.level is LogLevel.WARNING and line.subject not in _TOLD_ANYWAY)


def upstream_lines(before: UpstreamView | None, now: UpstreamView) -> list[str]:
    """What is otherwise of an upstream and its routes than it was, or than well where it is new."""
    well = before is None or before.health == "ok"
    lines = []
    if (now.health == "ok") is not well or (now.health != "ok" and before and before.health != now.health):
        lines.append(_health(f"Upstream {now.name}", now.health, now.reason))
    routes = {route.model: route for route in before.routes} if before is not None else {}
    for route in now.routes:
        was = routes[route.model].health if route.model in routes else "ok"
        if was != route.health and now.health == "ok":
            lines.append(_health(f"Route {now.name}/{route.model}", route.health, route.reason))
    return lines


def _health(what: str, health: str, reason: str) -> str:
    if health == "ok":
        return f"{what} is well again."
    why = f": {reason.rstrip('.')}" if reason else ""
    return f"{what} is {health_mark(health).word}{why}."


def key_line(before: KeyView | None, now: KeyView) -> str:
    """What became of a client key."""
    if before is None:
        return f"Key {now.name} was issued."
    if before.disabled != now.disabled:
        return f"Key {now.name} is {'refused from now on' if now.disabled else 'accepted again'}."
    if before.hint != now.hint:
        return f"Key {now.name} was replaced by a new one."
    return f"Key {now.name} is held to other limits."


def _granted(event: Granted | GrantEnded, snapshot: Snapshot) -> list[str]:
    grant = event.grant
    account = snapshot.accounts.get(grant.account_id)
    if account is None:
        return []
    kind, much = str(grant.kind).replace("_", " "), amount(grant.amount, account.unit)
    if isinstance(event, GrantEnded):
        return [f"{kind.capitalize()} of {account.name} by {much} has ended."]
    until = f" for {span(grant.until_ms - grant.at_ms)}" if grant.until_ms is not None else ""
    what = {GrantKind.RAISE: f"is raised by {much}", GrantKind.TOP_UP: f"has {much} more, which was paid in"}
    return [
        f"{str(account.kind).capitalize()} {account.name} {what.get(grant.kind, f'has a {kind} of {much}')}{until}."
    ]


def _compared(event: BalanceCompared, snapshot: Snapshot) -> list[str]:
    """Nothing while the vendor's figure and ours agree."""
    balance_view = event.balance
    account = snapshot.accounts.get(balance_view.account_id)
    if account is None or not balance_view.alarm:
        return []
    return [f"Wallet {account.name}: {drifted(balance_view.drift_nano or 0)}."]


def drifted(drift_nano: int) -> str:
    """How far a vendor's figure is from ours."""
    more = "less" if drift_nano < 0 else "more"
    return f"the vendor has charged {balance(abs(drift_nano))} {more} than was settled here"


def _whose(
    event: ExchangeOpened | AttemptStarted | AttemptFailed | AttemptSettled | ExchangeClosed, snapshot: Snapshot
) -> str:
    """Which call, and whose: many run at once, and who listens does not see the line of its beginning."""
    name, exchange = event.exchange_id[-CALL_LETTERS:], snapshot.exchanges.get(event.exchange_id)
    return name if exchange is None or isinstance(event, ExchangeOpened) else f"{name} of {exchange.key}"


def _call(
    event: ExchangeOpened | AttemptStarted | AttemptFailed | AttemptSettled | ExchangeClosed, snapshot: Snapshot
) -> str:
    match event:
        case ExchangeOpened():
            program = f" with {event.client}" if event.client else ""
            return f"opened: {event.key} asks for {event.alias}{program}, {counted(event.prompt_tokens, 'token')}"
        case AttemptStarted():
            held = f", {money(event.held_nano)} held" if event.held_nano else ""
            return f"goes to {event.upstream}/{event.model}{held}"
        case AttemptFailed():
            return _failed(event, snapshot)
        case AttemptSettled():
            return _settled(event, snapshot)
        case ExchangeClosed():
            return f"{_ENDS[event.outcome]} after {took(event.total_ms)}{_why(event, snapshot)}"
        case _:
            assert_never(event)


def _failed(event: AttemptFailed, snapshot: Snapshot) -> str:
    """A reason that was said of the route before is not said again: whoever listens would hear it twice in full."""
    exchange = snapshot.exchanges.get(event.exchange_id)
    before = exchange.attempts[:-1] if exchange is not None else []
    route = f"{event.upstream}/{event.model}"
    if event.message and any(each.message == event.message for each in before):
        return f"was not taken by {route} either, for the same reason"
    return f"was not taken by {route}: {(event.message or event.code).rstrip('.')}"


def _why(event: ExchangeClosed, snapshot: Snapshot) -> str:
    exchange = snapshot.exchanges.get(event.exchange_id)
    if event.message and exchange is not None and any(each.message == event.message for each in exchange.attempts):
        return ", for the reason just said"
    why = event.message or event.code
    return f": {why.rstrip('.')}" if why else ""


def _settled(event: AttemptSettled, snapshot: Snapshot) -> str:
    """What it cost, for what, and who paid."""
    usage = event.usage
    used = f"{counted(usage.prompt_tokens, 'token')} in, {usage.completion_tokens:,} out"
    names = [snapshot.accounts[each].name for each in event.paid_by if each in snapshot.accounts]
    paid = f", paid by {', '.join(names)}" if names else ""
    return f"cost {money(event.cost_nano)}: {used}{paid}" if event.priced else f"used {used}{paid}; no price is known"
