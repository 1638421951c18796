"""Payers: the plans and wallets of the upstreams, and what a usage asks of them, in whose unit and weight."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from bursar.domain.account import Account, Demand, Need, Unit
from bursar.domain.money import FACTOR_ONE
from bursar.domain.route import Route
from bursar.domain.usage import Usage

Factors = tuple[tuple[str, int], ...]
"""Model globs, each with a factor in millionths; the first that fits counts, else 1."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How often a plan counts what is used: a written token (`completion`), and all of it or a request (`whole`)."""

    completion: Factors = ()
    whole: Factors = ()

    def tokens(self, model: str, usage: Usage) -> int:
        """Prompt and weighted completion, weighted; rounded up once."""
        counted = usage.prompt_tokens * FACTOR_ONE + usage.completion_tokens * _factor(self.completion, model)
        return -(-counted * _factor(self.whole, model) // (FACTOR_ONE * FACTOR_ONE))

    def micro_requests(self, model: str, usage: Usage) -> int:
        """Weighted requests, in millionths."""
        return usage.requests * _factor(self.whole, model)


@dataclass(frozen=True, slots=True)
class PlanPayer:
    """A plan, what it bears, and what bears the rest: its `wallet`, of which each cycle no more than `overflow`."""

    account: Account
    upstream: str
    models: tuple[str, ...] = ()
    weights: Weights = Weights()
    wallet: Account | None = None
    overflow: Account | None = None

    def covers(self, route: Route) -> bool:
        """Whether calls to a route are its to bear."""
        return route.upstream == self.upstream and (
            not self.models or any(fnmatchcase(route.model, glob) for glob in self.models)
        )

    def amount(self, route: Route, usage: Usage, cost_nano: int | None) -> int | None:
        """What a usage asks of it, in its unit; None where that is dollars and there is no price."""
        match self.account.unit:
            case Unit.NANO_DOLLARS:
                return cost_nano
            case Unit.TOKENS:
                return usage.total_tokens
            case Unit.WEIGHTED_TOKENS:
                return self.weights.tokens(route.model, usage)
            case Unit.REQUESTS:
                return self.weights.micro_requests(route.model, usage) // FACTOR_ONE
            case Unit.MICRO_REQUESTS:
                return self.weights.micro_requests(route.model, usage)


@dataclass(frozen=True, slots=True)
class WalletPayer:
    """A wallet and the upstream whose calls it pays where no plan bears them."""

    account: Account
    upstream: str


@dataclass(frozen=True, slots=True)
class Payers:
    """All plans and wallets of a configuration."""

    plans: tuple[PlanPayer, ...] = ()
    wallets: tuple[WalletPayer, ...] = ()

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All of their accounts, each plan's with its overflow."""
        plans = (each for plan in self.plans for each in (plan.account, plan.overflow) if each is not None)
        return (*plans, *(wallet.account for wallet in self.wallets))

    def of(self, route: Route) -> "Paying | None":
        """Who pays for calls at a route; None where nobody is to be asked."""
        plans = tuple(plan for plan in self.plans if plan.covers(route))
        wallet = next((each.account for each in self.wallets if each.upstream == route.upstream), None)
        if not plans:
            return None if wallet is None else Paying(route, (), wallet)
        overflowing = next((plan for plan in plans if plan.wallet is not None), None)
        if overflowing is None:
            return Paying(route, plans)
        beside = () if overflowing.overflow is None else (overflowing.overflow,)
        return Paying(route, plans, overflowing.wallet, beside)


@dataclass(frozen=True, slots=True)
class Paying:
    """Who pays for calls at a route, in order: plans, then a `wallet`, with what is asked `beside` it."""

    route: Route
    plans: tuple[PlanPayer, ...] = ()
    wallet: Account | None = None
    beside: tuple[Account, ...] = ()

    def demand(self, usage: Usage, cost_nano: int | None) -> Demand | Account | None:
        """What a usage asks of them; the account in dollars that would have to bear what has no price.

        A wallet that no plan comes before is not asked for what costs nothing: None.
        """
        wallet = self.wallet
        if not self.plans and wallet is not None:
            if cost_nano == 0:
                return None
            return wallet if cost_nano is None else (Need(wallet, cost_nano),)
        needs: list[Need] = []
        for plan in self.plans:
            amount = plan.amount(self.route, usage, cost_nano)
            if amount is None:
                return plan.account
            needs.append(Need(plan.account, amount))
        # Without a price only the plan can bear it, which may be enough.
        if wallet is not None and cost_nano is not None:
            needs.append(Need(wallet, cost_nano, self.beside))
        return tuple(needs)


def _factor(factors: Factors, model: str) -> int:
    return next((factor for glob, factor in factors if fnmatchcase(model, glob)), FACTOR_ONE)
