"""Books and Draft: the ledger's figures in memory, and the changes on top of them that are not kept yet."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from itertools import count
from typing import TypeVar

from bursar.domain.account import Share, Standing
from bursar.domain.client_key import ClientKey
from bursar.domain.exchange import UsageRecord
from bursar.domain.hold import Entry, HeldShare, Hold, HoldEnded, HoldState, check_transition
from bursar.domain.usage import Usage
from bursar.storage.store import LARGEST

K = TypeVar("K")
V = TypeVar("V")

_FIGURES = tuple(field.name for field in fields(Usage))

InCycle = tuple[str, int]
"""An account and the start of its cycle."""


class Books:
    """The figures as they are kept: each account's latest standing, the holds that have not ended, keys, facts.

    `standings` also has those of earlier cycles in which some hold was placed. Entries and records
    are not here: they are written, and asked for only by readers.
    """

    def __init__(self, last_hold_id: int = 0) -> None:
        self.latest: dict[str, Standing] = {}
        self.standings: dict[InCycle, Standing] = {}
        self.holds: dict[int, Hold] = {}
        self.issued: dict[str, ClientKey] = {}
        self.facts: dict[str, str] = {}
        # Never set back, not even for a change that fails: whoever knows of its hold must not meet another's.
        self.hold_ids: Iterator[int] = count(last_hold_id + 1)

    def standing(self, account_id: str) -> Standing | None:
        """The account's standing in its latest cycle."""
        return self.latest.get(account_id)

    def standing_in(self, account_id: str, cycle_start_ms: int) -> Standing | None:
        """Its standing in one cycle, if it is here."""
        return self.standings.get((account_id, cycle_start_ms))

    def hold(self, hold_id: int) -> Hold | None:
        """A hold that has not ended."""
        return self.holds.get(hold_id)

    def all_holds(self) -> dict[int, Hold]:
        """All of them, as a copy."""
        return dict(self.holds)

    def all_keys(self) -> dict[str, ClientKey]:
        """The client keys by name, as a copy."""
        return dict(self.issued)

    def fact(self, name: str) -> str | None:
        """A small named text."""
        return self.facts.get(name)

    def put(self, standing: Standing) -> None:
        """Take in one standing, in any order of cycles."""
        self.standings[standing.account_id, standing.cycle.start_ms] = standing
        latest = self.latest.get(standing.account_id)
        if latest is None or standing.cycle.start_ms >= latest.cycle.start_ms:
            self.latest[standing.account_id] = standing

    def absorb(self, draft: "Draft") -> bool:
        """Make what was drafted on these books part of them; whether an account has left a cycle behind."""
        rolled = any(
            account_id in self.latest and self.latest[account_id].cycle.start_ms != standing.cycle.start_ms
            for account_id, standing in draft.latest.items()
        )
        self.standings.update(draft.standings)
        self.latest.update(draft.latest)
        _absorb(self.holds, draft.holds)
        _absorb(self.issued, draft.issued)
        _absorb(self.facts, draft.facts)
        return rolled

    def forget_past(self) -> None:
        """Drop the standings of earlier cycles that no hold needs any more."""
        needed = {(share.account_id, share.cycle_start_ms) for hold in self.holds.values() for share in hold.shares}
        needed.update((standing.account_id, standing.cycle.start_ms) for standing in self.latest.values())
        self.standings = {key: standing for key, standing in self.standings.items() if key in needed}


