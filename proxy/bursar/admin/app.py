"""The local door's route table, which is the index of its commands."""

from aiohttp import web

from bursar.admin.accounts import ROUTES as ACCOUNT_ROUTES
from bursar.admin.accounts import TREASURY
from bursar.admin.alerts import ALERTS
from bursar.admin.alerts import ROUTES as ALERT_ROUTES
from bursar.admin.client_keys import (
    change_key,
    disable_key,
    enable_key,
    issue_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from bursar.admin.configuration import ROUTES as CONFIGURATION_ROUTES
from bursar.admin.content import ROUTES as CONTENT_ROUTES
from bursar.admin.context import CONTEXT, AdminContext
from bursar.admin.counting import counting
from bursar.admin.explain import explain
from bursar.admin.exposures import expose
from bursar.admin.guard import HOSTS, guard
from bursar.admin.history import history, spend
from bursar.admin.log import log
from bursar.admin.playground import playground
from bursar.admin.process import reload, status, stop
from bursar.admin.secrets import ROUTES as SECRET_ROUTES
from bursar.admin.statements import exchange, statement
from bursar.admin.upstreams import check_upstream, clear_upstream, list_upstreams
from bursar.admin.watch import watch
from bursar.admin.wire import answer_in_problems, refuse
from bursar.alerts.alerts import Alerts
from bursar.doorkeeper.keeper import doorkeeper
from bursar.treasury import Treasury


def admin_app(context: AdminContext, treasury: Treasury | None = None, alerts: Alerts | None = None) -> web.Application:
    """The application behind the local door; without a treasury or alerts it has no commands for them."""
    keeper = doorkeeper(lambda: HOSTS, lambda request, refusal: refuse(refusal))
    app = web.Application(middlewares=[answer_in_problems, keeper, guard])
    app[CONTEXT] = context
    app.add_routes(
        [
            web.get("/status", status, allow_head=False),
            web.get("/watch", watch, allow_head=False),
            web.get("/history", history, allow_head=False),
            web.get("/spend", spend, allow_head=False),
            web.get("/log", log, allow_head=False),
            web.get("/exchanges/{id}", exchange, allow_head=False),
            web.get("/statement", statement, allow_head=False),
            web.get("/keys", list_keys, allow_head=False),
            web.post("/keys", issue_key),
            web.post("/keys/{name}", change_key),
            web.post("/keys/{name}/rotate", rotate_key),
            web.post("/keys/{name}/disable", disable_key),
            web.post("/keys/{name}/enable", enable_key),
            web.delete("/keys/{name}", revoke_key),
            web.post("/explain", explain),
            web.get("/counting", counting, allow_head=False),
            web.post("/playground", playground),
            web.get("/upstreams", list_upstreams, allow_head=False),
            web.post("/upstreams/{name}/clear", clear_upstream),
            web.post("/upstreams/{name}/check", check_upstream),
            web.post("/exposures", expose),
            *SECRET_ROUTES,
            *CONTENT_ROUTES,
            web.post("/reload", reload),
            web.post("/stop", stop),
            *CONFIGURATION_ROUTES,
        ]
    )
    if treasury is not None:
        app[TREASURY] = treasury
        app.add_routes(ACCOUNT_ROUTES)
    if alerts is not None:
        app[ALERTS] = alerts
        app.add_routes(ALERT_ROUTES)
    return app
