"""Themes: dark, light and the terminal's own sixteen colours, and the look that each gives to a role."""

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from bursar_tui.ink import Ground, Role

DARK = Theme(
    name="dark",
    primary="#5fc2a8",
    secondary="#4a8f80",
    accent="#5fc2a8",
    success="#5fc2a8",
    warning="#e3b05f",
    error="#ec7a6c",
    foreground="#d6dce2",
    background="#0f1317",
    surface="#151a20",
    panel="#1b2128",
    dark=True,
)

LIGHT = Theme(
    name="light",
    primary="#0d7561",
    secondary="#4c9384",
    accent="#0d7561",
    success="#0d7561",
    warning="#8f5800",
    error="#b3291f",
    foreground="#22282e",
    background="#fbfaf7",
    surface="#f3f2ee",
    panel="#e9e8e3",
    dark=False,
)

TERMINAL = Theme(
    name="terminal",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_blue",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_cyan",
        "footer-key-foreground": "ansi_cyan",
        "border": "ansi_cyan",
        "border-blurred": "ansi_bright_black",
        "scrollbar": "ansi_cyan",
        "scrollbar-background": "ansi_default",
        "input-selection-background": "ansi_cyan",
        "input-selection-foreground": "ansi_black",
    },
)
"""For terminals of sixteen colours or none: the user's own colours, and weight instead of shades."""

THEMES = (DARK, LIGHT, TERMINAL)


Palette = Mapping[tuple[Role, Ground], Style]
"""The look of every role on every ground, under one theme."""


def palette_of(theme: Theme) -> Palette:
    """The looks under a theme, whether ours or another of Textual's."""
    return _weights(theme) if theme.ansi else _shades(theme)


def _shades(theme: Theme) -> Palette:
    """All looks are mixed from the theme's own colours, so that every theme has them."""
    colours = theme.to_color_system().generate()
    back, fore = Color.parse(colours["background"]), Color.parse(colours["foreground"])
    accent, good, warn, bad = (Color.parse(colours[name]) for name in ("accent", "success", "warning", "error"))

    def ink(colour: Color, *, bold: bool = False) -> Style:
        return Style(color=colour.rich_color, bold=bold)

    # On a light ground the same share of it takes more of the contrast away.
    muted, held = (0.36, 0.32) if theme.dark else (0.28, 0.12)
    roles = {
        Role.TEXT: ink(fore),
        Role.STRONG: ink(fore, bold=True),
        Role.MUTED: ink(fore.blend(back, muted)),
        Role.FAINT: ink(fore.blend(back, 0.72)),
        Role.ACCENT: ink(accent),
        Role.HELD: ink(accent.blend(back, held)),
        Role.GOOD: ink(good),
        Role.WARN: ink(warn),
        Role.BAD: ink(bad, bold=True),
        Role.KEY: ink(accent, bold=True),
        Role.TAB: Style(color=back.rich_color, bgcolor=accent.rich_color, bold=True),
    }
    grounds = {
        Ground.PLAIN: Style(),
        Ground.CURSOR: Style(bgcolor=back.blend(accent, 0.22).rich_color),
        Ground.RESTING: Style(bgcolor=back.blend(fore, 0.07).rich_color),
    }
    return {(role, ground): grounds[ground] + roles[role] for role in Role for ground in Ground}


def _weights(theme: Theme) -> Palette:
    """Sixteen colours have no shades to speak of: what matters less is dim, what is chosen is reversed."""

    def ink(name: str | None, *, bold: bool = False) -> Style:
        return Style(color=Color.parse(name or "ansi_default").rich_color, bold=bold)

    roles = {
        Role.TEXT: Style(),
        Role.STRONG: Style(bold=True),
        Role.MUTED: Style(dim=True),
        Role.FAINT: Style(dim=True),
        Role.ACCENT: ink(theme.accent),
        Role.HELD: ink(theme.secondary),
        Role.GOOD: ink(theme.success),
        Role.WARN: ink(theme.warning, bold=True),
        Role.BAD: ink(theme.error, bold=True),
        Role.KEY: ink(theme.accent, bold=True),
        Role.TAB: Style(reverse=True, bold=True),
    }
    # Colours of a reversed line would each become a ground of their own.
    chosen = {role: Style(reverse=True, bold=roles[role].bold) for role in Role}
    resting = {role: Style(underline=True) + roles[role] for role in Role}
    looks = {Ground.PLAIN: roles, Ground.CURSOR: chosen, Ground.RESTING: resting}
    return {(role, ground): looks[ground][role] for role in Role for ground in Ground}
