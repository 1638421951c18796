"""Limits: which accounts an attempt asks of, in which unit and how much."""

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bursar.domain.account import Account, Demand, Need, Unit
from bursar.domain.money import FACTOR_ONE
from bursar.domain.refusals import UnknownPrice
from bursar.domain.route import Route
from bursar.domain.usage import Usage
from bursar.ledger.payers import Payers
from bursar.tokens.memo import Memo


@dataclass(frozen=True, slots=True)
class Scope:
    """Which calls an account is for: those that match every glob. An empty one matches all.

    `model` is matched against the name at the upstream and against the alias that was asked for.
    """

    key: str = ""
    project: str = ""
    upstream: str = ""
    model: str = ""

    def covers(self, key: str, project: str, route: Route, alias: str) -> bool:
        """Whether a call is one of those."""
        return (
            _matches(key, self.key)
            and _matches(project, self.project)
            and _matches(route.upstream, self.upstream)
            and (_matches(route.model, self.model) or _matches(alias, self.model))
        )


@dataclass(frozen=True, slots=True)
class ScopedAccount:
    """An account and the calls it is for."""

    account: Account
    scope: Scope = Scope()


@dataclass(frozen=True, slots=True)
class Limits:
    """All accounts of a configuration."""

    accounts: tuple[ScopedAccount, ...] = ()
    payers: Payers = Payers()
    _memo: Memo[tuple[Account, ...]] = field(default_factory=lambda: Memo(1_000), repr=False, compare=False)

    @property
    def all_accounts(self) -> tuple[Account, ...]:
        """The accounts alone."""
        return (*(scoped.account for scoped in self.accounts), *self.payers.accounts)

    def demands(
        self, key: str, project: str, route: Route, alias: str, usage: Usage, cost_nano: int | None
    ) -> tuple[Demand, ...]:
        """What a usage asks of every account that is for this call.

        Requests are counted by the attempt: each one that an upstream has worked on counts, a
        released one counts nothing, so a call that falls back after a refusal counts once.
        `cost_nano` is None where the route has no price. Raises UnknownPrice where an account in
        dollars would have to bear it all the same: what is not known is never free.
        """
        demands: list[Demand] = [
            (Need(account, _amount(account, route, usage, cost_nano)),)
            for account in self._asked(key, project, route, alias)
        ]
        paid = self.payers.demand(route, usage, cost_nano)
        if isinstance(paid, Account):
            raise _unknown_price(route, paid)
        if paid is not None:
            demands.append(paid)
        return tuple(demands)

    def _asked(self, key: str, project: str, route: Route, alias: str) -> tuple[Account, ...]:
        """The accounts that are for a call; found once for each kind of call."""
        kind = (key, project, route, alias)
        asked = self._memo.get(kind)
        if asked is None:
            asked = tuple(each.account for each in self.accounts if each.scope.covers(key, project, route, alias))
            self._memo.put(kind, asked)
        return asked


def _amount(account: Account, route: Route, usage: Usage, cost_nano: int | None) -> int:
    match account.unit:
        case Unit.NANO_DOLLARS:
            if cost_nano is None:
                raise _unknown_price(route, account)
            return cost_nano
        case Unit.TOKENS | Unit.WEIGHTED_TOKENS:
            return usage.total_tokens
        case Unit.REQUESTS:
            return usage.requests
        case Unit.MICRO_REQUESTS:
            return usage.requests * FACTOR_ONE


def _matches(name: str, glob: str) -> bool:
    return not glob or name == glob or fnmatchcase(name, glob)


def _unknown_price(route: Route, account: Account) -> UnknownPrice:
    table = f"[prices.{json.dumps(str(route), ensure_ascii=False)}]"
    return UnknownPrice(
        f'No price is known for {route}, and the {account.kind} "{account.name}" is in dollars. '
        f"Add to the configuration, with the price in US dollars per million tokens: "
        f'{table} input = "…" output = "…"; or, if it costs nothing: {table} price = "free"',
        param="model",
        detail={"account": account.id, "route": str(route), "add": f'{table}\ninput = "…"\noutput = "…"\n'},
    )
