"""Calibrations: for each model family at an upstream, what one token of ours is there, learned from what it reports.

A calibration is learned from pairs: what we counted of a call, and what the upstream then said that it had used.
What a count is used for decides how it is corrected (`domain/calibration.py`):

- *Held before sending*, prompt and growing answer: by `held`, since what is charged in the end is what the upstream
  reports. Until it is learned it is on the high side of a guess; then it covers 39 of 40 calls, and is never below the
  count that was begun with: so no report, true or not, brings a hold below that.
- *Settled*, where an upstream reports nothing (clients that left, answers that broke off, vendors that never say):
  by `counted`, up or down, as it is neither to spend more than there is nor to charge what nobody was charged.
- *Shown*, by the dry run, `explain` and while a call runs: by `counted` too.
- *Refused* for its length: by `least`, which errs on the other side. Learning never makes that refusal likelier.

The upstream is part of what is learned, since what counts is what is charged there: a relay may count by a vocabulary
of its own, or answer by another model than it says; and whoever reports nonsense gets his own calls held and counted
by that, within bounds, and nobody else's.

Prompts and answers are learned apart. The same vocabulary reads and writes, but a prompt is surrounded by what the
vendor adds to it (its words for tools, a prompt of its own), and an answer is not. Of answers only those are taken
whose every token we saw: none that had reasoning, which is charged and mostly hidden.

The figures are order statistics of the last pairs: the median, and what leaves one in forty on either side, which is
also the error that is shown. So a few nonsensical reports move nothing, the order of the pairs that are kept means
nothing, and a vendor that changes its vocabulary is followed. All in whole numbers.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from bursar.domain.calibration import ONE, Calibration, Factor, beginning
from bursar.domain.usage import Usage
from bursar.metering.count import Prompt
from bursar.metering.families import Family

LEAST_PAIRS = 20
"""Fewer correct nothing: with twenty, the extremes are what nineteen of twenty calls lie within."""
KEPT_PAIRS = 200
"""Of each side of a family; older ones give way."""
LEAST_TOKENS = 200
"""Shorter texts teach nothing: what stands around every call would weigh more than its vocabulary."""
LEAST, MOST = 600, 4_000
"""What is believed, in thousandths. Vocabularies in use need from 0.8 times as many tokens as ours (their own
language) to three times (scripts they hardly know); beyond, something else was reported than the tokens of the text:
0, ten times as many, or what the cache left."""
MOST_FAMILIES = 100
"""Names of models come from clients, so what is kept of them has a bound: those give way that were silent longest."""

_GRAIN = ONE // LEAST_TOKENS + 1
"""What no factor is known better than, in thousandths: a token of the shortest text, since vendors report whole ones,
and our own rounding."""
_OUTSIDE = 40
_HALF = 2


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is kept of a family at an upstream: for each pair the reported tokens for one of ours, in thousandths.

    The oldest first. `start` is the factor that counting begins with, `held` the one by which prompts are then held.
    """

    upstream: str
    family: str
    start: int
    held: int
    prompt: tuple[int, ...] = ()
    answer: tuple[int, ...] = ()
    left_out: int = 0


class Calibrations:
    """Kept in memory, beside every configuration. Belongs to the event loop's thread."""

    def __init__(self, kept: Iterable[Pairs] = ()) -> None:
        self._families: dict[tuple[str, str], _Learned] = {}
        self._fresh: dict[tuple[str, str], None] = {}
        for pairs in kept:
            self._families[pairs.upstream, pairs.family] = _Learned(pairs)

    def of(self, upstream: str, family: Family) -> Calibration:
        """How a family is counted at an upstream now."""
        learned = self._families.get((upstream, family.name))
        if learned is None:
            return Calibration(upstream, family.name, family.prompt_start, family.start)
        return learned.calibration(family)

    def learn(self, upstream: str, family: Family, prompt: Prompt | None, answer: int | None, usage: Usage) -> None:
        """Take what an upstream reported beside our count of the same, before any factor.

        `prompt` is None where it was not counted exactly, `answer` where not all of it was seen. Media are counted
        by a rule that says nothing of a vocabulary, so a prompt with any teaches nothing.
        """
        if prompt is not None and (prompt.media or prompt.text < LEAST_TOKENS):
            prompt = None
        if answer is not None and (answer < LEAST_TOKENS or _has_unseen(usage)):
            answer = None
        if prompt is None and answer is None:
            return
        key = upstream, family.name
        # The one that learned last comes last.
        learned = self._families.pop(key, None)
        if learned is None:
            learned = _Learned(Pairs(upstream, family.name, family.start.counted, family.prompt_start.held))
        self._families[key] = learned
        if prompt is not None:
            learned.take(learned.prompt, usage.prompt_tokens, prompt.text)
        if answer is not None:
            learned.take(learned.answer, usage.completion_tokens, answer)
        self._fresh[key] = None
        if len(self._families) > MOST_FAMILIES:
            oldest = next(iter(self._families))
            del self._families[oldest]
            self._fresh.pop(oldest, None)

    def all(self) -> tuple[Calibration, ...]:
        """All that anything was learned of."""
        return tuple(each.calibration(None) for each in self._families.values())

    def take_fresh(self) -> tuple[Calibration, ...]:
        """Those that have changed since this was last asked."""
        fresh, self._fresh = self._fresh, {}
        return tuple(self._families[key].calibration(None) for key in fresh)

    def pairs(self) -> tuple[Pairs, ...]:
        """All that is known, to be kept."""
        return tuple(each.pairs() for each in self._families.values())


