"""GET the budget of the asking key, as the status lines and balance views that exist ask for it.

It is the key's tightest cap in dollars, of those that are for all of its calls. What running calls hold
counts as used, so that the limit less what is used is what a call may take.
"""

from functools import partial

import msgspec
from aiohttp import web

from bursar.domain.account import Account, AccountKind, Unit
from bursar.domain.client_key import ClientKey
from bursar.domain.refusals import Forbidden, LedgerUnavailable
from bursar.domain.route import Route
from bursar.endpoints.authenticate import authenticate, project_of
from bursar.endpoints.billing_shapes import BY_PATH, Budget, Shape
from bursar.endpoints.context import CONTEXT, Context
from bursar.storage.store import StoreUnavailable

_ANY_ROUTE = Route("", "")
"""What only a cap covers that is for every upstream and model."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


def add_billing(router: web.UrlDispatcher, base: str) -> None:
    """The billing answers below one base URL."""
    for path, shape in BY_PATH.items():
        router.add_get(f"{base}{path}", partial(_answer, shape=shape))


async def _answer(request: web.Request, shape: Shape) -> web.Response:
    context = request.app[CONTEXT]
    key = authenticate(request, context)
    asked = request.query.get("key")
    if asked and not _is_of(key, context.keys.match(asked)):
        raise Forbidden("A key may ask for its own budget and for no other's.", param="key")
    project = project_of(request, key)
    try:
        budget = await _budget(context, key, project)
    except StoreUnavailable as error:
        raise LedgerUnavailable(f"The ledger cannot be read: {error.reason}.") from None
    return web.Response(body=_encode(shape(budget)), content_type="application/json")


def _is_of(key: ClientKey, asked: ClientKey | None) -> bool:
    """Whether both are one name's: also where one of them has been replaced by the other."""
    return asked is not None and asked.name == key.name


async def _budget(context: Context, key: ClientKey, project: str) -> Budget:
    spent = await context.statement.of_key(key.name)
    caps = _caps(context, key.name, project)
    if not caps:
        return Budget(key, spent)
    standings = await context.ledger.standings(caps.values())
    tightest = min(standings.values(), key=lambda standing: standing.available)
    return Budget(key, spent, caps[tightest.account_id], tightest)


def _caps(context: Context, key: str, project: str) -> dict[str, Account]:
    """The caps in dollars that are for every call of a key, by id."""
    return {
        scoped.account.id: scoped.account
        for scoped in context.current().limits.accounts
        if scoped.account.kind is AccountKind.CAP
        and scoped.account.unit is Unit.NANO_DOLLARS
        and scoped.scope.covers(key, project, _ANY_ROUTE, "")
    }
