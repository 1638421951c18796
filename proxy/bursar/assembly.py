"""Assembly: what one configuration builds; frozen, replaced whole, owning nothing that must be closed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from bursar.config.schema import CapSettings, Config, UpstreamSettings
from bursar.config.zone import zone_named
from bursar.contract.events import AliasView, ConfigurationLoaded, RouteView, UpstreamView
from bursar.domain.calibration import Calibration
from bursar.domain.clock import Clock
from bursar.domain.exchange import Price
from bursar.domain.route import ASKED, ModelAlias, Route
from bursar.domain.secret_reference import NO_SECRET, SecretReference
from bursar.ledger.limits import Limits, Scope, ScopedAccount
from bursar.ledger.payers import Payers, PlanPayer, WalletPayer, Weights
from bursar.metering.calibrations import Calibrations
from bursar.metering.count import PromptCounter
from bursar.metering.price_table import ShippedPrices
from bursar.metering.prices import PriceBook, UpstreamPricing
from bursar.routing.facts import RouteFacts, Stated
from bursar.routing.health import HealthBook
from bursar.routing.learned import Learned
from bursar.routing.listed import Listed
from bursar.routing.router import Router
from bursar.secrets.secret import SecretUnavailable
from bursar.secrets.secrets import Secrets
from bursar.upstreams.connection import Connection
from bursar.upstreams.keyless import KeylessUpstream
from bursar.upstreams.kinds import KINDS
from bursar.upstreams.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything a call needs that follows from the configuration."""

    config: Config
    loaded_ms: int
    router: Router
    upstreams: Mapping[str, Upstream]
    prices: PriceBook
    limits: Limits
    counter: PromptCounter
    calibrations: Calibrations
    health: HealthBook
    facts: RouteFacts
    learned: Learned
    listed: Listed
    plan_upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    """The upstreams with the keys of the plans that have one of their own, by the plan's account."""
    problems: tuple[str, ...] = ()
    """What does not work although the configuration is right: a key that cannot be had."""
    missing: tuple[SecretReference, ...] = ()
    """Where the keys are kept that cannot be had."""

    def sender(self, route: Route, held: Callable[[str], int]) -> Upstream:
        """The upstream with the key of whoever pays, by what is held on each account.

        A plan with a key of its own pays where it bears anything, for then the vendor splits the call
        as we do, and where nobody bears anything, as with models that are free within it.
        """
        for plan in self.limits.payers.plans:
            own = self.plan_upstreams.get(plan.account.id)
            if own is not None and plan.covers(route):
                by_wallet = plan.wallet is not None and held(plan.wallet.id) > 0
                return self.upstreams[route.upstream] if by_wallet and not held(plan.account.id) else own
        return self.upstreams[route.upstream]

    def calibration(self, route: Route) -> Calibration:
        """How a route's prompts and answers are counted now."""
        return self.calibrations.of(route.upstream, self.counter.family(route.model))

    def all_calibrations(self) -> tuple[Calibration, ...]:
        """Those of the routes of all aliases, then the others that anything was learned of."""
        routes = [route for alias in self.router.aliases for route in alias.chain if ASKED not in route.model]
        known = [*map(self.calibration, routes), *self.calibrations.all()]
        return tuple({each.key: each for each in known if each.upstream in self.upstreams}.values())

    def announced(self, now_ms: int) -> ConfigurationLoaded:
        """What a watcher may know of it."""
        return ConfigurationLoaded(
            now_ms,
            self.health.views(),
            tuple(self._alias_view(alias, now_ms) for alias in self.router.aliases),
            self.limits.all_accounts,
            self.config.digest,
            self.problems,
        )

    def upstream_views(self, now_ms: int) -> tuple[UpstreamView, ...]:
        """The upstreams with the routes of the aliases, and what is known of each beside its health."""
        routes: dict[str, dict[str, RouteView]] = {name: {} for name in self.upstreams}
        for alias in self.router.aliases:
            for route in alias.chain:
                if ASKED not in route.model:
                    routes[route.upstream].setdefault(route.model, self.route_view(route, now_ms))
        return tuple(
            self._upstream_view(upstream, tuple(routes[name].values())) for name, upstream in self.upstreams.items()
        )

    def route_view(self, route: Route, now_ms: int) -> RouteView:
        """What is known of a route beside its health."""
        facts = self.facts.of(route)
        price = self.prices.price(route.upstream, route.model, now_ms)
        return RouteView(
            route.model,
            window=facts.window,
            output_limit=facts.traits.output_limit,
            input_nano=price.input if price is not None else None,
            output_nano=price.output if price is not None else None,
            family=self.counter.family(route.model).name,
        )

    def next_reset(self, upstream: str, now_ms: int) -> int | None:
        """When the first of an upstream's plans starts afresh, in milliseconds since the epoch."""
        zone = zone_named(self.config.server.zone)
        cycles = (plan.account.cycle(now_ms, zone) for plan in self.limits.payers.plans if plan.upstream == upstream)
        return min((cycle.end_ms for cycle in cycles if cycle.end_ms is not None), default=None)

    def payer_of(self, account_id: str) -> str | None:
        """The upstream whose plan or wallet an account is."""
        payers: tuple[PlanPayer | WalletPayer, ...] = (*self.limits.payers.plans, *self.limits.payers.wallets)
        return next((payer.upstream for payer in payers if payer.account.id == account_id), None)

    def _upstream_view(self, upstream: Upstream, routes: tuple[RouteView, ...]) -> UpstreamView:
        name = upstream.name
        listed = len(self.listed.of(name)) or None
        found = name in self.config.found
        reference = self.config.upstreams[name].secret
        secret = str(reference) if reference != NO_SECRET else ""
        view = UpstreamView(
            name, upstream.kind, upstream.base_url, routes=routes, listed=listed, found=found, secret=secret
        )
        if isinstance(upstream, KeylessUpstream):
            return msgspec.structs.replace(view, health="off", reason=upstream.reason)
        return view

    def _alias_view(self, alias: ModelAlias, now_ms: int) -> AliasView:
        views = [self.route_view(route, now_ms) for route in alias.chain]
        return AliasView(
            alias.name,
            tuple(map(str, alias.chain)),
            views[0].input_nano,
            views[0].output_nano,
            tuple(view.window for view in views),
        )


