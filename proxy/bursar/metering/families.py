"""Model families: by which encoding and factor their text is counted, and by which rule images and sound.

Only OpenAI's encodings are public. Other vendors' texts are counted with o200k and multiplied: Claude's
factors follow from published comparisons (to 4.6: 16 to 30 % above o200k for English, mathematics and code,
2025; later ones have another tokenizer, 13 to 39 % above the former, 2026); that of all others is a guess.
They are where learning from reported usage starts (`calibrations.py`). As of November 2026.

What is learned of one model counts for its family: the first word of its name with the number behind it, since
vocabularies change with generations (`llama 3`, `qwen 3`, `gpt 5`), and for Claude the side of that change.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from bursar.domain.calibration import Factor, beginning
from bursar.metering.images import Fixed, ImageRule, Patches, Squares, Tiles
from bursar.tokens.text import encoding_of, plain_name


@dataclass(frozen=True, slots=True)
class Family:
    """How a model's texts are counted: `start` is the factor until more is known, `sound` are tokens per second.

    `prompt_start` is the one for prompts: held on the high side, since they are held whole, where answers are held
    ahead of their growth.
    """

    name: str
    encoding: str
    start: Factor
    prompt_start: Factor
    images: ImageRule
    sound: int


OPENAI = beginning(1_000)
CLAUDE = beginning(1_200)
NEW_CLAUDE = beginning(1_500)
OTHER = beginning(1_100)
OTHER_PROMPT = beginning(1_100, held=1_300)
"""Of a vocabulary of which nothing is known, what is held covers those of 32,000 words, which older models have."""

_OLD_CLAUDE_NAME, _NEW_CLAUDE_NAME = "claude to 4.6", "claude"
_NAME = re.compile(r"([a-z]{1,24}+)[a-z]*+(?:[-_. ]?v?(\d{1,3})(?!\d))?")
_UNNAMED = "other"

_LAST_OLD_CLAUDE = (4, 6)
_CLAUDE_VERSION = re.compile(r"claude-(?:[a-z]+-)*v?(\d{1,2})(?:[-.](\d{1,2})(?!\d))?(?!\d)")
_OPENAI = (
    *("gpt-", "chatgpt-", "codex-", "computer-use", "o1", "o3", "o4"),
    *("text-embedding", "davinci", "babbage", "tts-", "whisper", "omni-moderation"),
)

# The first row whose name begins the model's decides. Sources: OpenAI, "Images and vision"; litellm 1.109 holds the
# same figures. gpt-5-mini: the documentation says 1.62, users were billed 1.20.
_OPENAI_IMAGES: tuple[tuple[str, ImageRule], ...] = (
    ("gpt-4o-mini", Tiles(2833, 5667)),
    ("gpt-4.1-mini", Patches(32, 162, 1536)),
    ("gpt-4.1-nano", Patches(32, 246, 1536)),
    ("gpt-4", Tiles(85, 170)),
    ("chatgpt-4o", Tiles(85, 170)),
    ("gpt-5-mini", Patches(32, 162, 1536)),
    ("gpt-5-nano", Patches(32, 246, 1536)),
    ("gpt-5.1", Tiles(70, 140)),
    ("gpt-5.", Patches(32, 120, 10_000)),
    ("gpt-5", Tiles(70, 140)),
    ("o4-mini", Patches(32, 172, 1536)),
    ("o1", Tiles(75, 150)),
    ("o3", Tiles(75, 150)),
    ("gpt-3", Tiles(85, 170)),
    ("gpt-", Patches(32, 120, 10_000)),
)
# Anthropic, "Vision": 28-pixel patches, the long side at most 1568 pixels; from 4.7 on 2576.
_CLAUDE_IMAGES = Patches(28, 100, 1568, edge=1568)
_NEW_CLAUDE_IMAGES = Patches(28, 100, 4784, edge=2576)
# Google, "Media resolution" (Gemini 3: 280 low, 1120 high, which is the default) and "Token counting" (before).
_GEMINI_IMAGES = Fixed(1120, low=280)
_OLD_GEMINI_IMAGES = Squares(768, 258, most=16)
_OTHER_IMAGES = Tiles(85, 170)

# OpenAI: one token for 100 ms. Google: 25 a second for Gemini 3, 32 before; the higher one for all that are unknown.
_OPENAI_SOUND = 10
_GEMINI_SOUND = 25
_OTHER_SOUND = 32


@lru_cache(4096)
def family_of(model: str) -> Family:
    """The family of a model, by the name an upstream or a relay gives it; never raises."""
    name = plain_name(model)
    encoding = encoding_of(model)
    if name.startswith(_OPENAI):
        return Family(name_of(name), encoding, OPENAI, OPENAI, _openai_images(name), _OPENAI_SOUND)
    if "claude" in name:
        return _claude(name, encoding)
    if name.startswith("gemini"):
        old = name.startswith(("gemini-1", "gemini-2", "gemini-pro"))
        images = _OLD_GEMINI_IMAGES if old else _GEMINI_IMAGES
        return Family(name_of(name), encoding, OTHER, OTHER_PROMPT, images, _OTHER_SOUND if old else _GEMINI_SOUND)
    return Family(name_of(name), encoding, OTHER, OTHER_PROMPT, _OTHER_IMAGES, _OTHER_SOUND)


def name_of(plain: str) -> str:
    """The name of the family that a model belongs to by its plain name: `llama-3.3-70b` is of `llama 3`."""
    found = _NAME.match(plain)
    if found is None:
        return _UNNAMED
    return f"{found[1]} {found[2]}" if found[2] else found[1]


def _openai_images(name: str) -> ImageRule:
    return next((rule for start, rule in _OPENAI_IMAGES if name.startswith(start)), _OTHER_IMAGES)


def _claude(name: str, encoding: str) -> Family:
    """A Claude whose name has no version is taken for a later one, whose counts are higher."""
    found = _CLAUDE_VERSION.search(name)
    version = (int(found[1]), int(found[2] or 0)) if found else None
    if version is not None and version <= _LAST_OLD_CLAUDE:
        return Family(_OLD_CLAUDE_NAME, encoding, CLAUDE, CLAUDE, _CLAUDE_IMAGES, _OTHER_SOUND)
    return Family(_NEW_CLAUDE_NAME, encoding, NEW_CLAUDE, NEW_CLAUDE, _NEW_CLAUDE_IMAGES, _OTHER_SOUND)
