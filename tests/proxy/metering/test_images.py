"""What images cost, beside the vendors' own examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.metering.families import family_of
from bursar.metering.images import Fixed, Image, ImageRule, Patches, Squares, Tiles

GPT_4O = Tiles(85, 170)
CLAUDE = Patches(28, 100, 1568, edge=1568)
RULES: list[ImageRule] = [
    GPT_4O,
    Tiles(2833, 5667),
    Patches(32, 162, 1536),
    CLAUDE,
    Squares(768, 258, 16),
    Fixed(1120, 280),
]


@pytest.mark.parametrize(
    ("rule", "image", "tokens"),
    [
        # OpenAI's documentation works these two out.
        (GPT_4O, Image(1024, 1024), 765),
        (GPT_4O, Image(2048, 4096), 1105),
        (GPT_4O, Image(4096, 8192, low_detail=True), 85),
        (GPT_4O, Image(512, 512), 255),
        (GPT_4O, Image(513, 1), 425),
        (Tiles(2833, 5667), Image(1024, 1024), 25_501),
        (Patches(32, 162, 1536), Image(1024, 1024), 1659),
        # What a bill showed for a large image: 1536 patches.
        (Patches(32, 162, 1536), Image(4000, 3000), 2489),
        (CLAUDE, Image(1000, 1000), 1296),
        (CLAUDE, Image(100, 100), 16),
        (CLAUDE, Image(8000, 8000), 1568),
        (Squares(768, 258, 16), Image(300, 384), 258),
        (Squares(768, 258, 16), Image(1536, 768), 516),
        (Fixed(1120, 280), Image(10, 10), 1120),
        (Fixed(1120, 280), Image(10, 10, low_detail=True), 280),
    ],
)
def test_known_costs(rule: ImageRule, image: Image, tokens: int) -> None:
    assert rule.tokens(image) == tokens


@given(st.sampled_from(RULES), st.integers(1, 20_000), st.integers(1, 20_000), st.booleans())
def test_an_image_that_was_not_seen_costs_as_much_as_any(rule: ImageRule, width: int, height: int, low: bool) -> None:
    assert 0 < rule.tokens(Image(width, height, low)) <= rule.tokens(Image())


@given(st.sampled_from(RULES), st.integers(1, 2**31), st.integers(1, 2**31))
def test_absurd_sizes_are_bounded(rule: ImageRule, width: int, height: int) -> None:
    assert 0 < rule.tokens(Image(width, height)) < 100_000


@pytest.mark.parametrize(
    ("model", "rule"),
    [
        ("gpt-4o", GPT_4O),
        ("gpt-4o-mini-2024-07-18", Tiles(2833, 5667)),
        ("openai/gpt-4.1-mini", Patches(32, 162, 1536)),
        ("gpt-4.1", GPT_4O),
        ("gpt-5", Tiles(70, 140)),
        ("gpt-5.1-codex", Tiles(70, 140)),
        ("gpt-5.6-sol", Patches(32, 120, 10_000)),
        ("gpt-6-astra", Patches(32, 120, 10_000)),
        ("o3", Tiles(75, 150)),
        ("o4-mini", Patches(32, 172, 1536)),
        ("claude-sonnet-4-5", CLAUDE),
        ("claude-opus-4-7", Patches(28, 100, 4784, edge=2576)),
        ("gemini-2.5-pro", Squares(768, 258, 16)),
        ("google/gemini-3.8-flash", Fixed(1120, 280)),
        ("llama-4-maverick", GPT_4O),
    ],
)
def test_each_family_has_its_rule(model: str, rule: ImageRule) -> None:
    assert family_of(model).images == rule
