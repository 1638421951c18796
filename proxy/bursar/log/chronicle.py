"""Chronicle: the events that belong in the process's log, as lines of it; of a call, codes and names alone."""

import logging
from collections.abc import Callable, Mapping

from bursar.contract.events import (
    AttemptFailed,
    AttemptSettled,
    AttemptStarted,
    BalanceCompared,
    ConfigurationLoaded,
    DoubtResolved,
    Event,
    ExchangeClosed,
    ExchangeOpened,
    ExchangeProgressed,
    Granted,
    GrantEnded,
    HoldInDoubt,
    KeyChanged,
    KeyRevoked,
    StandingsChanged,
    Stopping,
    UpstreamHealthChanged,
)
from bursar.domain.account import Unit
from bursar.domain.exchange import Outcome
from bursar.domain.grant import Grant
from bursar.domain.money import plain_millionths, plain_usd

_log = logging.getLogger("bursar.events")

_Fields = dict[str, str | int]

OF_EVERY_CALL: frozenset[type] = frozenset(
    {ExchangeOpened, AttemptStarted, ExchangeProgressed, StandingsChanged, AttemptSettled}
)
"""What most events are, and nobody asks the log about."""

_IN_WORDS: Mapping[Unit, tuple[str, Callable[[int], str]]] = {
    Unit.NANO_DOLLARS: ("usd", plain_usd),
    Unit.MICRO_REQUESTS: ("requests", plain_millionths),
}
"""Units that are counted finer than anybody speaks of them."""


class Chronicle:
    """Hears every event but those `OF_EVERY_CALL`, and logs what somebody will ask about later.

    What becomes of single calls is in the history, and here at level debug. An upstream's own words are left out
    where they may quote a prompt: the code says what kind of no it was.
    """

    def __init__(self) -> None:
        self._health: dict[str, str] = {}
        self._units: dict[str, Unit] = {}
        self._begun = False
        """Whether a configuration is in force: what is told of keys before that is which there are."""

    def hear(self, event: Event) -> None:
        """Log it, if it belongs here."""
        match event:
            case AttemptFailed() | ExchangeClosed():
                _of_a_call(event)
            case UpstreamHealthChanged():
                self._changed(event)
            case ConfigurationLoaded():
                self._begun = True
                self._units.update((account.id, account.unit) for account in event.accounts)
                _configured(event)
            case KeyChanged() if self._begun:
                _say(logging.INFO, "a client key was issued or changed", {"key": event.key.name})
            case KeyRevoked():
                _say(logging.INFO, "a client key was revoked", {"key": event.name})
            case Granted():
                _say(logging.INFO, f"{_kind(event.grant)} was granted", self._of_grant(event.grant))
            case GrantEnded():
                _say(logging.INFO, f"{_kind(event.grant)} has ended", self._of_grant(event.grant))
            case BalanceCompared() if event.balance.alarm:
                more = plain_usd(event.balance.drift_nano or 0)
                drift: _Fields = {"account": event.balance.account_id, "drift_usd": more}
                _say(logging.WARNING, "the vendor has charged more than was settled here", drift)
            case HoldInDoubt():
                held: _Fields = {"hold": event.hold_id, "exchange": event.exchange_id, "upstream": event.upstream}
                _say(logging.WARNING, "a hold is in doubt: its process died", held)
            case DoubtResolved():
                word = "settled" if event.settled else "released"
                _say(logging.INFO, f"a hold in doubt was {word}", {"hold": event.hold_id})
            case Stopping():
                _say(logging.INFO, "stopping: what runs is finished, no further call is taken", {})
            case _:
                return

    def _of_grant(self, grant: Grant) -> _Fields:
        """What was granted in the words of the configuration: `usd=3.00`, `requests=100`."""
        unit = self._units.get(grant.account_id, Unit.NANO_DOLLARS)
        name, many = _IN_WORDS.get(unit, (str(unit), str))
        return {"account": grant.account_id, name: many(grant.amount), "by": grant.by}

    def _changed(self, event: UpstreamHealthChanged) -> None:
        """The health of an upstream as a whole, when it is another; its reason in a word."""
        upstream = event.upstream
        before, self._health[upstream.name] = self._health.get(upstream.name, "ok"), upstream.health
        if upstream.health == before:
            return
        if upstream.health == "ok":
            _say(logging.INFO, "an upstream is well again", {"upstream": upstream.name})
        else:
            why: _Fields = {"upstream": upstream.name, "health": upstream.health, "code": upstream.code}
            _say(logging.WARNING, "an upstream is not well", why)


def _of_a_call(event: AttemptFailed | ExchangeClosed) -> None:
    """A bug of ours is logged where it happens, with its trace; here is which call it ended."""
    if isinstance(event, AttemptFailed):
        _say(
            logging.DEBUG,
            "a route did not take a call",
            {"exchange": event.exchange_id, "route": f"{event.upstream}/{event.model}", "code": event.code},
        )
    elif event.outcome is Outcome.FAILED:
        _say(logging.ERROR, "a call ended by a bug of ours", {"exchange": event.exchange_id})
    elif event.outcome is not Outcome.COMPLETE:
        ended: _Fields = {"exchange": event.exchange_id, "status": event.status, "code": event.code}
        _say(logging.DEBUG, f"a call ended: {event.outcome.value}", ended)


def _configured(event: ConfigurationLoaded) -> None:
    counts: _Fields = {
        "upstreams": len(event.upstreams),
        "aliases": len(event.aliases),
        "accounts": len(event.accounts),
    }
    _say(logging.INFO, "a configuration is in force", counts)


def _kind(grant: Grant) -> str:
    return f"a {str(grant.kind).replace('_', ' ')}"


def _say(level: int, message: str, fields: _Fields) -> None:
    if _log.isEnabledFor(level):
        _log.log(level, "%s", message, extra={"fields": {name: each for name, each in fields.items() if each != ""}})
