"""Usage: the tokens and requests that a call used, and how surely we know."""

from dataclasses import dataclass, replace
from enum import StrEnum

from bursar.domain.quick import quick


class Quality(StrEnum):
    """Where a usage comes from, the surest first."""

    REPORTED = "reported"
    """The upstream said so."""
    COUNTED = "counted"
    """We tokenized what was sent and received."""
    ESTIMATED = "estimated"
    """Neither: a bound or a share of one."""


@quick
@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens used, each as a vendor bills it. The part-counts are contained in their totals.

    `cached_tokens`, `cache_write_tokens`, `audio_prompt_tokens`, `image_prompt_tokens` are parts of
    `prompt_tokens`; `reasoning_tokens`, `audio_completion_tokens`, `image_completion_tokens` are parts
    of `completion_tokens`. `cache_write_1h_tokens` are the part of `cache_write_tokens` that is kept
    for an hour, which some vendors bill dearer.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    audio_prompt_tokens: int = 0
    audio_completion_tokens: int = 0
    requests: int = 1
    cache_write_1h_tokens: int = 0
    image_prompt_tokens: int = 0
    image_completion_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def is_whole(self) -> bool:
        """Whether no part of it is told apart."""
        return not (
            self.cached_tokens
            or self.cache_write_tokens
            or self.reasoning_tokens
            or self.audio_prompt_tokens
            or self.audio_completion_tokens
            or self.image_prompt_tokens
            or self.image_completion_tokens
        )

    def with_completion(self, completion_tokens: int) -> "Usage":
        """The same with another completion."""
        return replace(self, completion_tokens=completion_tokens)


NOTHING = Usage(requests=0)
"""No tokens and no request: what a released hold has used."""
