"""Usage objects of every vendor's form, and what they look like when they are wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects.usage import CLAMPED, UNREADABLE, fitted, usage_of
from bursar.domain.usage import Usage


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param(
            {
                "prompt_tokens": 120,
                "completion_tokens": 40,
                "total_tokens": 160,
                "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 8},
                "completion_tokens_details": {
                    "reasoning_tokens": 20,
                    "audio_tokens": 4,
                    "accepted_prediction_tokens": 0,
                    "rejected_prediction_tokens": 0,
                },
            },
            Usage(
                prompt_tokens=120,
                completion_tokens=40,
                cached_tokens=64,
                audio_prompt_tokens=8,
                reasoning_tokens=20,
                audio_completion_tokens=4,
            ),
            id="openai chat",
        ),
        pytest.param(
            {
                "input_tokens": 75,
                "input_tokens_details": {"cached_tokens": 32},
                "output_tokens": 1186,
                "output_tokens_details": {"reasoning_tokens": 1024},
                "total_tokens": 1261,
            },
            Usage(prompt_tokens=75, completion_tokens=1186, cached_tokens=32, reasoning_tokens=1024),
            id="openai responses",
        ),
        pytest.param(
            {
                "input_tokens": 50,
                "output_tokens": 60,
                "cache_read_input_tokens": 1000,
                "cache_creation_input_tokens": 200,
                "cache_creation": {"ephemeral_5m_input_tokens": 150, "ephemeral_1h_input_tokens": 50},
                "service_tier": "standard",
            },
            Usage(
                prompt_tokens=1250,
                completion_tokens=60,
                cached_tokens=1000,
                cache_write_tokens=200,
                cache_write_1h_tokens=50,
            ),
            id="anthropic: what the cache bore is put back into the prompt",
        ),
        pytest.param(
            {"output_tokens": 15}, Usage(completion_tokens=15), id="anthropic's last event states the output alone"
        ),
        pytest.param(
            {
                "prompt_tokens": 1250,
                "completion_tokens": 60,
                "cache_read_input_tokens": 1000,
                "cache_creation_input_tokens": 200,
            },
            Usage(prompt_tokens=1250, completion_tokens=60, cached_tokens=1000, cache_write_tokens=200),
            id="a relay's mixture: its prompt is whole already",
        ),
        pytest.param(
            {
                "prompt_tokens": 100,
                "completion_tokens": 10,
                "prompt_cache_hit_tokens": 70,
                "prompt_cache_miss_tokens": 30,
            },
            Usage(prompt_tokens=100, completion_tokens=10, cached_tokens=70),
            id="deepseek",
        ),
        pytest.param(
            {
                "prompt_tokens": 32,
                "completion_tokens": 9,
                "total_tokens": 135,
                "completion_tokens_details": {"reasoning_tokens": 94},
            },
            Usage(prompt_tokens=32, completion_tokens=103, reasoning_tokens=94),
            id="reasoning counted beside the completion",
        ),
        pytest.param(
            {
                "candidates": [],
                "usageMetadata": {
                    "promptTokenCount": 300,
                    "toolUsePromptTokenCount": 20,
                    "candidatesTokenCount": 50,
                    "thoughtsTokenCount": 70,
                    "cachedContentTokenCount": 128,
                    "totalTokenCount": 440,
                    "promptTokensDetails": [
                        {"modality": "TEXT", "tokenCount": 100},
                        {"modality": "IMAGE", "tokenCount": 150},
                        {"modality": "AUDIO", "tokenCount": 50},
                    ],
                    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 40}],
                },
            },
            Usage(
                prompt_tokens=320,
                completion_tokens=120,
                cached_tokens=128,
                reasoning_tokens=70,
                audio_prompt_tokens=50,
                image_prompt_tokens=150,
                image_completion_tokens=40,
            ),
            id="gemini",
        ),
        pytest.param(
            {"promptTokenCount": 7, "totalTokenCount": 19},
            Usage(prompt_tokens=7, completion_tokens=12),
            id="gemini without its parts",
        ),
        pytest.param(
            {
                "input_tokens": 50,
                "output_tokens": 4160,
                "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
                "output_tokens_details": {"image_tokens": 4160, "text_tokens": 0},
            },
            Usage(prompt_tokens=50, completion_tokens=4160, image_prompt_tokens=40, image_completion_tokens=4160),
            id="openai images",
        ),
        pytest.param(
            {"type": "tokens", "input_tokens": 14, "input_token_details": {"audio_tokens": 14}, "output_tokens": 45},
            Usage(prompt_tokens=14, audio_prompt_tokens=14, completion_tokens=45),
            id="openai transcription",
        ),
        pytest.param({"prompt_tokens": 8, "total_tokens": 8}, Usage(prompt_tokens=8), id="embeddings"),
        pytest.param({"total_tokens": 8}, Usage(prompt_tokens=8), id="a total alone"),
        pytest.param(
            {"prompt_tokens": 9, "input_tokens": 0, "completion_tokens": 0, "output_tokens": 5},
            Usage(prompt_tokens=9, completion_tokens=5),
            id="stated twice, once as 0",
        ),
        pytest.param(
            {"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": None},
            Usage(prompt_tokens=9, completion_tokens=5),
            id="details of null",
        ),
    ],
)
def test_every_vendors_form_becomes_one_usage(stated: object, expected: Usage) -> None:
    assert usage_of(stated) == (expected, ())


@pytest.mark.parametrize("stated", [None, {}, {"type": "duration", "seconds": 4}, {"prompt_tokens": None}])
def test_without_a_total_there_is_no_usage(stated: object) -> None:
    assert usage_of(stated) == (None, ())


@pytest.mark.parametrize("stated", ["12", 12, [1, 2], True])
def test_what_is_no_object_is_marked(stated: object) -> None:
    assert usage_of(stated) == (None, (UNREADABLE,))


@pytest.mark.parametrize(
    ("stated", "expected", "note"),
    [
        ({"prompt_tokens": -5, "completion_tokens": 3}, Usage(completion_tokens=3), CLAMPED),
        ({"prompt_tokens": True, "completion_tokens": 3}, Usage(completion_tokens=3), UNREADABLE),
        ({"prompt_tokens": "12", "completion_tokens": 3}, Usage(completion_tokens=3), UNREADABLE),
        ({"prompt_tokens": 12.5, "completion_tokens": 3}, Usage(completion_tokens=3), UNREADABLE),
        ({"prompt_tokens": 10**30, "completion_tokens": 3}, Usage(completion_tokens=3), UNREADABLE),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 11}},
            Usage(prompt_tokens=10, completion_tokens=3, cached_tokens=10),
            CLAMPED,
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 4}},
            Usage(prompt_tokens=10, completion_tokens=3, reasoning_tokens=3),
            CLAMPED,
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": -1}},
            Usage(prompt_tokens=10, completion_tokens=3),
            CLAMPED,
        ),
    ],
)
def test_absurd_figures_are_brought_within_bounds_and_marked(stated: object, expected: Usage, note: str) -> None:
    assert usage_of(stated) == (expected, (note,))


NAMES = st.sampled_from(
    [
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "input_tokens",
        "output_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "completion_tokens_details",
        "reasoning_tokens",
        "audio_tokens",
        "image_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "cache_creation_input_tokens",
        "ephemeral_1h_input_tokens",
        "prompt_cache_hit_tokens",
        "usageMetadata",
        "promptTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "promptTokensDetails",
        "tokenCount",
        "modality",
        "totalTokenCount",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("AUDIO")
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5))


@given(st.dictionaries(NAMES, ANYTHING, max_size=8) | ANYTHING)
def test_whatever_comes_is_a_usage_within_bounds_or_none(stated: object) -> None:
    usage, _ = usage_of(stated)
    if usage is not None:
        assert fitted(usage) == (usage, ())
        assert 0 <= usage.cached_tokens + usage.cache_write_tokens <= usage.prompt_tokens < 10**13
        assert 0 <= usage.audio_prompt_tokens + usage.image_prompt_tokens <= usage.prompt_tokens
        assert 0 <= usage.reasoning_tokens <= usage.completion_tokens < 10**13
        assert 0 <= usage.cache_write_1h_tokens <= usage.cache_write_tokens
