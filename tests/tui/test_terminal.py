"""Terminal: what the environment tells about its colours."""

import pytest

from bursar_tui.terminal import native_colours, theme_for


@pytest.mark.parametrize(
    ("environ", "native"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "dumb"}, True),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, True),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": ""}, False),
    ],
)
def test_colours(environ: dict[str, str], native: bool) -> None:
    assert native_colours(environ) is native


@pytest.mark.parametrize(
    ("environ", "native", "theme"),
    [
        ({}, False, "dark"),
        ({"COLORFGBG": "0;15"}, False, "light"),
        ({"COLORFGBG": "0;default;7"}, False, "light"),
        ({"COLORFGBG": "15;0"}, False, "dark"),
        ({"COLORFGBG": "0;15"}, True, "terminal"),
    ],
)
def test_themes(environ: dict[str, str], native: bool, theme: str) -> None:
    assert theme_for(environ, native=native) == theme
