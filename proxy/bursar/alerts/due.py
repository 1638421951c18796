"""Due: which alerts are to be said, given what is the case and what was said already; each once, never in a storm."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from bursar.domain.alert import Alert, AlertKind, Urgency

REST_MS = 60_000
"""How long a cause must be gone before it counts as over."""
LONGEST_REST_MS = 3_600_000
"""The most of that: it doubles each time a cause comes back, so that what comes and goes is soon said no more."""
MEMORY_MS = 6 * 3_600_000
"""For how long it is remembered that something was over."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that is the case and that an alert may be about, as serious as `level`; at 0 there is nothing to say.

    An account is a cause in each of its cycles anew, and `granted` is what was granted it there: once it is given
    more, what was said of less does not count. Both are 0 for everything else.
    """

    id: str
    kind: AlertKind
    level: int
    urgency: Urgency = Urgency.WARNING
    sentence: str = ""
    cycle_ms: int = 0
    granted: int = 0


class Said(msgspec.Struct, frozen=True):
    """What was said of a cause last, and up to which level; `level` is 0 once that is over.

    `gone_ms` is since when the cause is not seen any more, `rest_ms` how long it must stay away. `standing` says
    whether the alert is shown still.
    """

    alert: Alert
    level: int
    cycle_ms: int = 0
    granted: int = 0
    gone_ms: int | None = None
    rest_ms: int = REST_MS
    standing: bool = True


@dataclass(frozen=True, slots=True)
class Sight:
    """What is the case now.

    `well` has a sentence for each cause that is known to be over. Of those that are `unsure` nothing changes.
    """

    causes: tuple[Cause, ...] = ()
    well: Mapping[str, str] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Due:
    """What follows: the alerts to say, the causes whose alert is to be taken down, and what is remembered then."""

    alerts: tuple[Alert, ...]
    ended: tuple[str, ...]
    said: Mapping[str, Said]


def due(sight: Sight, said: Mapping[str, Said], now_ms: int) -> Due:
    """What is to be said at this instant. Asked again with what it gave, and nothing new in sight, it says nothing."""
    alerts: list[Alert] = []
    ended: list[str] = []
    after = dict(said)
    for cause in sight.causes:
        before = said.get(cause.id)
        now = _seen(cause, before, now_ms)
        if now is None:
            after.pop(cause.id, None)
        else:
            after[cause.id] = now
            if before is None or now.alert is not before.alert:
                alerts.append(now.alert)
        if before is not None and before.standing and (now is None or not now.standing):
            ended.append(cause.id)
    seen = {cause.id for cause in sight.causes} | sight.unsure
    for name, before in said.items():
        if name in seen:
            continue
        now = _unseen(before, now_ms)
        if now is None:
            del after[name]
            continue
        after[name] = now
        if before.level and not now.level:
            if name in sight.well:
                alerts.append(_over(before.alert, sight.well[name], now_ms))
            if before.standing:
                ended.append(name)
    return Due(tuple(alerts), tuple(ended), after)


def dismissed(said: Mapping[str, Said], causes: Iterable[str]) -> dict[str, Said]:
    """The same with these alerts shown no longer; what was said of them stays said."""
    after = dict(said)
    for name in causes:
        if name in after:
            after[name] = msgspec.structs.replace(after[name], standing=False)
    return after


def _seen(cause: Cause, before: Said | None, now_ms: int) -> Said | None:
    """What is remembered of a cause in sight: with a new alert where there is something to say."""
    if before is None or before.cycle_ms != cause.cycle_ms:
        return _said(cause, REST_MS, now_ms) if cause.level else None
    if not before.level:
        # It was over and is back.
        rest_ms = min(2 * before.rest_ms, LONGEST_REST_MS)
        return _said(cause, rest_ms, now_ms) if cause.level else before
    level = min(before.level, cause.level) if before.granted != cause.granted else before.level
    if not level and not cause.level:
        return None
    if cause.level > level:
        return _said(cause, before.rest_ms, now_ms)
    return msgspec.structs.replace(
        before,
        level=level,
        granted=cause.granted,
        gone_ms=None,
        standing=before.standing and cause.level >= before.level,
    )


def _said(cause: Cause, rest_ms: int, now_ms: int) -> Said:
    alert = Alert(cause.id, cause.kind, cause.urgency, cause.sentence, now_ms)
    return Said(alert, cause.level, cause.cycle_ms, cause.granted, rest_ms=rest_ms)


def _unseen(before: Said, now_ms: int) -> Said | None:
    """What is remembered of a cause that is not in sight; None where that is nothing any more."""
    if before.gone_ms is None:
        return msgspec.structs.replace(before, gone_ms=now_ms)
    gone_ms = now_ms - before.gone_ms
    if before.level:
        if gone_ms < before.rest_ms:
            return before
        return msgspec.structs.replace(before, level=0, gone_ms=now_ms, standing=False)
    return before if gone_ms < MEMORY_MS else None


def _over(alert: Alert, sentence: str, now_ms: int) -> Alert:
    return Alert(alert.cause, alert.kind, Urgency.NOTE, sentence, now_ms, over=True)
