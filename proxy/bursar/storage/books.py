"""Books: the ledger's figures in memory; Draft: what changes have done to them that is not on disk yet."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from itertools import count
from operator import attrgetter
from typing import Any, TypeVar

from bursar.domain.account import Share, Standing
from bursar.domain.client_key import ClientKey
from bursar.domain.exchange import UsageRecord
from bursar.domain.grant import Grant
from bursar.domain.hold import Entry, EntryKind, HeldShare, Hold, HoldEnded, HoldState, check_transition
from bursar.domain.quick import quick
from bursar.domain.usage import Usage
from bursar.storage.store import LARGEST, Transaction

T = TypeVar("T")

Recorded = tuple[UsageRecord, tuple[Share, ...]]
"""A usage record, and what each account paid of it."""

_Undo = tuple[dict[Any, Any], Any, Any]
"""A dictionary of the books, a key of it, and what was there before, or None."""

_new = tuple.__new__
"""Makes a line without the detour by its constructor, which takes three times as long."""

_figures_of = attrgetter(*(field.name for field in fields(Usage)))


@quick
@dataclass(frozen=True, slots=True)
class Draft:
    """What a group of changes wants kept, and what it takes to undo them.

    `latest` are standings of accounts' latest cycles, `past` those of earlier ones.
    """

    latest: list[Standing]
    past: list[Standing]
    entries: list[Entry]
    holds: list[Hold]
    ended: list[int]
    records: list[Recorded]
    keys: list[ClientKey]
    removed_keys: list[str]
    facts: dict[str, str | None]
    grants: list[Grant]
    undo: list[_Undo]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not (self.undo or self.entries or self.records or self.grants)


class Books:
    """A Transaction on figures in memory: each account's latest standing, open holds, keys, facts.

    They are as all changes have left them, also those that are not kept yet; whoever keeps them
    takes these as a draft, and undoes drafts that cannot be kept, the last one first. Entries and
    records are only passed on. `past` has the standings of earlier cycles that holds still need.
    """

    def __init__(self, last_hold_id: int = 0, last_grant_id: int = 0) -> None:
        self.latest: dict[str, Standing] = {}
        self.past: dict[tuple[str, int], Standing] = {}
        self.holds: dict[int, Hold] = {}
        self.issued: dict[str, ClientKey] = {}
        self.facts: dict[str, str] = {}
        self.grants: dict[int, Grant] = {}
        # Never set back, not even for a change that fails: whoever knows of its hold must not meet another's.
        self._hold_ids = count(last_hold_id + 1)
        self._grant_ids = count(last_grant_id + 1)
        self._undo: list[_Undo] = []
        self._entries: list[Entry] = []
        self._records: list[Recorded] = []
        self._grants: list[Grant] = []

    def run(self, change: Callable[[Transaction], T]) -> T:
        """The answer of a change. One that raises has done nothing."""
        undo, entries, records, grants = len(self._undo), len(self._entries), len(self._records), len(self._grants)
        try:
            return change(self)
        except BaseException:
            _roll_back(self._undo[undo:])
            del self._undo[undo:], self._entries[entries:], self._records[records:], self._grants[grants:]
            raise

    def take_draft(self) -> Draft:
        """What was done since the last draft."""
        undo, self._undo = self._undo, []
        entries, self._entries = self._entries, []
        records, self._records = self._records, []
        grants, self._grants = self._grants, []
        # The first of what was there before counts. Standings and holds come with every call, all else seldom.
        latest: dict[str, None] = {}
        placed: dict[int, Hold | None] = {}
        seldom: dict[int, dict[Any, Any]] = {}
        for mapping, key, old in undo:
            if mapping is self.latest:
                latest[key] = None
            elif mapping is self.holds:
                placed.setdefault(key, old)
            else:
                seldom.setdefault(id(mapping), {}).setdefault(key, old)
        holds: list[Hold] = []
        ended: list[int] = []
        for hold_id, before in placed.items():
            hold = self.holds.get(hold_id)
            if hold is not None:
                holds.append(hold)
            elif before is not None:
                # A hold that came and went within one draft was never kept.
                ended.append(hold_id)
        keys = seldom.get(id(self.issued), ())
        return Draft(
            latest=[self.latest[account_id] for account_id in latest],
            past=[self.past[key] for key in seldom.get(id(self.past), ())] if seldom else [],
            entries=entries,
            holds=holds,
            ended=ended,
            records=records,
            keys=[self.issued[name] for name in keys if name in self.issued] if keys else [],
            removed_keys=[name for name in keys if name not in self.issued] if keys else [],
            facts={name: self.facts.get(name) for name in seldom.get(id(self.facts), ())} if seldom else {},
            # Of one that was changed twice the last form counts.
            grants=list({grant.id: grant for grant in grants}.values()) if grants else grants,
            undo=undo,
        )

    def drop(self, draft: Draft) -> None:
        """Undo what was done since a draft was taken, and the draft."""
        _roll_back(self.take_draft().undo)
        _roll_back(draft.undo)

    def forget_past(self) -> None:
        """Drop the standings of earlier cycles that no hold needs any more."""
        needed = {(share.account_id, share.cycle_start_ms) for hold in self.holds.values() for share in hold.shares}
        needed.update(key for mapping, key, _ in self._undo if mapping is self.past)
        for key in [key for key in self.past if key not in needed]:
            del self.past[key]

    # --- Transaction ----------------------------------------------------------------------------

    def standing(self, account_id: str) -> Standing | None:
        return self.latest.get(account_id)

    def standing_in(self, account_id: str, cycle_start_ms: int) -> Standing | None:
        latest = self.latest.get(account_id)
        if latest is not None and latest.cycle.start_ms == cycle_start_ms:
            return latest
        return self.past.get((account_id, cycle_start_ms))

    def put_standing(self, standing: Standing) -> None:
        left = standing.granted - standing.held - standing.settled
        if not (-LARGEST <= standing.settled <= LARGEST and -LARGEST <= left <= LARGEST):
            raise ValueError(f"{standing} is too large to be kept")
        account_id, start_ms = standing.account_id, standing.cycle.start_ms
        latest = self.latest.get(account_id)
        if latest is not None and latest.cycle.start_ms != start_ms:
            if latest.cycle.start_ms > start_ms:
                self._set(self.past, (account_id, start_ms), standing)
                return
            self._set(self.past, (account_id, latest.cycle.start_ms), latest)
        self._undo.append((self.latest, account_id, latest))
        self.latest[account_id] = standing

    def add_entry(self, entry: Entry) -> None:
        if not -LARGEST <= entry.amount <= LARGEST:
            raise ValueError(f"{entry} is too large to be kept")
        self._entries.append(entry)

    def enter(
        self,
        kind: EntryKind,
        account_id: str,
        cycle_start_ms: int,
        amount: int,
        at_ms: int,
        hold_id: int | None = None,
        held: int = 0,
    ) -> Standing:
        latest = self.latest.get(account_id)
        standing = latest
        if standing is None or standing.cycle.start_ms != cycle_start_ms:
            standing = self.past.get((account_id, cycle_start_ms))
            if standing is None:
                raise LookupError(f"{account_id} has no cycle that began at {cycle_start_ms}")
        if kind is EntryKind.HOLD or kind is EntryKind.RELEASE:
            moved = standing.holding(amount)
        elif kind is EntryKind.GRANT:
            moved = standing.adding(amount)
        else:
            moved = standing.settling(held, amount)
        settled = moved.settled
        left = moved.granted - moved.held - settled
        if not (-LARGEST <= amount <= LARGEST and -LARGEST <= settled <= LARGEST and -LARGEST <= left <= LARGEST):
            raise ValueError(f"{amount}, or {moved} that comes of it, is too large to be kept")
        if standing is latest:
            self._undo.append((self.latest, account_id, latest))
            self.latest[account_id] = moved
        else:
            self._set(self.past, (account_id, cycle_start_ms), moved)
        self._entries.append(_new(Entry, (kind, account_id, cycle_start_ms, amount, at_ms, hold_id, held)))
        return moved

    def add_hold(self, exchange_id: str, upstream: str, model: str, at_ms: int, shares: tuple[HeldShare, ...]) -> Hold:
        hold_id = next(self._hold_ids)
        if not (exchange_id.isascii() and upstream.isascii() and model.isascii()):
            exchange_id, upstream, model = _storable(exchange_id), _storable(upstream), _storable(model)
        hold = Hold(hold_id, exchange_id, upstream, model, at_ms, HoldState.OPEN, shares)
        self._undo.append((self.holds, hold_id, None))
        self.holds[hold_id] = hold
        return hold

    def hold(self, hold_id: int) -> Hold | None:
        return self.holds.get(hold_id)

    def open_holds(self) -> tuple[Hold, ...]:
        return tuple(hold for _, hold in sorted(self.holds.items()))

    def end_hold(self, hold_id: int, state: HoldState) -> Hold:
        hold = self.holds.get(hold_id)
        if hold is None:
            raise HoldEnded(f"hold {hold_id} has ended already")
        check_transition(hold.state, state)
        self._undo.append((self.holds, hold_id, hold))
        if state is HoldState.IN_DOUBT:
            self.holds[hold_id] = replace(hold, state=state)
        else:
            del self.holds[hold_id]
        return hold

    def add_record(self, record: UsageRecord, paid: tuple[Share, ...] = ()) -> None:
        self._records.append((_storable_record(record), paid))

    def add_grant(self, grant: Grant) -> Grant:
        kept = replace(grant, id=next(self._grant_ids), note=_storable(grant.note), by=_storable(grant.by))
        self.put_grant(kept)
        return kept

    def open_grants(self) -> tuple[Grant, ...]:
        return tuple(grant for _, grant in sorted(self.grants.items())) if self.grants else ()

    def put_grant(self, grant: Grant) -> None:
        if not -LARGEST <= grant.amount <= LARGEST:
            raise ValueError(f"{grant} is too large to be kept")
        self._grants.append(grant)
        if grant.is_open:
            self._set(self.grants, grant.id, grant)
        elif grant.id in self.grants:
            self._remove(self.grants, grant.id)

    def client_keys(self) -> tuple[ClientKey, ...]:
        return tuple(key for _, key in sorted(self.issued.items()))

    def put_key(self, key: ClientKey) -> None:
        self._set(self.issued, key.name, key)

    def remove_key(self, name: str) -> None:
        self._remove(self.issued, name)

    def fact(self, name: str) -> str | None:
        return self.facts.get(name)

    def put_fact(self, name: str, text: str | None) -> None:
        if text is None:
            self._remove(self.facts, name)
        else:
            self._set(self.facts, name, text)

    def _set(self, mapping: dict[Any, Any], key: object, value: object) -> None:
        self._undo.append((mapping, key, mapping.get(key)))
        mapping[key] = value

    def _remove(self, mapping: dict[Any, Any], key: object) -> None:
        self._undo.append((mapping, key, mapping.pop(key, None)))


def _roll_back(undo: list[_Undo]) -> None:
    for mapping, key, old in reversed(undo):
        if old is None:
            mapping.pop(key, None)
        else:
            mapping[key] = old


def _storable(text: str) -> str:
    """The text, with a question mark for each half of a character: no back end takes those, and clients send them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _storable_record(record: UsageRecord) -> UsageRecord:
    figures = (
        record.at_ms,
        record.status,
        record.cost_nano,
        record.prompt_counted,
        record.completion_counted,
        record.first_ms or 0,
        record.total_ms,
        *_figures_of(record.usage),
    )
    if max(figures) > LARGEST or min(figures) < -LARGEST:
        raise ValueError(f"{record} is too large to be kept")
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
