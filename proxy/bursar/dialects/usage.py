"""Usage as vendors report it: any of their usage objects in, one Usage out, with what was odd about it.

Sources: OpenAI API reference, "The chat completion object" and "The response object"; Anthropic API
reference, "Messages" and "Prompt caching" (its `input_tokens` leave out what the cache bore); DeepSeek API
documentation, "Context caching"; Gemini API reference, "UsageMetadata"; OpenRouter, "Usage accounting".
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from bursar.domain.usage import Usage

CLAMPED = "usage_clamped"
"""A figure was negative, or a part larger than its whole; it was brought within its bounds."""
UNREADABLE = "usage_unreadable"
"""A figure was no whole number that can be; it was left out."""

_MOST_TOKENS = 10**12
"""More than any call can use, and few enough for 64 bits wherever they are added up."""

_PROMPT = ("prompt_tokens", "input_tokens")
_COMPLETION = ("completion_tokens", "output_tokens")
_PROMPT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_COMPLETION_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")


Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST_TOKENS)]


class _PromptDetails(msgspec.Struct, forbid_unknown_fields=True):
    cached_tokens: Count = 0
    audio_tokens: Count = 0


class _CompletionDetails(msgspec.Struct, forbid_unknown_fields=True):
    reasoning_tokens: Count = 0
    audio_tokens: Count = 0
    accepted_prediction_tokens: Count = 0
    rejected_prediction_tokens: Count = 0


class _OpenAi(msgspec.Struct, forbid_unknown_fields=True):
    """OpenAI's own usage object and nothing beside it, which most are: read at once where there is nothing to doubt."""

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


_NO_PROMPT_DETAILS = _PromptDetails()
_NO_COMPLETION_DETAILS = _CompletionDetails()


def usage_of(obj: object) -> tuple[Usage | None, tuple[str, ...]]:
    """The usage that a decoded usage object states, in tokens, and notes on what was odd. Never raises.

    None where the object states no total: no object, an empty one, one that counts seconds. Booleans,
    fractions and texts in place of counts are left out; what is negative or larger than its whole is
    clamped. A whole Gemini answer may be given too.
    """
    if not isinstance(obj, Mapping):
        return None, () if obj is None else (UNREADABLE,)
    plain = _openai(obj)
    if plain is not None:
        return plain, ()
    inner = obj.get("usageMetadata")
    figures = _Figures(inner if isinstance(inner, Mapping) else obj)
    usage = _gemini(figures) if "promptTokenCount" in figures or "totalTokenCount" in figures else _plain(figures)
    if usage is None:
        return None, figures.notes
    usage, notes = fitted(usage)
    return usage, tuple(dict.fromkeys(figures.notes + notes))


def _openai(obj: Mapping[object, object]) -> Usage | None:
    """The usage of OpenAI's own object, where every figure is as it should be."""
    try:
        stated = msgspec.convert(obj, _OpenAi)
    except msgspec.ValidationError:
        return None
    read = stated.prompt_tokens_details or _NO_PROMPT_DETAILS
    written = stated.completion_tokens_details or _NO_COMPLETION_DETAILS
    usage = Usage(
        prompt_tokens=stated.prompt_tokens,
        completion_tokens=stated.completion_tokens,
        cached_tokens=read.cached_tokens,
        reasoning_tokens=written.reasoning_tokens,
        audio_prompt_tokens=read.audio_tokens,
        audio_completion_tokens=written.audio_tokens,
    )
    return usage if stated.total_tokens == usage.total_tokens and _fits(usage) else None


def _fits(usage: Usage) -> bool:
    """Whether no figure is negative and no part, nor parts together, larger than their whole."""
    cached, cache_write = usage.cached_tokens, usage.cache_write_tokens
    heard, seen = usage.audio_prompt_tokens, usage.image_prompt_tokens
    reasoned, spoken, drawn = usage.reasoning_tokens, usage.audio_completion_tokens, usage.image_completion_tokens
    smallest = min(cached, cache_write, heard, seen, reasoned, spoken, drawn, usage.requests)
    return (
        smallest >= 0
        and cached + cache_write <= usage.prompt_tokens
        and heard + seen <= usage.prompt_tokens
        and reasoned + spoken + drawn <= usage.completion_tokens
        and 0 <= usage.cache_write_1h_tokens <= cache_write
    )


def fitted(usage: Usage) -> tuple[Usage, tuple[str, ...]]:
    """The same with every figure within its bounds, and a note where one was not.

    What the cache gave and took share the prompt, as sound and images do; what the cache gave may
    itself be sound. Reasoning, sound and images share the completion.
    """
    if _fits(usage):
        return usage, ()
    prompt, cached, written = _shares(usage.prompt_tokens, usage.cached_tokens, usage.cache_write_tokens)
    _, heard, seen = _shares(prompt, usage.audio_prompt_tokens, usage.image_prompt_tokens)
    completion, reasoned, spoken, drawn = _shares(
        usage.completion_tokens, usage.reasoning_tokens, usage.audio_completion_tokens, usage.image_completion_tokens
    )
    fitting = Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=reasoned,
        audio_prompt_tokens=heard,
        audio_completion_tokens=spoken,
        requests=max(0, usage.requests),
        cache_write_1h_tokens=max(0, min(usage.cache_write_1h_tokens, written)),
        image_prompt_tokens=seen,
        image_completion_tokens=drawn,
    )
    return fitting, () if fitting == usage else (CLAMPED,)


