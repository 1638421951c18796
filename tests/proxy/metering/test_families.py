"""Model families, told from the names that vendors and relays use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.metering.families import (
    CLAUDE_PERCENT,
    NEW_CLAUDE_PERCENT,
    OPENAI_PERCENT,
    OTHER_PERCENT,
    family_of,
)
from bursar.tokens.vocabulary import CL100K, ENCODINGS, O200K


@pytest.mark.parametrize(
    ("percent", "models"),
    [
        (
            OPENAI_PERCENT,
            ["gpt-4o", "openai/gpt-5.6-sol", "o3-mini", "chatgpt-4o-latest", "ft:gpt-4o:x", "GPT-4", "gpt-oss:20b"],
        ),
        (
            CLAUDE_PERCENT,
            ["claude-3-5-sonnet-20241022", "claude-sonnet-4.5", "claude-opus-4-20250514", "claude-opus-4@20250514"]
            + ["claude-2.1", "anthropic/claude-3.7-sonnet:thinking", "us.anthropic.claude-opus-4-6-v1", "claude-v2"],
        ),
        (
            NEW_CLAUDE_PERCENT,
            ["claude-opus-4-7", "claude-opus-5", "claude-haiku-5-5-20261001", "claude-latest", "claude-opus-10"],
        ),
        (OTHER_PERCENT, ["gemini-2.5-pro", "deepseek-chat", "qwen3-coder", "mistral-large", "o", "", "practice"]),
    ],
)
def test_the_factor_follows_the_name(percent: int, models: list[str]) -> None:
    assert {model: family_of(model).percent for model in models} == dict.fromkeys(models, percent)


def test_encoding_and_sound_follow_it_too() -> None:
    assert (family_of("gpt-4").encoding, family_of("gpt-4o").encoding) == (CL100K, O200K)
    assert (family_of("gpt-4o-audio-preview").sound, family_of("gemini-3-pro").sound) == (10, 25)


@given(st.text(max_size=40))
def test_any_name_has_a_family(name: str) -> None:
    family = family_of(name)
    assert family.percent >= 100
    assert family.encoding in ENCODINGS
