"""Terminal: which colours this terminal has, and whether it is dark or light, as far as the environment tells."""

from collections.abc import Mapping

from rich.console import Console

_LIGHT_GROUNDS = ("7", "15")


def native_colours(environ: Mapping[str, str]) -> bool:
    """Whether only the terminal's own sixteen colours are to be used, or none at all (`NO_COLOR`)."""
    if environ.get("NO_COLOR"):
        return True
    console = Console(force_terminal=True, legacy_windows=False, _environ=environ)
    return console.color_system in (None, "standard", "windows")


def theme_for(environ: Mapping[str, str], *, native: bool) -> str:
    """The theme that suits; `COLORFGBG` is how some terminals say what they stand on."""
    if native:
        return "terminal"
    return "light" if environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT_GROUNDS else "dark"
