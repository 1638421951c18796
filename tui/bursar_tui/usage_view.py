"""UsageView: which stretches of time are looked at, under which heading, and what was asked and answered of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from bursar.contract.commands import SpendReport, SpendRow
from bursar.contract.snapshot import Snapshot, Spend
from bursar.domain.cycle import Cycle, Every, cycle_at, label_of
from bursar_tui.words import SECOND_MS, balance, counted, tokens

HEADINGS = ("model", "key", "project", "upstream", "client", "alias")
COUNTS = {Every.DAY: 30, Every.WEEK: 26, Every.MONTH: 12}
"""How many bars there are; as many again lie before them, to compare with."""

NONE = SpendRow("", 0, 0, 0, 0, 0, 0)


class Measured(StrEnum):
    """What the bars are as high as."""

    SPEND = "spend"
    TOKENS = "tokens"
    CALLS = "calls"

    def of(self, row: SpendRow) -> int:
        """How much of it there is in a sum."""
        match self:
            case Measured.SPEND:
                return row.cost_nano
            case Measured.TOKENS:
                return row.prompt_tokens + row.completion_tokens
            case Measured.CALLS:
                return row.requests

    def words(self, amount: int) -> str:
        """An amount of it, in few columns."""
        match self:
            case Measured.SPEND:
                return balance(amount)
            case Measured.TOKENS:
                return tokens(amount)
            case Measured.CALLS:
                return f"{amount:,}"

    def counted(self, amount: int) -> str:
        """An amount with its noun."""
        return (
            counted(amount, "call")
            if self is Measured.CALLS
            else f"{self.words(amount)} {'tokens' * (self is Measured.TOKENS)}"
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One question in three: the stretches, and under a heading the stretch that is looked at and the one before it."""

    every: Every
    by: str
    only: str | None
    since_ms: int
    chosen: tuple[int, int]
    before: tuple[int, int]
    until_ms: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it, and what the days came to at that moment, so that what is settled since can be added."""

    asked: Asked
    times: SpendReport
    groups: SpendReport
    groups_before: SpendReport
    days: Spend


def days_sum(snapshot: Snapshot) -> Spend:
    """What all days in view come to."""
    days = snapshot.days
    return Spend(0, 0, *(sum(getattr(day, name) for day in days) for name in ("cost_nano", "tokens", "requests")))


def cycles(every: Every, now_ms: int, count: int, zone: tzinfo) -> list[Cycle]:
    """The last so many, the present one at the end."""
    found: list[Cycle] = []
    at_ms = now_ms
    for _ in range(count):
        found.append(cycle_at(every, at_ms, zone))
        at_ms = found[-1].start_ms - 1
    return found[::-1]


class UsageView:
    """What a screen looks at. `chosen` is a bar counted from the newest (0), or None for all of them together."""

    def __init__(self) -> None:
        self.every = Every.DAY
        self.by = HEADINGS[0]
        self.measured = Measured.SPEND
        self.chosen: int | None = 0
        self.only: str | None = None
        self.answered: Answered | None = None

    @property
    def count(self) -> int:
        """How many bars there are."""
        return COUNTS[self.every]

    def cycles(self, now_ms: int, zone: tzinfo) -> list[Cycle]:
        """Those of the bars and those before, the present one at the end."""
        return cycles(self.every, now_ms, 2 * self.count, zone)

    def asked(self, now_ms: int, zone: tzinfo) -> Asked:
        """What there is to ask for what is looked at."""
        each = self.cycles(now_ms, zone)
        starts = [cycle.start_ms for cycle in each]
        end_ms = each[-1].end_ms or now_ms
        if self.chosen is None:
            chosen, before = (starts[self.count], end_ms), (starts[0], starts[self.count])
        else:
            place = len(each) - 1 - self.chosen
            chosen = (starts[place], each[place].end_ms or end_ms)
            before = (starts[place - 1], starts[place])
        return Asked(self.every, self.by, self.only, starts[0], chosen, before, end_ms)

    @property
    def is_answered(self) -> bool:
        """Whether the proxy has told of these stretches: its state knows days alone, and their tokens in one sum."""
        answered = self.answered
        return answered is not None and (answered.asked.every, answered.asked.only) == (self.every, self.only)

    def rows(self, snapshot: Snapshot, now_ms: int, zone: tzinfo) -> list[SpendRow]:
        """The sum of each stretch, those before the bars included; what was settled since the answer is in the last."""
        each = self.cycles(now_ms, zone)
        labels = [label_of(self.every, cycle.start_ms, zone) for cycle in each]
        answered = self.answered
        if answered is None or not self.is_answered:
            return self._days(snapshot, each, labels)
        found = {row.label: row for row in answered.times.rows}
        rows = [found.get(label, SpendRow(label, 0, 0, 0, 0, 0, 0)) for label in labels]
        if self.only is None:
            now = days_sum(snapshot)
            rows[-1] = _added(rows[-1], now, answered.days)
        return rows

    def _days(self, snapshot: Snapshot, each: Sequence[Cycle], labels: Sequence[str]) -> list[SpendRow]:
        """Before there is an answer: what the state itself says of the last days."""
        known = {day.start_ms: day for day in snapshot.days} if self.every is Every.DAY and self.only is None else {}
        rows = []
        for cycle, label in zip(each, labels, strict=True):
            day = known.get(cycle.start_ms)
            rows.append(
                SpendRow(label, day.requests, day.tokens, 0, 0, 0, day.cost_nano) if day else SpendRow(label, *[0] * 6)
            )
        return rows

    def groups(self) -> tuple[list[SpendRow], dict[str, SpendRow]]:
        """What is looked at under its heading, the most first, and the same of the stretch before."""
        answered = self.answered
        if answered is None or (answered.asked.by, answered.asked.every) != (self.by, self.every):
            return [], {}
        rows = sorted(answered.groups.rows, key=lambda row: (-self.measured.of(row), row.label))
        return rows, {row.label: row for row in answered.groups_before.rows}

    def turn_heading(self, step: int) -> None:
        """To the next heading, or the one before."""
        self.by = HEADINGS[(HEADINGS.index(self.by) + step) % len(HEADINGS)]

    def turn_measured(self) -> None:
        """From spend to tokens to calls and back."""
        each = list(Measured)
        self.measured = each[(each.index(self.measured) + 1) % len(each)]

    def take_time(self, every: Every) -> None:
        """Days, weeks or months; the newest of them."""
        if every is not self.every:
            self.every, self.chosen = every, 0

    def move(self, step: int) -> None:
        """To an older bar (1) or a newer one (-1)."""
        self.chosen = max(0, min(self.count - 1, (self.chosen if self.chosen is not None else -1) + step))


def added(rows: Sequence[SpendRow]) -> SpendRow:
    """The sum of rows."""
    if not rows:
        return NONE
    each = [
        (r.requests, r.prompt_tokens, r.cached_tokens, r.completion_tokens, r.reasoning_tokens, r.cost_nano)
        for r in rows
    ]
    return SpendRow("", *map(sum, zip(*each, strict=True)))


def _added(row: SpendRow, now: Spend, then: Spend) -> SpendRow:
    """A row with what was settled since; a day that has left the state since takes nothing away."""
    return SpendRow(
        row.label,
        row.requests + max(0, now.requests - then.requests),
        row.prompt_tokens + max(0, now.tokens - then.tokens),
        row.cached_tokens,
        row.completion_tokens,
        row.reasoning_tokens,
        row.cost_nano + max(0, now.cost_nano - then.cost_nano),
    )


def name_of(every: Every, start_ms: int, zone: tzinfo, *, short: bool = False) -> str:
    """A stretch as people name it: `Fri 20 Nov`, `week of 16 Nov`, `November 2026`; short below a bar."""
    at = datetime.fromtimestamp(start_ms / SECOND_MS, zone)
    if every is Every.MONTH:
        return f"{at:%b}" if short else f"{at:%B %Y}"
    day = f"{at.day} {at:%b}"
    if short:
        return day
    return f"{at:%a} {day}" if every is Every.DAY else f"week of {day}"
