"""What `bursar doctor` says of the ways by which alerts go: of the running proxy's, else of those that are stated."""

import shutil
from collections.abc import Iterator

from bursar.alerts.desktop import desktop
from bursar.alerts.way import WayFailed
from bursar.cli.findings import Finding, problem, well
from bursar.config.alerting import AlertSettings
from bursar.contract.alerts import AlertsView, WayView, alerts
from bursar.contract.codec import Mismatch
from bursar.contract.places import Places
from bursar.contract.questions import Questions
from bursar.contract.way_in import NotRunning, Refused

_CHECK = "alerts"


def ways(settings: AlertSettings, running: AlertsView | None) -> Iterator[Finding]:
    """A line for each way that does not work, else one for all."""
    views = running.ways if running is not None else tuple(_stated(settings))
    wrong = [view for view in views if view.problem]
    for view in wrong:
        if view.name == "desktop" and not view.where:
            # Many machines have none, and nobody has asked for it.
            continue
        yield problem(_CHECK, f"none arrives by {view.name}: {view.problem} Try again: bursar alerts test")
    if any(view.name != "desktop" or view.where for view in wrong):
        return
    names = [view.name for view in views if not view.problem]
    if names:
        yield well(_CHECK, f"they go to the terminal interface and by {' and '.join(names)}")
    else:
        yield well(_CHECK, "they are shown in the terminal interface; [alerts] may name a command or a webhook, too")


def running_alerts(places: Places) -> AlertsView | None:
    """What the running proxy says of them; None where none answers."""
    try:
        return Questions(places).ask(alerts())
    except (NotRunning, Refused, Mismatch):
        return None


def _stated(settings: AlertSettings) -> Iterator[WayView]:
    """The ways as far as they can be looked at without sending anything."""
    if settings.desktop:
        try:
            yield WayView("desktop", desktop().where)
        except WayFailed as failed:
            yield WayView("desktop", "", problem=failed.sentence)
    if settings.command:
        program = settings.command[0]
        there = shutil.which(program) is not None
        yield WayView("command", program, problem="" if there else f"There is no program {program} that can be run.")
    if settings.webhook:
        yield WayView("webhook", "")
