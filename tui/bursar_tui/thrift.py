"""Thrift: the same picture in fewer bytes, for those who watch over a slow line.

Textual writes every run of text with its whole style before it and a reset behind it. Here a style is written as what
differs from the one before, and a long run of blanks as one order where the terminal is known to take it.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

_TOKENS = re.compile(
    r"\x1b\[(?P<style>[\d;]*)m"
    r"|(?P<placing>\x1b\[\d+;\d+H|[\r\n]+)"
    r"|(?P<order>\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.))"
    r"|(?P<text>[^\x1b\r\n]+)",
    re.DOTALL,
)
_BLANKS = re.compile(r" {12,}")
_LENGTH_OF_COLOUR = {"2": 5, "5": 3}
_INK = re.compile(r"3[0-7]|9[0-7]")
_GROUND = re.compile(r"4[0-7]|10[0-7]")
_ATTRIBUTE = re.compile(r"[1-9]")

_BLANKING = ("alacritty", "foot", "ghostty", "kitty", "rio", "tmux", "wezterm", "xterm")
"""Terminals, by the begin of their `TERM`, that blank with the ground they are told to write on (`bce`)."""


class Style(NamedTuple):
    """What text is written in: parameters of SGR (ECMA-48, 8.3.117), empty where the terminal's own."""

    attributes: frozenset[str] = frozenset()
    ink: str = ""
    ground: str = ""


PLAIN = Style()


@lru_cache(4_096)
def styled(on: Style | None, parameters: str) -> Style | None:
    """The style after a sequence; None where it is not known."""
    rest = parameters.split(";") if parameters else ["0"]
    while rest:
        first, length = rest[0], 1
        if first in ("", "0"):
            on = PLAIN
        elif on is None:
            return None
        elif first in ("38", "48"):
            length = _LENGTH_OF_COLOUR.get(rest[1] if len(rest) > 1 else "", len(rest) + 1)
            if length > len(rest):
                return None
            colour = ";".join(rest[:length])
            on = on._replace(ink=colour) if first == "38" else on._replace(ground=colour)
        elif first == "39":
            on = on._replace(ink="")
        elif first == "49":
            on = on._replace(ground="")
        elif _INK.fullmatch(first):
            on = on._replace(ink=first)
        elif _GROUND.fullmatch(first):
            on = on._replace(ground=first)
        elif _ATTRIBUTE.fullmatch(first):
            on = on._replace(attributes=on.attributes | {first})
        else:
            return None
        rest = rest[length:]
    return on


@lru_cache(4_096)
def change(was: Style | None, wanted: Style) -> str:
    """The shortest way from one style, or from one that is not known, to another."""
    if wanted == was:
        return ""
    if wanted == PLAIN:
        return "\x1b[0m"
    lost = was is None or was.attributes - wanted.attributes or (was.ink and not wanted.ink)
    if was is None or lost or (was.ground and not wanted.ground):
        was = PLAIN
        parts = ["0"]
    else:
        parts = []
    parts += sorted(wanted.attributes - was.attributes)
    parts += [wanted.ink] if wanted.ink != was.ink else []
    parts += [wanted.ground] if wanted.ground != was.ground else []
    return f"\x1b[{';'.join(parts)}m"


class Thrift:
    """Shortens what is written to one terminal; `blanking` says that it blanks with the ground in force."""

    def __init__(self, *, blanking: bool) -> None:
        self._blanking = blanking
        self._was: Style | None = None

    def shortened(self, written: str) -> str:
        """The same picture, and the same style in force at its end; what is not understood goes through as it is."""
        out: list[str] = []
        was = wanted = self._was
        for match in _TOKENS.finditer(written):
            token = match[0]
            if match.lastgroup == "style":
                before, wanted = wanted, styled(wanted, match["style"])
                if wanted is None:
                    out += [change(was, before) if before is not None else "", token]
                    was = None
                continue
            if match.lastgroup != "placing" and wanted is not None:
                out.append(change(was, wanted))
                was = wanted
                if match.lastgroup == "text" and self._blanking and not wanted.attributes:
                    token = _BLANKS.sub(_blanked, token)
            out.append(token)
            if match.lastgroup == "order" and token.endswith("m"):
                was = wanted = None
        if wanted is not None:
            out.append(change(was, wanted))
        self._was = wanted
        return "".join(out)


def _blanked(run: "re.Match[str]") -> str:
    return f"\x1b[{len(run[0])}X\x1b[{len(run[0])}C"


def blanks_with_ground(environ: Mapping[str, str]) -> bool:
    """Whether this terminal is known to blank with the ground in force."""
    return environ.get("TERM", "").startswith(_BLANKING)
