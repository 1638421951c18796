"""Problems: what is wrong with a configuration, where, and what would be right, each in one sentence."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bursar.contract.shown import shown

_LIKE_A_KEY = re.compile(r"(?i:sk-|bk-|bearer |key-|ghp_|gho_|xox|aiza|eyj).*|(?=.*\d)(?=.*[A-Za-z])[\w-]{32,}")
_LONGEST_FOUND = 60

_ALSO_CALLED = {
    "api_key": "secret",
    "apikey": "secret",
    "key": "secret",
    "token": "secret",
    "type": "kind",
    "provider": "kind",
    "url": "base_url",
    "endpoint": "base_url",
    "api_base": "base_url",
    "model": "routes",
    "models": "routes",
    "fallbacks": "routes",
    "upstreams": "routes",
    "budget": "usd",
    "dollars": "usd",
    "limit": "usd",
    "amount": "usd",
    "period": "every",
    "per": "every",
    "window": "every",
    "reset": "every",
    "bind": "host",
    "address": "host",
    "timezone": "zone",
    "providers": "upstreams",
    "backends": "upstreams",
    "budgets": "caps",
    "model_aliases": "aliases",
    "logging": "log",
    "database": "storage",
    "prompt": "input",
    "completion": "output",
    "cached": "cached_input",
}
"""What other programs call our settings; used only where we know no setting of that name."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (`line` and `column` count from 1), the dotted key, what was found
    there, what is allowed, the nearest known name, and all of it as a sentence without the place.

    Nothing in it acts on a terminal, and nothing in it is a secret.
    """

    file: str
    line: int | None
    key: str
    sentence: str
    found: str = ""
    allowed: str = ""
    nearest: str = ""
    column: int | None = None

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f", line {self.line}"
        if self.column is not None:
            place += f", column {self.column}"
        return f"{place}: {self.sentence}"


class BrokenConfig(Exception):
    """A configuration that cannot be used: all of its problems, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest_of(name: str, known: Iterable[str]) -> str:
    """The known name that was most likely meant, or nothing."""
    names = list(known)
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if close:
        return close[0]
    also = _ALSO_CALLED.get(name.lower(), "")
    return also if also in names else ""


def found_text(value: object) -> str:
    """A value as it stands in the file, short, and with nothing of it where it may be a secret."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            if _LIKE_A_KEY.fullmatch(value):
                return "what looks like a key (not shown)"
            text = shown(value)
            return f'"{text[:_LONGEST_FOUND]}…"' if len(text) > _LONGEST_FOUND else f'"{text}"'
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return shown(str(value))[:_LONGEST_FOUND]


def key_text(path: tuple[str, ...]) -> str:
    """A dotted key as TOML writes it: parts that need quotes have them."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{shown(part)}"' for part in path)
