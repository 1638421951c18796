"""Accounts: anything that can run out, its standing, and who bears a demand.

A plan's quota, a wallet and a cap are one thing that differs in who grants:
available = granted - held - settled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bursar.domain.cycle import Cycle, Every


class Unit(StrEnum):
    """What an account counts. Units are never mixed."""

    NANO_DOLLARS = "nano_dollars"
    TOKENS = "tokens"
    REQUESTS = "requests"


class AccountKind(StrEnum):
    """Who grants: the vendor each cycle, the user by top-ups, the user each cycle."""

    PLAN = "plan"
    WALLET = "wallet"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class Account:
    """One thing that can run out, as the configuration states it.

    `limit` is what each cycle grants, in `unit`. `scope` says in words what it is for
    (`key laptop`, `everything`).
    """

    id: str
    kind: AccountKind
    name: str
    unit: Unit
    every: Every
    limit: int
    scope: str = "everything"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account's figures in one cycle, in the account's unit.

    `granted` is all that was granted; `limit` is the part of it that the configuration states, so
    that a changed configuration grants the difference. Settled may exceed granted: a vendor's
    charge is recorded, not refused.
    """

    account_id: str
    cycle: Cycle
    limit: int
    granted: int
    held: int = 0
    settled: int = 0

    @property
    def available(self) -> int:
        """What a new hold may take; negative after an overrun."""
        return self.granted - self.held - self.settled

    def holding(self, amount: int) -> "Standing":
        """The standing with `amount` more held (less, if negative)."""
        return Standing(self.account_id, self.cycle, self.limit, self.granted, self.held + amount, self.settled)

    def settling(self, held: int, used: int) -> "Standing":
        """The standing after a hold of `held` ended with `used`."""
        return Standing(self.account_id, self.cycle, self.limit, self.granted, self.held - held, self.settled + used)

    def granting(self, amount: int) -> "Standing":
        """The standing with the configuration's part of the grant changed by `amount`."""
        return Standing(
            self.account_id, self.cycle, self.limit + amount, self.granted + amount, self.held, self.settled
        )


def opened(account: Account, cycle: Cycle) -> Standing:
    """The standing of an account at the start of a cycle."""
    return Standing(account.id, cycle, account.limit, account.limit)


@dataclass(frozen=True, slots=True)
class Need:
    """An amount asked of one account, in its unit."""

    account: Account
    amount: int


Demand = tuple[Need, ...]
"""One need, in the unit of each account that may bear it, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one account bears of a demand, in its unit."""

    account_id: str
    amount: int


class Shortfall(Exception):
    """A demand that nobody can bear: the last account asked, what it has, what was needed of it."""

    def __init__(self, account: Account, standing: Standing, needed: int) -> None:
        super().__init__(f"{account.id}: {needed} needed, {standing.available} available")
        self.account = account
        self.standing = standing
        self.needed = needed


def bear(standings: Mapping[str, Standing], demands: Sequence[Demand]) -> tuple[Share, ...]:
    """Who bears what of each demand: the first account what it can, the rest of the share the next.

    Each account's shares are counted together, so that two demands cannot both take its last unit.
    Raises Shortfall, before anything is borne, where some demand cannot be borne whole.
    """
    left = {account_id: standing.available for account_id, standing in standings.items()}
    shares: list[Share] = []
    for demand in demands:
        _bear_one(demand, left, standings, shares)
    return tuple(shares)


def charge_to(standings: Mapping[str, Standing], demands: Sequence[Demand]) -> tuple[Share, ...]:
    """Who is charged what was used: as `bear`, but the last account of a demand takes what is left over.

    Used is never refused: the vendor has charged already.
    """
    left = {account_id: standing.available for account_id, standing in standings.items()}
    shares: list[Share] = []
    for demand in demands:
        _bear_one(demand, left, standings, shares, overrun=True)
    return tuple(shares)


def _bear_one(
    demand: Demand,
    left: dict[str, int],
    standings: Mapping[str, Standing],
    shares: list[Share],
    *,
    overrun: bool = False,
) -> None:
    """Bear one demand from `left`; shares of a demand are fractions of it, so they add up to one whole."""
    missing, whole = 1, 1  # the fraction of the demand that is still to be borne
    for place, need in enumerate(demand, 1):
        account_id = need.account.id
        wanted = -(-need.amount * missing // whole)
        last = place == len(demand)
        taken = wanted if overrun and last else min(wanted, max(0, left[account_id]))
        if last and not overrun and (taken < wanted or standings[account_id].granted <= 0):
            # What grants nothing refuses everything, also what would cost nothing.
            raise Shortfall(need.account, standings[account_id], wanted)
        if taken or last:
            left[account_id] -= taken
            shares.append(Share(account_id, taken))
        if taken == wanted:
            return
        missing, whole = missing * need.amount - taken * whole, whole * need.amount
