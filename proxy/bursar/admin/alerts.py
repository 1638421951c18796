"""Alerts at the local door: what stands and by which ways it goes, a test of those, and taking alerts down."""

from aiohttp import web

from bursar.admin.wire import read_command, say
from bursar.alerts.alerts import Alerts
from bursar.contract.alerts import AlertsDismissed, AlertsTried, DismissAlerts

ALERTS = web.AppKey("alerts", Alerts)


async def list_alerts(request: web.Request) -> web.Response:
    """What stands, and the ways."""
    return say(request.app[ALERTS].view)


async def try_alerts(request: web.Request) -> web.Response:
    """Send a test by every way, and say what came of it."""
    return say(AlertsTried(await request.app[ALERTS].tried()))


async def dismiss_alerts(request: web.Request) -> web.Response:
    """Take one alert down, or all."""
    command = await read_command(request, DismissAlerts)
    return say(AlertsDismissed(await request.app[ALERTS].dismiss(command.cause)))


ROUTES = (
    web.get("/alerts", list_alerts, allow_head=False),
    web.post("/alerts/test", try_alerts),
    web.post("/alerts/dismiss", dismiss_alerts),
)
