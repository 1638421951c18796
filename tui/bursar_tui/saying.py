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
    Logged,
    StandingsChanged,
    Stopping,
    UpstreamHealthChanged,
)
from bursar.contract.exposure import ExposureView
from bursar.contract.snapshot import Snapshot
from bursar_tui.marks import OUTCOMES, health_mark
from bursar_tui.outlook import Level, Outlook, burn_nano, outlooks, running_of
from bursar_tui.words import about, amount, balance, counted, money, rest, span, took

CALL_LETTERS = 5
"""How much of an exchange's id is said: the part that is chance, which tells calls of one moment apart."""


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
    lines += [f"Alert: {alert.sentence}" for alert in snapshot.alerts.values()]
    return lines


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
            return [f"Call {event.exchange_id[-CALL_LETTERS:]} {_call(event, snapshot)}."]
        case Alerted():
            return [f"Alert: {event.alert.sentence}"]
        case ExchangeProgressed() | StandingsChanged() | AlertEnded():
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
        case UpstreamHealthChanged():
            upstream = event.upstream
            why = f": {upstream.reason.rstrip('.')}" if upstream.reason else ""
            return [f"Upstream {upstream.name} is {health_mark(upstream.health).word}{why}."]
        case KeyChanged():
            return [f"Key {event.key.name} was issued or changed."]
        case KeyRevoked():
            return [f"Key {event.name} was revoked."]
        case Logged():
            # What it says of what happens is said already; a fault of its own is not.
            line = event.line
            return [f"The proxy's log, {line.subject}: {line.said}"] if line.level.value == "error" else []
        case Exposed():
            return [exposed(event.exposure)]
        case ExposureEnded():
            return [f"No longer exposed: {event.host}."]
        case Stopping():
            return ["The proxy is stopping."]
        case _:
            assert_never(event)


def _granted(event: Granted | GrantEnded, snapshot: Snapshot) -> list[str]:
    grant = event.grant
    account = snapshot.accounts.get(grant.account_id)
    if account is None:
        return []
    what = f"{str(grant.kind).replace('_', ' ').capitalize()} of {account.name}"
    if isinstance(event, GrantEnded):
        return [f"{what} by {amount(grant.amount, account.unit)} has ended."]
    until = f" for {span(grant.until_ms - grant.at_ms)}" if grant.until_ms is not None else ""
    return [f"{what}: {amount(grant.amount, account.unit)}{until}."]


def _compared(event: BalanceCompared, snapshot: Snapshot) -> list[str]:
    """Nothing while the vendor's figure and ours agree."""
    balance_view = event.balance
    account = snapshot.accounts.get(balance_view.account_id)
    if account is None or not balance_view.alarm:
        return []
    drift = balance(balance_view.drift_nano or 0)
    return [f"Wallet {account.name}: the vendor has charged {drift} more than was settled here."]


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
            return f"is {OUTCOMES[event.outcome].word} after {took(event.total_ms)}{_why(event, snapshot)}"
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
    usage = event.usage
    cost = money(event.cost_nano) if event.priced else "no price known"
    names = [snapshot.accounts[each].name for each in event.paid_by if each in snapshot.accounts]
    paid = f", paid by {', '.join(names)}" if names else ""
    return f"used {counted(usage.prompt_tokens, 'token')} in, {usage.completion_tokens:,} out, {cost}{paid}"
