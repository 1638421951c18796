"""Model families, told from the names that vendors and relays use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.domain.calibration import Factor
from bursar.metering.families import (
    CLAUDE,
    NEW_CLAUDE,
    OPENAI,
    OTHER,
    family_of,
)
from bursar.tokens.vocabulary import CL100K, ENCODINGS, O200K


@pytest.mark.parametrize(
    ("start", "models"),
    [
        (
            OPENAI,
            ["gpt-4o", "openai/gpt-5.6-sol", "o3-mini", "chatgpt-4o-latest", "ft:gpt-4o:x", "GPT-4", "gpt-oss:20b"],
        ),
        (
            CLAUDE,
            ["claude-3-5-sonnet-20241022", "claude-sonnet-4.5", "claude-opus-4-20250514", "claude-opus-4@20250514"]
            + ["claude-2.1", "anthropic/claude-3.7-sonnet:thinking", "us.anthropic.claude-opus-4-6-v1", "claude-v2"],
        ),
        (
            NEW_CLAUDE,
            ["claude-opus-4-7", "claude-opus-5", "claude-haiku-5-5-20261001", "claude-latest", "claude-opus-10"],
        ),
        (OTHER, ["gemini-2.5-pro", "deepseek-chat", "qwen3-coder", "mistral-large", "o", "", "practice"]),
    ],
)
def test_the_factor_follows_the_name(start: Factor, models: list[str]) -> None:
    assert {model: family_of(model).start for model in models} == dict.fromkeys(models, start)


def test_encoding_and_sound_follow_it_too() -> None:
    assert (family_of("gpt-4").encoding, family_of("gpt-4o").encoding) == (CL100K, O200K)
    assert (family_of("gpt-4o-audio-preview").sound, family_of("gemini-3-pro").sound) == (10, 25)


@given(st.text(max_size=40))
def test_any_name_has_a_family(name: str) -> None:
    family = family_of(name)
    assert family.start.least <= 1000 <= family.start.counted
    assert 0 < len(family.name) <= 30
    assert family.encoding in ENCODINGS


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("gpt 5", ["gpt-5", "openai/gpt-5.6-sol", "GPT-5-mini"]),
        ("gpt", ["gpt-oss-120b", "gpt-oss:20b"]),
        ("o 3", ["o3", "o3-mini-2025-01-31"]),
        ("llama 3", ["meta-llama/llama-3.3-70b", "llama3:8b", "Llama-3-8B"]),
        ("qwen 2", ["qwen2.5-coder:7b"]),
        ("deepseek 3", ["deepseek-v3.1", "deepseek/deepseek-v3"]),
        ("deepseek", ["deepseek-chat", "deepseek20250101", "deepseek-20250101"]),
        ("gemini 3", ["gemini-3-pro"]),
        ("claude to 4.6", ["claude-sonnet-4-5", "anthropic/claude-3.7-sonnet"]),
        ("claude", ["claude-opus-4-7", "claude-opus-5"]),
        ("other", ["", "4", "零一"]),
    ],
)
def test_a_family_is_told_from_the_first_word_and_the_generation(name: str, models: list[str]) -> None:
    assert {model: family_of(model).name for model in models} == dict.fromkeys(models, name)
