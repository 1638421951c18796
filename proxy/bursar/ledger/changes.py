"""What happens to the books when a hold is placed and when it ends: plain functions of a Transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bursar.domain.account import Account, Demand, PlanEnded, Share, Standing, bear, charge_to, opened
from bursar.domain.cycle import Cycle, later_of
from bursar.domain.hold import Entry, EntryKind, HeldShare, Hold, HoldState
from bursar.domain.route import Route
from bursar.ledger.now import Now
from bursar.storage.store import Transaction

InCycle = tuple[str, int]
"""An account and the start of a cycle."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A hold, and how all accounts that were asked stand after it."""

    hold: Hold
    standings: dict[str, Standing]


@dataclass(frozen=True, slots=True)
class Ended:
    """How accounts stand in their latest cycles after holds have ended, and what was charged to whom."""

    standings: tuple[Standing, ...]
    paid: tuple[Share, ...]


def accounts_of(demands: Iterable[Demand]) -> dict[str, Account]:
    """Every account that is asked, by its id, in the order in which it is first asked."""
    return {account.id: account for demand in demands for need in demand for account in need.accounts}


def standing_now(transaction: Transaction, account: Account, now: Now) -> Standing:
    """How an account stands for a hold placed now: its cycle opened, a changed limit granted; nothing is written.

    A clock that was set back opens no cycle again: the latest goes on until it is caught up with.
    Where the configuration changed to a longer cycle, the one under way goes on to that one's end.
    """
    latest = transaction.standing(account.id)
    shared = transaction.standing(account.within) if account.within else latest
    current = now.cycle(account, shared.cycle if shared is not None else None)
    if latest is None or later_of(latest.cycle, current).start_ms != latest.cycle.start_ms:
        return opened(account, current)
    standing = latest
    if standing.cycle.end_ms != current.end_ms and standing.cycle.start_ms <= now.at_ms:
        standing = replace(standing, cycle=Cycle(standing.cycle.start_ms, current.end_ms))
    if standing.limit != account.limit:
        standing = standing.regranted(account, now.at_ms)
    return standing


def place(transaction: Transaction, exchange_id: str, route: Route, demands: Sequence[Demand], now: Now) -> Placed:
    """Hold every demand, or raise Shortfall or PlanEnded and change nothing."""
    accounts = accounts_of(demands)
    for account in accounts.values():
        if account.term is not None and not account.term.bears(now.at_ms):
            raise PlanEnded(account)
    standings = {account_id: standing_now(transaction, account, now) for account_id, account in accounts.items()}
    shares = tuple(
        HeldShare(account_id, standings[account_id].cycle.start_ms, amount)
        for account_id, amount in _sums(bear(standings, demands)).items()
    )
    hold = transaction.add_hold(exchange_id, route.upstream, route.model, now.at_ms, shares)
    for share in shares:
        standing = standings[share.account_id].holding(share.amount)
        standings[share.account_id] = standing
        _put(transaction, standing, now)
        transaction.add_entry(
            Entry(EntryKind.HOLD, share.account_id, share.cycle_start_ms, share.amount, now.at_ms, hold.id)
        )
    return Placed(hold, standings)


def end(
    transaction: Transaction,
    holds: Sequence[Hold],
    used: Sequence[Demand] | None,
    now: Now,
    line: EntryKind = EntryKind.SETTLE,
) -> Ended:
    """End the holds of one attempt: released where `used` is None, else settled, however much was used.

    Each account is charged once, in the cycle in which it first held for the attempt: its first
    hold settles, its later ones only give back. An account that held nothing is charged in its
    current cycle. With `line` CORRECT all holds give back and the charges are lines of their own.
    Raises HoldEnded, and changes nothing, where one of the holds has ended.
    """
    standings, home = _give_back(transaction, holds)
    charges = {} if used is None else _charge(transaction, standings, home, used, now)
    unwritten = dict(charges)
    state = HoldState.RELEASED if used is None else HoldState.SETTLED
    for hold in holds:
        transaction.end_hold(hold.id, state)
        for share in hold.shares:
            kind, amount, held = EntryKind.RELEASE, -share.amount, 0
            if line is EntryKind.SETTLE and share.account_id in unwritten:
                kind, amount, held = line, unwritten.pop(share.account_id), share.amount
            transaction.add_entry(Entry(kind, share.account_id, share.cycle_start_ms, amount, now.at_ms, hold.id, held))
        state = HoldState.RELEASED
    for standing in standings.values():
        _put(transaction, standing, now)
    for account_id, amount in unwritten.items():
        if amount:
            transaction.add_entry(Entry(line, account_id, home[account_id], amount, now.at_ms, holds[0].id))
    paid = tuple(Share(account_id, amount) for account_id, amount in charges.items() if amount)
    # A hold of an earlier cycle changes nothing of the latest, and that is the one that is shown.
    latest = (transaction.standing(account_id) for account_id in home)
    return Ended(tuple(standing for standing in latest if standing is not None), paid)


def _give_back(transaction: Transaction, holds: Sequence[Hold]) -> tuple[dict[InCycle, Standing], dict[str, int]]:
    """The standings of all shares without what they held, and the cycle in which each account first held."""
    standings: dict[InCycle, Standing] = {}
    home: dict[str, int] = {}
    for hold in holds:
        for share in hold.shares:
            key = share.account_id, share.cycle_start_ms
            standing = standings.get(key) or transaction.standing_in(*key)
            if standing is None:
                raise LookupError(f"hold {hold.id} is on {share.account_id}, which has no such cycle")
            standings[key] = standing.holding(-share.amount)
            home.setdefault(*key)
    return standings, home


def _charge(
    transaction: Transaction,
    standings: dict[InCycle, Standing],
    home: dict[str, int],
    used: Sequence[Demand],
    now: Now,
) -> dict[str, int]:
    """What each account is charged; settles it in `standings`, and adds the accounts that held nothing."""
    for account_id, account in accounts_of(used).items():
        if account_id not in home:
            standing = standing_now(transaction, account, now)
            home[account_id] = standing.cycle.start_ms
            standings[account_id, standing.cycle.start_ms] = standing
    shares = charge_to({account_id: standings[account_id, start_ms] for account_id, start_ms in home.items()}, used)
    charges = dict.fromkeys(home, 0) | _sums(shares)
    for key in home.items():
        standings[key] = standings[key].settling(0, charges[key[0]])
    return charges


def _sums(shares: Iterable[Share]) -> dict[str, int]:
    """What each account bears, all its shares together."""
    sums: dict[str, int] = {}
    for share in shares:
        sums[share.account_id] = sums.get(share.account_id, 0) + share.amount
    return sums


def _put(transaction: Transaction, standing: Standing, now: Now) -> None:
    """Put a standing, with the line that grants what is new in it."""
    start_ms = standing.cycle.start_ms
    before = transaction.standing_in(standing.account_id, start_ms)
    granted = standing.granted - (before.granted if before is not None else 0)
    if granted:
        transaction.add_entry(Entry(EntryKind.GRANT, standing.account_id, start_ms, granted, now.at_ms))
    transaction.put_standing(standing)
