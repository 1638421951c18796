"""What happens to the books when a hold is placed and when it ends: plain functions of a Transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bursar.domain.account import Account, Demand, PlanEnded, Share, Shortfall, Standing, bear, charge_to, opened
from bursar.domain.cycle import Cycle, Every, later_of
from bursar.domain.grant import Grant, GrantKind, with_grants
from bursar.domain.hold import Entry, EntryKind, HeldShare, Hold, HoldState
from bursar.domain.route import Route
from bursar.ledger.now import Now
from bursar.storage.store import Transaction

InCycle = tuple[str, int]
"""An account and the start of a cycle."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A hold, all accounts that were asked and how they stand after it, and what was granted or taken back then."""

    hold: Hold
    standings: dict[str, Standing]
    accounts: dict[str, Account]
    grants: tuple[Grant, ...] = ()
    """Raises that have lapsed, and automatic top-ups."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How accounts stand in their latest cycles after holds have ended, and what was charged to whom."""

    standings: tuple[Standing, ...]
    paid: tuple[Share, ...]


def accounts_of(demands: Iterable[Demand]) -> dict[str, Account]:
    """Every account that is asked, by its id, in the order in which it is first asked."""
    accounts: dict[str, Account] = {}
    for demand in demands:
        for need in demand:
            accounts[need.account.id] = need.account
            for account in need.beside:
                accounts[account.id] = account
    return accounts


def standing_now(transaction: Transaction, account: Account, now: Now) -> Standing:
    """How an account stands for a hold placed now: its cycle opened, a changed limit granted; nothing is written.

    A clock that was set back opens no cycle again: the latest goes on until it is caught up with.
    Where the configuration changed to a longer cycle, the one under way goes on to that one's end.
    """
    latest = transaction.standing(account.id)
    shared = transaction.standing(account.within) if account.within else latest
    current = now.cycle(account, shared.cycle if shared is not None else None)
    if latest is None or later_of(latest.cycle, current).start_ms != latest.cycle.start_ms:
        standing = opened(account, current)
    else:
        standing = latest
        if standing.cycle.end_ms != current.end_ms and standing.cycle.start_ms <= now.at_ms:
            standing = replace(standing, cycle=Cycle(standing.cycle.start_ms, current.end_ms))
        if standing.limit != account.limit:
            standing = standing.regranted(account, now.at_ms)
    lasting = transaction.open_grants()
    return with_grants(standing, lasting, now.at_ms) if lasting else standing


def renew(transaction: Transaction, account: Account, now: Now) -> tuple[Standing, list[Grant]]:
    """Write how an account stands now, and see to its open grants; returns those that have lapsed, too."""
    standing, lapsed = standing_now(transaction, account, now), []
    put(transaction, standing, now)
    for grant in transaction.open_grants():
        if grant.account_id == account.id:
            if grant.has_lapsed(now.at_ms):
                lapsed.append(replace(grant, ended_ms=grant.until_ms))
                transaction.put_grant(lapsed[-1])
            elif grant.cycle_start_ms != standing.cycle.start_ms:
                transaction.put_grant(replace(grant, cycle_start_ms=standing.cycle.start_ms))
    return standing, lapsed


def place(transaction: Transaction, exchange_id: str, route: Route, demands: Sequence[Demand], now: Now) -> Placed:
    """Hold every demand, or raise Shortfall or PlanEnded and change nothing."""
    accounts = accounts_of(demands)
    for account in accounts.values():
        if account.term is not None and not account.term.bears(now.at_ms):
            raise PlanEnded(account)
    grants: list[Grant] = []
    for account_id in {grant.account_id for grant in transaction.open_grants()}:
        if account_id in accounts:
            grants += renew(transaction, accounts[account_id], now)[1]
    standings = {account_id: standing_now(transaction, account, now) for account_id, account in accounts.items()}
    amounts = _borne(transaction, standings, accounts, demands, now, grants)
    shares = tuple([HeldShare(each, standings[each].cycle.start_ms, amount) for each, amount in amounts.items()])
    hold = transaction.add_hold(exchange_id, route.upstream, route.model, now.at_ms, shares)
    for account_id, start_ms, amount in shares:
        standing = standings[account_id] = standings[account_id].holding(amount)
        put(transaction, standing, now)
        transaction.add_entry(Entry(EntryKind.HOLD, account_id, start_ms, amount, now.at_ms, hold.id))
    return Placed(hold, standings, accounts, tuple(grants))


def _borne(
    transaction: Transaction,
    standings: dict[str, Standing],
    accounts: Mapping[str, Account],
    demands: Sequence[Demand],
    now: Now,
    grants: list[Grant],
) -> dict[str, int]:
    """What each account bears, after wallets that are or become too low have topped themselves up where they may.

    Raises Shortfall.
    """
    while True:
        short: Shortfall | None = None
        try:
            amounts = _sums(bear(standings, demands))
            wallet = _low(accounts, standings, amounts)
        except Shortfall as error:
            short, wallet = error, error.account
        grant = None if wallet is None else top_up_by_itself(transaction, wallet, standings[wallet.id], now)
        if grant is not None:
            standings[grant.account_id] = standings[grant.account_id].adding(grant.amount)
            grants.append(grant)
        elif short is not None:
            raise short
        else:
            return amounts


