"""TurnedAway: calls that the rates of their key refuse, told so that somebody sees them, but not one by one."""

import logging

from bursar.contract.events import ExchangeClosed, ExchangeOpened, Publish
from bursar.domain.clock import Clock
from bursar.domain.exchange import Outcome
from bursar.domain.refusals import Refusal
from bursar.pipeline.call import Call

_log = logging.getLogger(__name__)

_MINUTE_MS = 60_000


class TurnedAway:
    """Tells the first refusal of each key and kind in a minute, with how many there were since the one before it.

    A client that hammers would else fill what watchers see with its own refusals, and the log. None of them is
    recorded: nothing was tried.
    """

    def __init__(self, publish: Publish, clock: Clock) -> None:
        self._publish = publish
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[int, int]] = {}
        """By key and code: in which minute it was told last, and how many were not."""

    def note(self, call: Call, refusal: Refusal) -> None:
        """A call was refused before anything was looked for to answer it."""
        kind, minute = (call.key.name, refusal.code), call.at_ms // _MINUTE_MS
        told, untold = self._told.get(kind, (-1, 0))
        if minute == told:
            self._told[kind] = told, untold + 1
            return
        self._told[kind] = minute, 0
        more = f" Since it was last told, {untold:,} more were refused so." if untold else ""
        request, now_ms = call.request, self._clock.now_ms()
        self._publish(
            ExchangeOpened(call.at_ms, call.id, call.key.name, call.project, call.client, call.alias, request.stream, 0)
        )
        self._publish(
            ExchangeClosed(
                now_ms,
                call.id,
                Outcome.REFUSED,
                refusal.status,
                refusal.code,
                f"{refusal.message}{more}",
                "",
                now_ms - call.at_ms,
            )
        )
        fields = {"key": call.key.name, "client": call.client, "code": refusal.code, "more": untold}
        _log.info("a key's rates refused a call", extra={"fields": fields})
