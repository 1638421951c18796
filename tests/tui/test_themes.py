"""Themes: what is to be read can be read, on every ground and in every theme of ours."""

import pytest
from rich.color import Color
from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme
from tui.money import wealthy
from tui.stage import staged

from bursar_tui.ink import Ground, Role
from bursar_tui.themes import DARK, LIGHT, TERMINAL, palette_of


def luminance(color: Color) -> float:
    """Relative luminance (WCAG 2, 1.4.3)."""
    channels = [channel / 255 for channel in color.get_truecolor()]
    linear = [each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(style: Style, ground: str) -> float:
    one = luminance(style.color or Color.parse("white"))
    other = luminance(style.bgcolor or Color.parse(ground))
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("ground", list(Ground))
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.FAINT])
def test_text_can_be_read(theme: Theme, role: Role, ground: Ground) -> None:
    palette = palette_of(theme)
    least = 4.5 if ground is Ground.PLAIN and role is not Role.HELD else 3.0
    for behind in (theme.background, theme.surface, theme.panel):
        assert contrast(palette[role, ground], behind or "") >= least, (role, ground, behind)


@pytest.mark.parametrize("theme", [DARK, LIGHT, TERMINAL, *BUILTIN_THEMES.values()])
def test_every_role_has_a_look_under_every_theme(theme: Theme) -> None:
    assert set(palette_of(theme)) == {(role, ground) for role in Role for ground in Ground}


def test_without_colours_what_is_chosen_is_reversed_and_what_matters_less_is_dim() -> None:
    palette = palette_of(TERMINAL)
    assert all(palette[role, Ground.CURSOR].reverse for role in Role)
    assert palette[Role.MUTED, Ground.PLAIN].dim
    assert palette[Role.STRONG, Ground.PLAIN].bold
    assert not any(palette[role, ground].bgcolor for role in Role for ground in Ground)


async def test_in_sixteen_colours_a_dialog_has_a_border_and_what_is_beneath_stays() -> None:
    async with staged(wealthy(), theme="terminal", native=True) as stage:
        for keys in (("3", "r"), ("escape", "question_mark"), ("escape", "exclamation_mark")):
            await stage.press(*keys)
            assert "╭─" in stage.text, keys
            assert "3 Budgets" in stage.text or "bursar cap raise" in stage.text, keys
        await stage.press("escape")
        assert "╭─" not in stage.text
    async with staged(wealthy()) as stage:
        await stage.press("3", "r")
        assert "╭─" not in stage.text