def _shares(total: int, *parts: int) -> list[int]:
    """The total and its parts, none negative, the parts together no more than the total."""
    shares = [max(0, total)]
    left = shares[0]
    for part in parts:
        share = max(0, min(part, left))
        left -= share
        shares.append(share)
    return shares


class _Figures:
    """A usage object whose counts are read with suspicion."""

    def __init__(self, obj: Mapping[object, object]) -> None:
        self._obj = obj
        self._notes: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._obj

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def most(self, *names: str) -> int | None:
        """The largest of the counts under these names, as relays state some twice and once as 0; None without any."""
        stated = [count for name in names if (count := self._count(self._obj.get(name))) is not None]
        return max(stated, default=None)

    def within(self, groups: tuple[str, ...], *names: str) -> int:
        """The largest of the counts under these names in the objects under these groups, 0 without any."""
        nested = [inner for group in groups if isinstance(inner := self._obj.get(group), Mapping)]
        return max((self._count(inner.get(name)) or 0 for inner in nested for name in names), default=0)

    def listed(self, name: str, modality: str) -> int:
        """Gemini's counts by modality: `[{"modality": "AUDIO", "tokenCount": 7}, …]`."""
        rows = self._obj.get(name)
        return sum(
            self._count(row.get("tokenCount")) or 0
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, Mapping) and row.get("modality") == modality
        )

    def _count(self, value: object) -> int | None:
        if value is None:
            return None
        if type(value) is not int or value > _MOST_TOKENS:
            self._notes[UNREADABLE] = None
            return None
        if value < 0:
            self._notes[CLAMPED] = None
            return 0
        return value


def _plain(figures: _Figures) -> Usage | None:
    """OpenAI chat, OpenAI responses, Anthropic, DeepSeek, and what relays make of them."""
    prompt, completion, total = figures.most(*_PROMPT), figures.most(*_COMPLETION), figures.most("total_tokens")
    if prompt is None and completion is None:
        return None if total is None else Usage(prompt_tokens=total)
    prompt, completion = prompt or 0, completion or 0
    read = figures.most("cache_read_input_tokens") or 0
    written = figures.most("cache_creation_input_tokens") or 0
    if "input_tokens" in figures and "prompt_tokens" not in figures:
        # Anthropic's own form: what came from the cache or went into it is not in `input_tokens`.
        prompt += read + written
    reasoning = figures.within(_COMPLETION_DETAILS, "reasoning_tokens", "thinking_tokens")
    reasoning = reasoning or figures.most("reasoning_tokens") or 0
    if reasoning and total == prompt + completion + reasoning:
        # Some vendors count reasoning beside the completion; the total tells them apart.
        completion += reasoning
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=(
            figures.within(_PROMPT_DETAILS, "cached_tokens")
            or read
            or figures.most("prompt_cache_hit_tokens", "cached_tokens")
            or 0
        ),
        cache_write_tokens=figures.within(_PROMPT_DETAILS, "cache_write_tokens", "cache_creation_tokens") or written,
        reasoning_tokens=reasoning,
        audio_prompt_tokens=figures.within(_PROMPT_DETAILS, "audio_tokens"),
        audio_completion_tokens=figures.within(_COMPLETION_DETAILS, "audio_tokens"),
        cache_write_1h_tokens=figures.within(("cache_creation",), "ephemeral_1h_input_tokens"),
        image_prompt_tokens=figures.within(_PROMPT_DETAILS, "image_tokens"),
        image_completion_tokens=figures.within(_COMPLETION_DETAILS, "image_tokens"),
    )


def _gemini(figures: _Figures) -> Usage:
    """Gemini counts thoughts beside the answer, and the results of its tools beside the prompt."""
    thoughts = figures.most("thoughtsTokenCount") or 0
    prompt = (figures.most("promptTokenCount") or 0) + (figures.most("toolUsePromptTokenCount") or 0)
    answer = (figures.most("candidatesTokenCount") or 0) + thoughts
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=answer or max(0, (figures.most("totalTokenCount") or 0) - prompt),
        cached_tokens=figures.most("cachedContentTokenCount") or 0,
        reasoning_tokens=thoughts,
        audio_prompt_tokens=figures.listed("promptTokensDetails", "AUDIO"),
        audio_completion_tokens=figures.listed("candidatesTokensDetails", "AUDIO"),
        image_prompt_tokens=figures.listed("promptTokensDetails", "IMAGE"),
        image_completion_tokens=figures.listed("candidatesTokensDetails", "IMAGE"),
    )