class Draft:
    """A Transaction: what changes have done on top of the books, or of another draft, until it is absorbed or dropped.

    In `holds`, `keys` and `facts`, None stands for what is no longer there.
    """

    def __init__(self, below: "Books | Draft") -> None:
        self.below = below
        self.hold_ids: Iterator[int] = below.hold_ids
        self.latest: dict[str, Standing] = {}
        self.standings: dict[InCycle, Standing] = {}
        self.holds: dict[int, Hold | None] = {}
        self.issued: dict[str, ClientKey | None] = {}
        self.facts: dict[str, str | None] = {}
        self.entries: list[Entry] = []
        self.records: list[tuple[UsageRecord, tuple[Share, ...]]] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not (self.standings or self.holds or self.entries or self.records or self.issued or self.facts)

    def absorb(self, draft: "Draft") -> None:
        """Make what was drafted on top of this part of this."""
        self.latest.update(draft.latest)
        self.standings.update(draft.standings)
        self.holds.update(draft.holds)
        self.issued.update(draft.issued)
        self.facts.update(draft.facts)
        self.entries += draft.entries
        self.records += draft.records

    # --- Transaction ----------------------------------------------------------------------------

    def standing(self, account_id: str) -> Standing | None:
        return self.latest.get(account_id) or self.below.standing(account_id)

    def standing_in(self, account_id: str, cycle_start_ms: int) -> Standing | None:
        here = self.standings.get((account_id, cycle_start_ms))
        return here or self.below.standing_in(account_id, cycle_start_ms)

    def put_standing(self, standing: Standing) -> None:
        _check_fit((standing.limit, standing.granted, standing.held, standing.settled))
        account_id, start_ms = standing.account_id, standing.cycle.start_ms
        latest = self.standing(account_id)
        self.standings[account_id, start_ms] = standing
        if latest is None or start_ms >= latest.cycle.start_ms:
            self.latest[account_id] = standing

    def add_entry(self, entry: Entry) -> None:
        _check_fit((entry.amount, entry.held))
        self.entries.append(entry)

    def add_hold(self, exchange_id: str, upstream: str, model: str, at_ms: int, shares: tuple[HeldShare, ...]) -> Hold:
        _check_fit(share.amount for share in shares)
        hold_id = next(self.hold_ids)
        hold = Hold(
            hold_id, _storable(exchange_id), _storable(upstream), _storable(model), at_ms, HoldState.OPEN, shares
        )
        self.holds[hold_id] = hold
        return hold

    def hold(self, hold_id: int) -> Hold | None:
        return self.holds[hold_id] if hold_id in self.holds else self.below.hold(hold_id)

    def open_holds(self) -> tuple[Hold, ...]:
        return tuple(hold for _, hold in sorted(self.all_holds().items()))

    def end_hold(self, hold_id: int, state: HoldState) -> Hold:
        hold = self.hold(hold_id)
        if hold is None:
            raise HoldEnded(f"hold {hold_id} has ended already")
        check_transition(hold.state, state)
        self.holds[hold_id] = replace(hold, state=state) if state is HoldState.IN_DOUBT else None
        return hold

    def add_record(self, record: UsageRecord, paid: tuple[Share, ...] = ()) -> None:
        self.records.append((_storable_record(record), paid))

    def client_keys(self) -> tuple[ClientKey, ...]:
        return tuple(key for _, key in sorted(self.all_keys().items()))

    def put_key(self, key: ClientKey) -> None:
        self.issued[key.name] = key

    def remove_key(self, name: str) -> None:
        self.issued[name] = None

    def fact(self, name: str) -> str | None:
        return self.facts[name] if name in self.facts else self.below.fact(name)

    def put_fact(self, name: str, text: str | None) -> None:
        self.facts[name] = text

    # --- seen through from a draft on top of this -----------------------------------------------

    def all_holds(self) -> dict[int, Hold]:
        holds = self.below.all_holds()
        _absorb(holds, self.holds)
        return holds

    def all_keys(self) -> dict[str, ClientKey]:
        keys = self.below.all_keys()
        _absorb(keys, self.issued)
        return keys


def _absorb(target: dict[K, V], changes: Mapping[K, V | None]) -> None:
    for key, value in changes.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = value


def _check_fit(figures: Iterable[int]) -> None:
    """One figure too large for a back end would fail every change that is written together with it."""
    for figure in figures:
        if not -LARGEST <= figure <= LARGEST:
            raise ValueError(f"{figure} is too large to be kept")


def _storable(text: str) -> str:
    """The text, with a question mark for each half of a character: no back end takes those, and clients send them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _storable_record(record: UsageRecord) -> UsageRecord:
    _check_fit((record.at_ms, record.status, record.cost_nano, record.prompt_counted, record.completion_counted))
    _check_fit((record.first_ms or 0, record.total_ms))
    _check_fit(getattr(record.usage, name) for name in _FIGURES)
    text = f"{record.exchange_id}{record.key}{record.project}{record.client}{record.alias}{record.upstream}"
    if text.isascii() and "".join((record.model, record.finish_reason, record.refusal, *record.notes)).isascii():
        return record
    return replace(
        record,
        exchange_id=_storable(record.exchange_id),
        key=_storable(record.key),
        project=_storable(record.project),
        client=_storable(record.client),
        alias=_storable(record.alias),
        upstream=_storable(record.upstream),
        model=_storable(record.model),
        finish_reason=_storable(record.finish_reason),
        refusal=_storable(record.refusal),
        notes=tuple(_storable(note) for note in record.notes),
    )
