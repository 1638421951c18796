"""Traits: what a model takes of a request and what it refuses, by its family or as its refusals taught us.

Sources of the table: OpenAI, "Models" and "Reasoning models" (parameters not supported); Anthropic, "Models
overview"; Google, "Gemini models"; DeepSeek, "Models & pricing". As of November 2026. What a refusal names is
learned, so a row that is missing costs one round trip.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

NEW_LIMIT, OLD_LIMIT = "max_completion_tokens", "max_tokens"
LIMIT_FIELDS = frozenset({NEW_LIMIT, OLD_LIMIT})

_SAMPLING = frozenset(
    {"temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias"}
)
_EFFORT = frozenset({"reasoning_effort"})
_PARALLEL = frozenset({"parallel_tool_calls"})


@dataclass(frozen=True, slots=True)
class Traits:
    """What one model at one upstream takes.

    `output_limit` is its longest answer in tokens, `limit_field` the only field that may limit an answer
    (empty: either), `refuses` the fields that it does not take, `flat_results` whether the result of a tool
    must be a text and not a list of parts.
    """

    output_limit: int | None = None
    limit_field: str = ""
    refuses: frozenset[str] = frozenset()
    flat_results: bool = False

    def with_more(self, more: "Traits") -> "Traits":
        """These, and what is known beside them, which counts more."""
        return Traits(
            more.output_limit or self.output_limit,
            more.limit_field or self.limit_field,
            self.refuses | more.refuses,
            self.flat_results or more.flat_results,
        )


PLAIN = Traits()
"""A model of which nothing is known: whatever came is sent."""

_FAMILIES: tuple[tuple[str, Traits], ...] = (
    (r"o\d", Traits(100_000, NEW_LIMIT, _SAMPLING | _PARALLEL)),
    (r"gpt-5-chat", Traits(16_384, NEW_LIMIT)),
    (r"gpt-5(?![.\d])", Traits(128_000, NEW_LIMIT, _SAMPLING)),
    (r"gpt-5\.", Traits(128_000, NEW_LIMIT)),
    (r"gpt-[6-9]", Traits(None, NEW_LIMIT)),
    (r"gpt-4o-2024-05-13", Traits(4_096, "", _EFFORT)),
    (r"(chat)?gpt-4o", Traits(16_384, "", _EFFORT)),
    (r"gpt-4\.1", Traits(32_768, "", _EFFORT)),
    (r"gpt-4-(turbo|1106|0125|vision)", Traits(4_096, "", _EFFORT)),
    (r"gpt-4(?![.\d])", Traits(8_192, "", _EFFORT)),
    (r"gpt-3\.5", Traits(4_096, "", _EFFORT)),
    (r"claude-3-(opus|sonnet|haiku)", Traits(4_096, OLD_LIMIT)),
    (r"claude-3[.-]5", Traits(8_192, OLD_LIMIT)),
    (r"claude-3[.-]7", Traits(64_000, OLD_LIMIT)),
    (r"claude-opus-4([.-][01])?($|[-@:])", Traits(32_000, OLD_LIMIT)),
    (r"claude-(sonnet|haiku)-4", Traits(64_000, OLD_LIMIT)),
    (r"claude", Traits(None, OLD_LIMIT)),
    (r"gemini-(1\.5|2\.0)", Traits(8_192, OLD_LIMIT)),
    (r"gemini-2\.5", Traits(65_535, OLD_LIMIT)),
    (r"gemini", Traits(None, OLD_LIMIT)),
    (r"deepseek-chat", Traits(8_192, OLD_LIMIT)),
    (r"deepseek-reasoner", Traits(65_536, OLD_LIMIT)),
    (
        r"(deepseek|mistral|mixtral|codestral|devstral|llama|codellama|qwen|qwq|gemma|phi|grok|command|glm|kimi|granite|minimax)",
        Traits(None, OLD_LIMIT),
    ),
)
_PATTERNS = tuple((re.compile(pattern), traits) for pattern, traits in _FAMILIES)


@lru_cache(4096)
def traits_of(model: str) -> Traits:
    """What is known of a model by the family in its name."""
    name = model.lower().rpartition("/")[2]
    return next((traits for pattern, traits in _PATTERNS if pattern.match(name)), PLAIN)
