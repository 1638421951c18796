"""What `bursar doctor` says of prices: whether every model that an alias leads to has one."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from bursar.assembly import payers_of
from bursar.cli.findings import Finding, note, problem, well
from bursar.cli.known_prices import known_prices
from bursar.config.schema import Config
from bursar.contract.places import Places
from bursar.domain.account import Unit
from bursar.domain.route import ASKED, Route

_CHECK = "prices"


def prices(config: Config, places: Places, now_ms: int) -> Iterator[Finding]:
    """A line for each route without a price; a call to it is refused where an account in dollars applies."""
    if not config.aliases:
        return
    routes = _routes(config)
    missing = _missing(config, routes, places, now_ms)
    for route in missing:
        set_with = set_price(route)
        if _counts_dollars(config, route):
            yield problem(_CHECK, f"{route} has none, so that calls to it are refused; state it: {set_with}")
        else:
            yield note(_CHECK, f"{route} has none, so that nobody knows what its calls cost; state it: {set_with}")
    if not missing:
        yield well(_CHECK, f"every model of an alias has one ({len(routes)})")


def refused_unpriced(config: Config, places: Places, now_ms: int) -> list[Route]:
    """The routes that an account in dollars refuses for want of a price, as far as it is known before a first start."""
    return [each for each in _missing(config, _routes(config), places, now_ms) if _counts_dollars(config, each)]


def set_price(route: Route) -> str:
    """The command that states the price of a route."""
    return f"""bursar config set 'prices."{route}"' '{{ input = "0.15", output = "0.60" }}'"""


def _routes(config: Config) -> list[Route]:
    """Those that aliases lead to by name."""
    routes = dict.fromkeys(route for alias in config.aliases.values() for route in alias.routes)
    return [route for route in routes if ASKED not in route.model]


def _missing(config: Config, routes: list[Route], places: Places, now_ms: int) -> list[Route]:
    book = known_prices(config, places)
    return [route for route in routes if book.price(route.upstream, route.model, now_ms) is None]


def _counts_dollars(config: Config, route: Route) -> bool:
    """Whether an account in dollars may be asked for a call to a route."""
    names = [alias.name for alias in config.aliases.values() if route in alias.routes]
    accounts = [
        cap.account()
        for cap in config.caps.values()
        if cap.upstream in ("", route.upstream)
        and (not cap.model or any(fnmatchcase(name, cap.model) for name in (route.model, *names)))
    ]
    payers = payers_of(config)
    accounts += [wallet.account for wallet in payers.wallets if wallet.upstream == route.upstream]
    accounts += [plan.account for plan in payers.plans if plan.covers(route)]
    return any(account.unit is Unit.NANO_DOLLARS for account in accounts)
