"""Alerts at the local door: what stands, by which ways it is told, a test of them, and taking alerts down."""

import msgspec

from bursar.contract.accounts import Ask
from bursar.domain.alert import Alert


class WayView(msgspec.Struct, frozen=True):
    """One way by which alerts go: `desktop`, `command` or `webhook`; what went, and what came of it last.

    `problem` is why the last one did not arrive, or why none can; empty where all is well. `left_out` are those that
    were not sent because there were too many.
    """

    name: str
    where: str
    sent: int = 0
    left_out: int = 0
    problem: str = ""


class AlertsView(msgspec.Struct, frozen=True):
    """GET /alerts: what stands, the latest last, and the ways."""

    standing: tuple[Alert, ...]
    ways: tuple[WayView, ...]


class WayTried(msgspec.Struct, frozen=True):
    """What came of a test by one way; `problem` is empty where it arrived."""

    name: str
    where: str
    problem: str = ""


class AlertsTried(msgspec.Struct, frozen=True):
    """The answer to POST /alerts/test."""

    ways: tuple[WayTried, ...]


class DismissAlerts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /alerts/dismiss: take the alert of a cause down, or, without a cause, all."""

    cause: str = ""


class AlertsDismissed(msgspec.Struct, frozen=True):
    """The answer to it: how many were taken down."""

    count: int


def alerts() -> Ask[AlertsView]:
    """What stands, and the ways."""
    return Ask("GET", "/alerts", AlertsView)


def try_alerts() -> Ask[AlertsTried]:
    """Send a test by every way, now."""
    return Ask("POST", "/alerts/test", AlertsTried)


def dismiss_alerts(cause: str = "") -> Ask[AlertsDismissed]:
    """Take one alert down, or all."""
    return Ask("POST", "/alerts/dismiss", AlertsDismissed, DismissAlerts(cause))
