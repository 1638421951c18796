"""Meter: watches an answer, and says what has been used so far and how surely."""

from bursar.dialects.canonical import Heard
from bursar.dialects.usage import fitted
from bursar.domain.calibration import Factor
from bursar.domain.usage import Quality, Usage
from bursar.metering.count import PromptCounter, scaled
from bursar.metering.tally import LONGEST_AT_ONCE, Tally
from bursar.tokens.text import bytes_as_tokens

ABSURD = "usage_absurd"
"""The upstream reported more than anyone could believe; our own count stands in its place."""
INCOMPLETE = "usage_incomplete"
"""The upstream reported nothing of a side that was used; our own count stands in its place."""
CUT_COUNTED = "cut_counted"
"""The answer was cut before its usage came: our own count, a tenth more, and one chunk more."""

_BELIEVED_TIMES = 100
_BELIEVED_BEYOND = 100_000
_CUT_FACTOR = 1_100


class Meter:
    """Watches one answer. `prompt_counted` is our count of the prompt, `model` the route's name of the model,
    `factor` what is on our count of the answer; without it, what counting begins with.

    What the upstream reports wins over what we count, and its last report over its earlier ones; nothing
    is ever added up. A side (prompt, completion) that a report leaves at 0 keeps what was known of it.
    """

    def __init__(self, prompt_counted: int, counter: PromptCounter, model: str, factor: Factor | None = None) -> None:
        family = counter.family(model)
        self._factor = factor or family.start
        self._prompt_counted = prompt_counted
        self._answer = Tally(counter.text, family.encoding)
        self._reasoning = Tally(counter.text, family.encoding)
        self._notes: dict[str, None] = {}
        self._reported: Usage | None = None
        self._undoubted = False
        self._said_since = False
        self._reasoned = False
        self._longest_chunk = 0
        self._slack = self._answer.slack
        self._running = 0
        self._heard = False
        self.tier: str | None = None
        """The service tier that the upstream says it has answered by, once it has."""

    def prompt_is(self, tokens: int) -> None:
        """Our count of the prompt, where it was a guess before."""
        self._prompt_counted = tokens

    def hear(self, heard: Heard) -> bool:
        """Takes one event of an answer, or a whole one; whether `completion_tokens` or `owed` may be others now."""
        changed = False
        text = heard.text
        if text:
            changed = self._take(text, heard.reasoning)
        if heard.usage is not None:
            self._report(heard.usage)
            changed = True
        if heard.tier is not None:
            self.tier = heard.tier
        if heard.notes:
            self._notes.update(dict.fromkeys(heard.notes))
        if not self._heard and heard.error is None and heard.finish_reason != "error":
            self._heard = bool(text or heard.choices) or heard.usage is not None
        return changed

    def gathers(self, length: int) -> bool:
        """Whether so many more characters leave `completion_tokens` and `owed` as they are."""
        return length < self._slack

    @property
    def heard(self) -> bool:
        """Whether anything of an answer has come; an error is none."""
        return self._heard

    @property
    def reported(self) -> bool:
        """Whether the upstream has said what was used."""
        return self._reported is not None

    @property
    def completion_tokens(self) -> int:
        """The completion so far, on the high side, to be compared with what is held: costs nothing and never falls.

        Short of the exact figure by one batch of text at most (256 characters, 1,024 without words).
        """
        return self._running

    @property
    def owed(self) -> int:
        """Characters that came in one long piece and are counted by the next exact figure: where there are
        any, ask for that in a thread."""
        return self._answer.owed + self._reasoning.owed if self._longest_chunk > LONGEST_AT_ONCE else 0

    def exact(self) -> int:
        """The completion so far, in tokens, by our own count to the last letter."""
        return scaled(self.written(), self._factor.counted)

    def to_be_held(self) -> int:
        """The same on the high side: what is to be held for it."""
        return scaled(self.written(), self._factor.held)

    def written(self) -> int:
        """The completion so far in tokens of ours, to the last letter, before any factor."""
        written = self._answer.exact() + self._thought()
        self._running = max(self._running, scaled(written, self._factor.held))
        return written

    @property
    def reasoned(self) -> bool:
        """Whether any reasoning was seen: of what is charged for that, a part may be hidden."""
        return self._thought() > 0

    @property
    def counted(self) -> Usage:
        """What was used by our own count."""
        return Usage(
            prompt_tokens=self._prompt_counted,
            completion_tokens=self.exact(),
            reasoning_tokens=scaled(self._thought(), self._factor.counted),
        )

    @property
    def usage(self) -> Usage:
        """What was used, to the best of our knowledge now."""
        reported = self._reported
        if reported is None:
            return self.counted
        if self._undoubted and not self._said_since:
            return reported
        if self._doubts_prompt(reported):
            reported = _sides(Usage(prompt_tokens=self._prompt_counted), reported)
        if self._doubts_completion(reported):
            return _sides(reported, self.counted)
        if self._said_since:
            return reported.with_completion(max(reported.completion_tokens, self.exact()))
        return reported

    @property
    def quality(self) -> Quality:
        """How surely `usage` is known: reported where the upstream stated both sides, and said nothing after."""
        reported = self._reported
        if reported is None or self._said_since:
            return Quality.COUNTED
        if self._undoubted or not (self._doubts_prompt(reported) or self._doubts_completion(reported)):
            return Quality.REPORTED
        return Quality.COUNTED

    @property
    def notes(self) -> tuple[str, ...]:
        """Short marks of what was unusual."""
        notes = self._notes
        if self._reported is not None and not self._undoubted:
            notes = dict(notes)
            doubts = self._doubts_prompt(self._reported), self._doubts_completion(self._reported)
            notes.update(dict.fromkeys(doubt for doubt in doubts if doubt))
        return tuple(notes)

    def bill(self, after_cut: bool) -> tuple[Usage, Quality]:
        """What to settle, and its quality. `after_cut` says that the answer did not come to its proper end.

        After a cut the upstream may have written more than came. Unless it has stated the usage since,
        our count is raised by a tenth and one chunk; the prompt is charged whole.
        """
        usage = self.usage
        if not after_cut or not self._heard or (self._reported is not None and not self._said_since):
            return usage, self.quality
        self._notes[CUT_COUNTED] = None
        chunk = max(1, scaled(bytes_as_tokens(self._longest_chunk), self._factor.counted))
        completion = scaled(self.exact(), _CUT_FACTOR) + chunk
        return usage.with_completion(max(usage.completion_tokens, completion)), Quality.COUNTED

    def _take(self, text: str, reasoning: str) -> bool:
        self._said_since = True
        length = len(text)
        self._slack -= length
        if length > self._longest_chunk:
            self._longest_chunk = length
        if reasoning:
            self._reasoned = True
            changed = self._reasoning.add(reasoning)
            if len(text) > len(reasoning):
                changed = self._answer.add(text.replace(reasoning, "", 1)) or changed
        else:
            changed = self._answer.add(text)
        if changed:
            so_far = scaled(self._answer.so_far + self._reasoning.so_far, self._factor.held)
            self._running = max(self._running, so_far)
        if self._slack <= 0:
            self._slack = min(self._answer.slack, self._reasoning.slack)
        return changed

    def _report(self, usage: Usage) -> None:
        usage, odd = fitted(usage)
        self._notes.update(dict.fromkeys(odd))
        earlier = self._reported
        if earlier is not None:
            usage = _sides(usage if usage.prompt_tokens else earlier, usage if usage.completion_tokens else earlier)
        self._reported = usage
        self._said_since = False
        # What lies within these is believed whatever we count: most reports are doubted by nobody ever.
        prompt, completion = usage.prompt_tokens, usage.completion_tokens
        self._undoubted = 0 < prompt <= _BELIEVED_BEYOND and 0 < completion <= _BELIEVED_BEYOND
        if not self._doubts_completion(usage):
            self._running = max(self._running, usage.completion_tokens)

    def _thought(self) -> int:
        """The reasoning so far in tokens of ours, to the last letter."""
        return self._reasoning.exact() if self._reasoned else 0

    def _doubts_prompt(self, reported: Usage) -> str:
        """Why the reported prompt is not believed; empty where it is."""
        stated, counted = reported.prompt_tokens, self._prompt_counted
        if stated == 0 < counted:
            return INCOMPLETE
        return ABSURD if stated > _BELIEVED_BEYOND + _BELIEVED_TIMES * counted else ""

    def _doubts_completion(self, reported: Usage) -> str:
        """Why the reported completion is not believed; empty where it is. Counts only where it must."""
        stated = reported.completion_tokens
        if stated == 0 < self._longest_chunk:
            return INCOMPLETE
        if stated <= _BELIEVED_BEYOND:
            return ""
        return ABSURD if stated > _BELIEVED_BEYOND + _BELIEVED_TIMES * self.exact() else ""


def _sides(prompt: Usage, completion: Usage) -> Usage:
    """The prompt of one usage and the completion of another."""
    return Usage(
        prompt_tokens=prompt.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        cached_tokens=prompt.cached_tokens,
        cache_write_tokens=prompt.cache_write_tokens,
        reasoning_tokens=completion.reasoning_tokens,
        audio_prompt_tokens=prompt.audio_prompt_tokens,
        audio_completion_tokens=completion.audio_completion_tokens,
        cache_write_1h_tokens=prompt.cache_write_1h_tokens,
        image_prompt_tokens=prompt.image_prompt_tokens,
        image_completion_tokens=completion.image_completion_tokens,
    )
