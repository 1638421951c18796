"""The audit: whether standings, entries and holds add up to one another."""

from collections import Counter

from bursar.domain.hold import Hold
from bursar.storage.store import EntrySum, Reader


def audit(reader: Reader) -> tuple[str, ...]:
    """What does not add up, in sentences: none in a sound ledger.

    A standing is the sum of its entries; what is held is the sum of the holds that have not
    ended, and never negative; a hold ends once on each account.
    """
    twice = (f"hold {each} has ended twice" for each in reader.ended_twice())
    return (*_standings(reader), *_held(reader), *twice)


def _standings(reader: Reader) -> list[str]:
    sums = {(each.account_id, each.cycle_start_ms): each for each in reader.entry_sums()}
    problems = []
    for standing in reader.standings():
        key = standing.account_id, standing.cycle.start_ms
        found = EntrySum(*key, standing.granted, standing.held, standing.settled)
        expected = sums.pop(key, EntrySum(*key, 0, 0, 0))
        if found != expected:
            problems.append(f"{found} stands, but its entries add up to {expected}")
    return problems + [f"{each} has entries and no standing" for each in sums.values()]


def _held(reader: Reader) -> list[str]:
    held = _held_by(reader.holds())
    problems = []
    for standing in reader.standings():
        expected = held.pop((standing.account_id, standing.cycle.start_ms), 0)
        if standing.held != expected or standing.held < 0:
            problems.append(f"{standing} holds {standing.held}, but its open holds add up to {expected}")
    return problems + [f"{account_id} has holds and no standing" for (account_id, _), amount in held.items() if amount]


def _held_by(holds: list[Hold]) -> Counter[tuple[str, int]]:
    held: Counter[tuple[str, int]] = Counter()
    for hold in holds:
        for share in hold.shares:
            held[share.account_id, share.cycle_start_ms] += share.amount
    return held
