"""Accounts: anything that can run out, its standing, and who bears a demand.

A plan's quota, a wallet and a cap are one thing that differs in who grants:
available = granted - held - settled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import NamedTuple

from bursar.domain.cycle import Cycle, Every, cycle_at
from bursar.domain.plan import Term
from bursar.domain.quick import quick
from bursar.domain.recurrence import Anchor, cycle_from
from bursar.domain.wallet import AutoTopUp, Levels


class Unit(StrEnum):
    """What an account counts. Units are never mixed."""

    NANO_DOLLARS = "nano_dollars"
    TOKENS = "tokens"
    REQUESTS = "requests"
    WEIGHTED_TOKENS = "weighted_tokens"
    """Tokens, each counted as often as its plan says."""
    MICRO_REQUESTS = "micro_requests"
    """Millionths of a request: what a plan counts in whose models cost parts of one."""


class AccountKind(StrEnum):
    """Who grants: the vendor each cycle, the user by top-ups, the user each cycle."""

    PLAN = "plan"
    WALLET = "wallet"
    CAP = "cap"
    OVERFLOW = "overflow"
    """What a plan may draw from its wallet: granted by the user, each cycle of the plan."""


@dataclass(frozen=True, slots=True)
class Account:
    """One thing that can run out, as the configuration states it.

    `limit` is what each cycle grants, in `unit`; 0 for a wallet, which has what was paid in. `scope`
    says in words what it is for (`key laptop`, `everything`). Where there is an `anchor`, cycles are
    counted from it. `within` is the account whose cycles it shares. `term` is a plan's; `levels`,
    `auto` and `link` (where to top up) are a wallet's.
    """

    id: str
    kind: AccountKind
    name: str
    unit: Unit
    every: Every
    limit: int
    scope: str = "everything"
    anchor: Anchor | None = None
    within: str = ""
    term: Term | None = None
    levels: Levels | None = None
    auto: AutoTopUp | None = None
    link: str = ""

    def cycle(self, now_ms: int, zone: tzinfo, latest: Cycle | None = None) -> Cycle:
        """The cycle that an instant falls in; `latest` is the one that was opened last."""
        if self.anchor is None:
            return cycle_at(self.every, now_ms, zone)
        return cycle_from(self.every, self.anchor, now_ms, zone, latest)


@quick
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

    def adding(self, amount: int) -> "Standing":
        """The standing with `amount` more granted beside the configuration (less, if negative)."""
        return Standing(self.account_id, self.cycle, self.limit, self.granted + amount, self.held, self.settled)

    def regranted(self, account: Account, now_ms: int) -> "Standing":
        """The standing once the configuration states another limit.

        Caps follow at once and whole. A plan's larger quota counts for what is left of the cycle,
        rounded down; a smaller one from the next cycle on.
        """
        more = account.limit - self.limit
        if account.kind is not AccountKind.PLAN or more == 0:
            return self.granting(more)
        if more < 0:
            return self
        start_ms, end_ms = self.cycle.start_ms, self.cycle.end_ms
        if end_ms is None:
            return self.granting(more)
        rest_ms = min(max(0, end_ms - now_ms), end_ms - start_ms)
        part = more * rest_ms // (end_ms - start_ms)
        return Standing(self.account_id, self.cycle, account.limit, self.granted + part, self.held, self.settled)


def opened(account: Account, cycle: Cycle) -> Standing:
    """The standing of an account at the start of a cycle."""
    return Standing(account.id, cycle, account.limit, account.limit)


class Need(NamedTuple):
    """An amount asked of one account, in its unit, and the same of each account `beside` it."""

    account: Account
    amount: int
    beside: tuple[Account, ...] = ()

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All that are asked."""
        return (self.account, *self.beside)


Demand = tuple[Need, ...]
"""One need, in the unit of each account that may bear it, in the order in which they are asked."""


class Share(NamedTuple):
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


class PlanEnded(Exception):
    """A plan bears no calls in its state; see its `term`."""

    def __init__(self, account: Account) -> None:
        super().__init__(account.id)
        self.account = account


def bear(standings: Mapping[str, Standing], demands: Sequence[Demand]) -> dict[str, int]:
    """What each account bears of all demands, by id: the first what it can, the rest of the share the next.

    Each account's shares are counted together, so that two demands cannot both take its last unit.
    Raises Shortfall, before anything is borne, where some demand cannot be borne whole.
    """
    borne: dict[str, int] = {}
    for demand in demands:
        account, amount, beside = demand[0]
        if beside or len(demand) > 1:
            _split(demand, standings, {}, borne, overrun=False)
            continue
        # Most demands are of one account: nothing is split.
        standing, account_id = standings[account.id], account.id
        together = borne.get(account_id, 0) + amount
        # What grants nothing refuses everything, also what would cost nothing.
        if together > standing.granted - standing.held - standing.settled or standing.granted <= 0:
            raise Shortfall(account, standing, amount)
        borne[account_id] = together
    return borne


def charge_to(standings: Mapping[str, Standing], demands: Sequence[Demand], back: Mapping[str, int]) -> dict[str, int]:
    """What each account is charged of what was used: as `bear`, but the last of a demand takes what is left over.

    `back` is what accounts held for it and get back at the same time, by id. Used is never refused: the vendor has
    charged already. So `standings` needs none but those of accounts that are asked together with others.
    """
    charged: dict[str, int] = {}
    for demand in demands:
        account, amount, beside = demand[0]
        if beside or len(demand) > 1:
            _split(demand, standings, back, charged, overrun=True)
        else:
            charged[account.id] = charged.get(account.id, 0) + amount
    return charged


def _split(
    demand: Demand,
    standings: Mapping[str, Standing],
    back: Mapping[str, int],
    borne: dict[str, int],
    *,
    overrun: bool,
) -> None:
    """Add one demand to what is `borne`; shares of a demand are fractions of it, so they add up to one whole."""
    missing, whole = 1, 1  # the fraction of the demand that is still to be borne
    for place, need in enumerate(demand, 1):
        left = {
            each.id: standings[each.id].available + back.get(each.id, 0) - borne.get(each.id, 0)
            for each in need.accounts
        }
        least_id = min(left, key=left.__getitem__)
        wanted = -(-need.amount * missing // whole)
        last = place == len(demand)
        taken = wanted if overrun and last else min(wanted, max(0, left[least_id]))
        if last and not overrun and (taken < wanted or standings[least_id].granted <= 0):
            least = next(each for each in need.accounts if each.id == least_id)
            raise Shortfall(least, standings[least_id], wanted)
        if taken or last:
            for account_id in left:
                borne[account_id] = borne.get(account_id, 0) + taken
        if taken == wanted:
            return
        missing, whole = missing * need.amount - taken * whole, whole * need.amount