@dataclass(frozen=True, slots=True)
class Workshop:
    """What assemblies are built with, and what outlives them."""

    secrets: Secrets
    connection: Connection
    counter: PromptCounter
    shipped_prices: ShippedPrices
    clock: Clock
    health: HealthBook
    learned: Learned = field(default_factory=Learned)
    listed: Listed = field(default_factory=Listed)
    calibrations: Calibrations = field(default_factory=Calibrations)
    in_use: Callable[[str], object] = lambda secret: None
    """Told of every key of an upstream, so that it is kept out of the log."""

    async def assemble(self, config: Config) -> Assembly:
        """The assembly of a checked configuration. A key that cannot be had is a problem, not an end."""
        own_keys = [(plan, plan.secret) for plan in config.plans.values() if plan.secret is not None]
        # All at once: a keyring that waits for its password holds nobody up for longer than one that is asked once.
        built = await asyncio.gather(
            *(self._upstream(settings, config, settings.secret) for settings in config.upstreams.values()),
            *(self._upstream(config.upstreams[plan.upstream], config, secret) for plan, secret in own_keys),
        )
        upstreams = dict(zip(config.upstreams, built, strict=False))
        plan_upstreams = {
            f"plan:{plan.name}": upstream for (plan, _), upstream in zip(own_keys, built[len(upstreams) :], strict=True)
        }
        references = [*(each.secret for each in config.upstreams.values()), *(secret for _, secret in own_keys)]
        missing = {
            reference: None
            for reference, upstream in zip(references, built, strict=True)
            if isinstance(upstream, KeylessUpstream)
        }
        aliases = {name: settings.alias() for name, settings in config.aliases.items()}
        prices = price_book(config, self.shipped_prices, self.listed)
        stated = {name: Stated(each.windows, each.output_limits) for name, each in config.upstreams.items()}
        return Assembly(
            config=config,
            loaded_ms=self.clock.now_ms(),
            router=Router(aliases, upstreams, self.listed),
            upstreams=upstreams,
            prices=prices,
            limits=Limits(tuple(_scoped(cap) for cap in config.caps.values()), payers_of(config)),
            counter=self.counter,
            calibrations=self.calibrations,
            health=self.health,
            facts=RouteFacts(stated, self.listed, self.learned, prices.window),
            learned=self.learned,
            listed=self.listed,
            plan_upstreams=plan_upstreams,
            problems=tuple(
                f"{name[:1].upper()}{name[1:]} has no key: {upstream.reason}"
                for name, upstream in (
                    *((f"upstream {name}", upstream) for name, upstream in upstreams.items()),
                    *((name.replace(":", " "), upstream) for name, upstream in plan_upstreams.items()),
                )
                if isinstance(upstream, KeylessUpstream)
            ),
            missing=tuple(missing),
        )

    async def _upstream(self, settings: UpstreamSettings, config: Config, reference: SecretReference) -> Upstream:
        times = config.times(settings.name)
        try:
            secret = await self.secrets.get(reference)
        except SecretUnavailable as error:
            return KeylessUpstream(settings.name, settings.kind, settings.base_url, times, str(error))
        if secret is not None:
            self.in_use(secret.reveal())
        return KINDS[settings.kind](
            settings.name,
            settings.kind,
            settings.base_url,
            secret.reveal() if secret is not None else "",
            self.connection,
            self.clock,
            times=times,
            user_agent=settings.user_agent,
            headers=settings.headers,
        )


def price_book(config: Config, shipped: ShippedPrices, listed: Listed) -> PriceBook:
    """The prices of a configuration: the user's own, those that we ship, then those that upstreams list."""
    own = {name: settings.as_price() for name, settings in config.prices.items()}
    pricing = {
        name: UpstreamPricing(each.provider, each.base_url, each.is_free, each.price_factor, each.price_factors)
        for name, each in config.upstreams.items()
    }

    def said(upstream: str, model: str) -> Price | None:
        found = listed.model(Route(upstream, model))
        return found.price if found is not None else None

    return PriceBook(own, pricing, shipped, said)


def payers_of(config: Config) -> Payers:
    """The plans and wallets of a configuration."""
    zone = zone_named(config.server.zone)
    wallets = {name: settings.account() for name, settings in config.wallets.items()}
    return Payers(
        tuple(
            PlanPayer(
                plan.account(zone),
                plan.upstream,
                plan.models,
                Weights(plan.completion_multipliers, plan.multipliers),
                wallets.get(plan.overflow_wallet),
                plan.overflow_account(),
            )
            for plan in config.plans.values()
        ),
        tuple(WalletPayer(wallets[name], settings.upstream) for name, settings in config.wallets.items()),
    )


def _scoped(cap: CapSettings) -> ScopedAccount:
    return ScopedAccount(cap.account(), Scope(cap.key, cap.project, cap.upstream, cap.model))