def _low(
    accounts: Mapping[str, Account], standings: Mapping[str, Standing], amounts: Mapping[str, int]
) -> Account | None:
    """The first wallet that would be too low with so much held."""
    for account_id, amount in amounts.items():
        auto = accounts[account_id].auto
        if auto is not None and standings[account_id].available - amount < auto.below:
            return accounts[account_id]
    return None


def top_up_by_itself(transaction: Transaction, wallet: Account, standing: Standing, now: Now) -> Grant | None:
    """One automatic top-up, noted but not yet in the standing; None where the month allows no further one."""
    auto = wallet.auto
    if auto is None:
        return None
    month_ms = now.calendar.cycle(Every.MONTH, now.at_ms).start_ms
    fact = f"auto_top_up:{wallet.id}"
    noted_ms, _, noted = (transaction.fact(fact) or "0 0").partition(" ")
    so_far = int(noted) if int(noted_ms) == month_ms else 0
    if so_far + auto.amount > auto.per_month:
        return None
    transaction.put_fact(fact, f"{month_ms} {so_far + auto.amount}")
    return transaction.add_grant(
        Grant(0, GrantKind.AUTO_TOP_UP, wallet.id, standing.cycle.start_ms, auto.amount, now.at_ms, by="bursar")
    )


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
    standings, back, home = _given_back(transaction, holds)
    charges = {} if used is None else _charge(transaction, standings, back, home, used, now)
    unwritten = dict(charges)
    state = HoldState.RELEASED if used is None else HoldState.SETTLED
    for hold in holds:
        transaction.end_hold(hold.id, state)
        for account_id, start_ms, amount in hold.shares:
            if line is EntryKind.SETTLE and account_id in unwritten:
                entry = Entry(line, account_id, start_ms, unwritten.pop(account_id), now.at_ms, hold.id, amount)
            else:
                entry = Entry(EntryKind.RELEASE, account_id, start_ms, -amount, now.at_ms, hold.id)
            transaction.add_entry(entry)
        state = HoldState.RELEASED
    for key, standing in standings.items():
        account_id, start_ms = key
        charge = charges.get(account_id, 0) if home[account_id] == start_ms else 0
        put(transaction, standing.settling(back.get(key, 0), charge), now)
    for account_id, amount in unwritten.items():
        if amount:
            transaction.add_entry(Entry(line, account_id, home[account_id], amount, now.at_ms, holds[0].id))
    paid = tuple([Share(account_id, amount) for account_id, amount in charges.items() if amount])
    # A hold of an earlier cycle changes nothing of the latest, and that is the one that is shown.
    latest = [transaction.standing(account_id) for account_id in home]
    return Ended(tuple([standing for standing in latest if standing is not None]), paid)


def _given_back(
    transaction: Transaction, holds: Sequence[Hold]
) -> tuple[dict[InCycle, Standing], dict[InCycle, int], dict[str, int]]:
    """The standings of all shares, what each gets back, and the cycle in which each account first held."""
    standings: dict[InCycle, Standing] = {}
    back: dict[InCycle, int] = {}
    home: dict[str, int] = {}
    for hold in holds:
        for account_id, start_ms, amount in hold.shares:
            key = account_id, start_ms
            if key not in standings:
                standing = transaction.standing_in(account_id, start_ms)
                if standing is None:
                    raise LookupError(f"hold {hold.id} is on {account_id}, which has no such cycle")
                standings[key] = standing
            back[key] = back.get(key, 0) + amount
            home.setdefault(account_id, start_ms)
    return standings, back, home


def _charge(
    transaction: Transaction,
    standings: dict[InCycle, Standing],
    back: Mapping[InCycle, int],
    home: dict[str, int],
    used: Sequence[Demand],
    now: Now,
) -> dict[str, int]:
    """What each account is charged in its home; adds the accounts that held nothing, with their standings."""
    for account_id, account in accounts_of(used).items():
        if account_id not in home:
            standing = standing_now(transaction, account, now)
            home[account_id] = standing.cycle.start_ms
            standings[account_id, standing.cycle.start_ms] = standing
    at_home = {key[0]: standings[key] for key in home.items()}
    shares = charge_to(at_home, used, {key[0]: back[key] for key in home.items() if key in back})
    return dict.fromkeys(home, 0) | _sums(shares)


def _sums(shares: Iterable[Share]) -> dict[str, int]:
    """What each account bears, all its shares together."""
    sums: dict[str, int] = {}
    for account_id, amount in shares:
        sums[account_id] = sums.get(account_id, 0) + amount
    return sums


def put(transaction: Transaction, standing: Standing, now: Now) -> None:
    """Put a standing, with the line that grants what is new in it."""
    start_ms = standing.cycle.start_ms
    before = transaction.standing_in(standing.account_id, start_ms)
    granted = standing.granted - (before.granted if before is not None else 0)
    if granted:
        transaction.add_entry(Entry(EntryKind.GRANT, standing.account_id, start_ms, granted, now.at_ms))
    transaction.put_standing(standing)
