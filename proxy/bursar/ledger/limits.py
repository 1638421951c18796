"""Limits: which accounts an attempt asks of, in which unit and how much."""

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bursar.domain.account import Account, Demand, Need, Unit
from bursar.domain.money import FACTOR_ONE
from bursar.domain.refusals import UnknownPrice
from bursar.domain.route import Route
from bursar.domain.usage import Usage
from bursar.ledger.payers import Payers, Paying
from bursar.tokens.memo import Memo

_new = tuple.__new__
"""Makes a need without the detour by its constructor, which takes three times as long."""


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


class Asked:
    """The accounts that are for calls of one kind, and who pays for these."""

    __slots__ = ("_accounts", "_paying", "_route")

    def __init__(self, route: Route, accounts: tuple[Account, ...], paying: Paying | None) -> None:
        self._route = route
        self._accounts = accounts
        self._paying = paying

    def demands(self, usage: Usage, cost_nano: int | None) -> tuple[Demand, ...]:
        """What a usage asks of them.

        Requests are counted by the attempt: each one that an upstream has worked on counts, a
        released one counts nothing, so a call that falls back after a refusal counts once.
        `cost_nano` is None where the route has no price. Raises UnknownPrice where an account in
        dollars would have to bear it all the same: what is not known is never free.
        """
        tokens = usage.prompt_tokens + usage.completion_tokens
        demands: list[Demand] = []
        for account in self._accounts:
            amount, unit = tokens, account.unit
            if unit is Unit.NANO_DOLLARS:
                if cost_nano is None:
                    raise _unknown_price(self._route, account)
                amount = cost_nano
            elif unit is Unit.REQUESTS:
                amount = usage.requests
            elif unit is Unit.MICRO_REQUESTS:
                amount = usage.requests * FACTOR_ONE
            demands.append((_new(Need, (account, amount, ())),))
        if self._paying is not None:
            paid = self._paying.demand(usage, cost_nano)
            if isinstance(paid, Account):
                raise _unknown_price(self._route, paid)
            if paid is not None:
                demands.append(paid)
        return tuple(demands)


@dataclass(frozen=True, slots=True)
class Limits:
    """All accounts of a configuration."""

    accounts: tuple[ScopedAccount, ...] = ()
    payers: Payers = Payers()
    _memo: Memo[Asked] = field(default_factory=lambda: Memo(1_000), repr=False, compare=False)

    @property
    def all_accounts(self) -> tuple[Account, ...]:
        """The accounts alone."""
        return (*(scoped.account for scoped in self.accounts), *self.payers.accounts)

    def asked(self, key: str, project: str, route: Route, alias: str) -> Asked:
        """The accounts that are for a call; found once for each kind of call."""
        kind = (key, project, route.upstream, route.model, alias)
        asked = self._memo.get(kind)
        if asked is None:
            accounts = tuple(each.account for each in self.accounts if each.scope.covers(key, project, route, alias))
            asked = Asked(route, accounts, self.payers.of(route))
            self._memo.put(kind, asked)
        return asked

    def demands(
        self, key: str, project: str, route: Route, alias: str, usage: Usage, cost_nano: int | None
    ) -> tuple[Demand, ...]:
        """What a usage asks of every account that is for this call. Raises UnknownPrice, as `Asked.demands`."""
        return self.asked(key, project, route, alias).demands(usage, cost_nano)


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
