"""Counts by the factor that counting begins with, for tests that are about what is counted and not about factors."""

from bursar.dialects.canonical import PromptParts
from bursar.metering.count import PromptCounter, scaled


def prompt_tokens(counter: PromptCounter, parts: PromptParts, model: str) -> int:
    """A request's prompt."""
    return counter.prompt(parts, model).times(counter.family(model).start.counted)


def text_tokens(counter: PromptCounter, text: str, model: str) -> int:
    """A text that a model writes."""
    family = counter.family(model)
    return scaled(counter.text.count(text, family.encoding), family.start.counted)
