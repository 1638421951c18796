"""What happens to the books when a hold is placed and when it ends: plain functions of a Transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bursar.domain.account import Account, Demand, PlanEnded, Share, Shortfall, Standing, bear, charge_to, opened
from bursar.domain.cycle import Cycle, Every, later_of
from bursar.domain.grant import Grant, GrantKind, with_grants
from bursar.domain.hold import Entry, EntryKind, HeldShare, Hold, HoldState
from bursar.domain.quick import quick
from bursar.domain.route import Route
from bursar.ledger.now import Now
from bursar.storage.store import Transaction

_new = tuple.__new__
"""Makes a share without the detour by its constructor, which takes three times as long."""


@quick
@dataclass(frozen=True, slots=True)
class Placed:
    """A hold, all accounts that were asked and how they stand after it, and what was granted or taken back then."""

    hold: Hold
    standings: dict[str, Standing]
    accounts: dict[str, Account]
    grants: Sequence[Grant] = ()
    """Raises that have lapsed, and automatic top-ups."""


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
    """How an account stands for a hold placed now: its cycle opened, a changed limit granted; nothing is written."""
    standing, lasting = _current(transaction, account, transaction.standing(account.id), now), transaction.open_grants()
    return with_grants(standing, lasting, now.at_ms) if lasting else standing


def _current(transaction: Transaction, account: Account, latest: Standing | None, now: Now) -> Standing:
    """The same without grants that have an end: its `latest` standing, where nothing has changed since.

    A clock that was set back opens no cycle again: the latest goes on until it is caught up with.
    Where the configuration changed to a longer cycle, the one under way goes on to that one's end.
    """
    current = now.cycles[account.every] if account.anchor is None else _anchored(transaction, account, latest, now)
    if latest is None:
        return opened(account, current)
    cycle = latest.cycle
    if cycle.start_ms != current.start_ms and later_of(cycle, current).start_ms != cycle.start_ms:
        return opened(account, current)
    standing = latest
    if cycle.end_ms != current.end_ms and cycle.start_ms <= now.at_ms:
        standing = replace(standing, cycle=Cycle(cycle.start_ms, current.end_ms))
    if standing.limit != account.limit:
        standing = standing.regranted(account, now.at_ms)
    return standing


def _anchored(transaction: Transaction, account: Account, latest: Standing | None, now: Now) -> Cycle:
    """The cycle, now, of an account whose cycles are counted from an instant, or that shares another's."""
    shared = transaction.standing(account.within) if account.within else latest
    return account.cycle(now.at_ms, now.zone, shared.cycle if shared is not None else None)


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
    grants: list[Grant] = []
    lasting = transaction.open_grants()
    if lasting:
        for account_id in {grant.account_id for grant in lasting}:
            if account_id in accounts:
                grants += renew(transaction, accounts[account_id], now)[1]
        lasting = transaction.open_grants()
    written: dict[str, Standing | None] = {}
    standings: dict[str, Standing] = {}
    tops_up = False
    for account_id, account in accounts.items():
        if account.term is not None and not account.term.bears(now.at_ms):
            raise PlanEnded(account)
        tops_up = tops_up or account.auto is not None
        latest = written[account_id] = transaction.standing(account_id)
        standing = _current(transaction, account, latest, now)
        standings[account_id] = with_grants(standing, lasting, now.at_ms) if lasting else standing
    amounts = _borne(transaction, standings, accounts, demands, now, grants) if tops_up else bear(standings, demands)
    shares: list[HeldShare] = []
    for account_id, amount in amounts.items():
        standing = standings[account_id]
        if standing is not written[account_id]:
            put(transaction, standing, now)
        shares.append(_new(HeldShare, (account_id, standing.cycle.start_ms, amount)))
    hold = transaction.add_hold(exchange_id, route.upstream, route.model, now.at_ms, tuple(shares))
    for account_id, start_ms, amount in shares:
        standings[account_id] = transaction.enter(EntryKind.HOLD, account_id, start_ms, amount, now.at_ms, hold.id)
    return Placed(hold, standings, accounts, grants)


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
            amounts = bear(standings, demands)
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
    month_ms = now.cycles[Every.MONTH].start_ms
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
) -> tuple[Share, ...]:
    """End the holds of one attempt: released where `used` is None, else settled, however much was used.

    Each account is charged once, in the cycle in which it first held for the attempt: its first
    hold settles, its later ones only give back. An account that held nothing is charged in its
    current cycle. With `line` CORRECT all holds give back and the charges are lines of their own.
    Returns what was charged to whom. Raises HoldEnded, and changes nothing, where one of the holds has ended.
    """
    home: dict[str, int] = {}
    back: dict[str, int] = {}
    for hold in holds:
        for account_id, start_ms, amount in hold.shares:
            if home.setdefault(account_id, start_ms) == start_ms:
                back[account_id] = back.get(account_id, 0) + amount
    charges = {} if used is None else _charge(transaction, home, back, used, now)
    unwritten = charges.copy()
    state = HoldState.RELEASED if used is None else HoldState.SETTLED
    for hold in holds:
        transaction.end_hold(hold.id, state)
        for account_id, start_ms, amount in hold.shares:
            if line is EntryKind.SETTLE and account_id in unwritten:
                charge = unwritten.pop(account_id)
                transaction.enter(line, account_id, start_ms, charge, now.at_ms, hold.id, amount)
            else:
                transaction.enter(EntryKind.RELEASE, account_id, start_ms, -amount, now.at_ms, hold.id)
        state = HoldState.RELEASED
    for account_id, amount in unwritten.items():
        if amount:
            transaction.enter(line, account_id, home[account_id], amount, now.at_ms, holds[0].id)
    return tuple([_new(Share, charge) for charge in charges.items() if charge[1]])


def _charge(
    transaction: Transaction, home: dict[str, int], back: Mapping[str, int], used: Sequence[Demand], now: Now
) -> dict[str, int]:
    """What each account is charged in its `home`, the cycle in which it first held; adds the homes of those that held
    nothing, and opens them."""
    for account_id, account in accounts_of(used).items():
        if account_id not in home:
            standing = standing_now(transaction, account, now)
            put(transaction, standing, now)
            home[account_id] = standing.cycle.start_ms
    standings: dict[str, Standing] = {}
    shared = [demand for demand in used if len(demand) > 1 or demand[0].beside]
    for account_id in accounts_of(shared) if shared else ():
        at_home = transaction.standing_in(account_id, home[account_id])
        if at_home is not None:
            standings[account_id] = at_home
    return dict.fromkeys(home, 0) | charge_to(standings, used, back)


def put(transaction: Transaction, standing: Standing, now: Now) -> None:
    """Put a standing, with the line that grants what is new in it."""
    start_ms = standing.cycle.start_ms
    before = transaction.standing_in(standing.account_id, start_ms)
    granted = standing.granted - (before.granted if before is not None else 0)
    if granted:
        transaction.add_entry(Entry(EntryKind.GRANT, standing.account_id, start_ms, granted, now.at_ms))
    transaction.put_standing(standing)