def _has_unseen(usage: Usage) -> bool:
    """Whether tokens of an answer were not in its text."""
    return bool(usage.reasoning_tokens or usage.audio_completion_tokens or usage.image_completion_tokens)


class _Learned:
    """What was learned of one family at one upstream."""

    __slots__ = ("_is_known", "_known", "_left_out", "_starts", "answer", "family", "prompt", "upstream")

    def __init__(self, pairs: Pairs) -> None:
        self.upstream = pairs.upstream
        self.family = pairs.family
        self.prompt = _Ratios(pairs.prompt)
        self.answer = _Ratios(pairs.answer)
        self._left_out = pairs.left_out
        self._starts = beginning(pairs.start, pairs.held), beginning(pairs.start)
        self._known = Calibration(self.upstream, self.family, *self._starts)
        self._is_known = False

    def take(self, side: "_Ratios", reported: int, counted: int) -> None:
        """One pair, unless it is not to be believed."""
        ratio = -(-reported * ONE // counted)
        if LEAST <= ratio <= MOST:
            side.add(ratio)
        else:
            self._left_out += 1
        self._is_known = False

    def calibration(self, family: Family | None) -> Calibration:
        """What it comes to, with what the family begins with where that is known."""
        if family is not None and (family.prompt_start, family.start) != self._starts:
            self._starts, self._is_known = (family.prompt_start, family.start), False
        if not self._is_known:
            known, (begun_prompt, begun_answer) = self._known, self._starts
            prompt, answer = self.prompt.factor(begun_prompt), self.answer.factor(begun_answer)
            if prompt is not known.prompt or answer is not known.answer or self._left_out != known.left_out:
                self._known = Calibration(self.upstream, self.family, prompt, answer, self._left_out)
            self._is_known = True
        return self._known

    def pairs(self) -> Pairs:
        """All of it, to be kept."""
        start, _ = self._starts
        prompt, answer = tuple(self.prompt.latest), tuple(self.answer.latest)
        return Pairs(self.upstream, self.family, start.counted, start.held, prompt, answer, self._left_out)


class _Ratios:
    """The last ratios of one side, as they came and in their order."""

    __slots__ = ("_figures", "_known", "_sorted", "latest")

    def __init__(self, kept: Iterable[int] = ()) -> None:
        self.latest = deque((each for each in kept if LEAST <= each <= MOST), KEPT_PAIRS)
        self._sorted = sorted(self.latest)
        self._figures: tuple[Factor, int, int, int, int] | None = None
        self._known: Factor | None = None

    def add(self, ratio: int) -> None:
        """One more, for which the oldest gives way."""
        if len(self.latest) == KEPT_PAIRS:
            del self._sorted[bisect_left(self._sorted, self.latest[0])]
        self.latest.append(ratio)
        insort(self._sorted, ratio)

    def factor(self, start: Factor) -> Factor:
        """What they come to: the same object as before where that has not changed, which is so after most calls."""
        count = len(self._sorted)
        if count < LEAST_PAIRS:
            return Factor(start.counted, start.held, start.least, calls=count)
        outside = count // _OUTSIDE
        figures = start, count, self._sorted[outside], self._sorted[count // _HALF], self._sorted[count - 1 - outside]
        if self._known is None or figures != self._figures:
            self._figures, self._known = figures, _from(*figures)
        return self._known


def _from(start: Factor, count: int, low: int, median: int, high: int) -> Factor:
    error = -(-(max(median - low, high - median) + _GRAIN) * ONE // median)
    return Factor(median, max(start.counted, high), min(ONE, low - _GRAIN), error, count)
