"""The scene of `bursar demo`: its configuration, and who asks for what."""

from dataclasses import dataclass

import tomli_w

from bursar.config.template import starter

_PRICES = {
    "practice-small": ("3.00", "15.00"),
    "practice-large": ("15.00", "75.00"),
    "practice-reasoning": ("10.00", "40.00"),
    "practice-tokens-200": ("3.00", "15.00"),
    "fault-*": ("3.00", "15.00"),
}
"""US dollars per million tokens: far above the list, so that something is to be seen within a minute."""


def demo_configuration(practice_url: str) -> str:
    """The configuration: two upstreams, which are both the practice server, and caps that will be felt."""
    upstream = {"kind": "openai_compatible", "base_url": practice_url}
    tables: dict[str, dict[str, dict[str, object]]] = {
        "upstreams": {"practice": {**upstream}, "backup": {**upstream}},
        "aliases": {
            "fast": {"routes": ["practice/practice-small", "backup/practice-small"]},
            "smart": {"routes": ["practice/practice-large", "backup/practice-large"]},
            "think": {"routes": ["practice/practice-reasoning"]},
            "shaky": {"routes": ["practice/fault-flaky", "backup/practice-small"]},
            "broken": {"routes": ["practice/fault-529", "backup/practice-tokens-200"]},
            "cut": {"routes": ["practice/fault-close-midstream"]},
        },
        "prices": {name: {"input": given, "output": taken} for name, (given, taken) in _PRICES.items()},
        "caps": {
            "daily": {"usd": "2.00", "every": "day"},
            "intern-day": {"key": "intern", "usd": "0.02", "every": "day"},
            "batch-hour": {"key": "batch", "tokens": 60_000, "every": "hour"},
            "smart-hour": {"model": "smart", "requests": 200, "every": "hour"},
        },
    }
    # What happens here is no news to anybody's desktop.
    once = {"server": {"port": 0, "drain_s": 0}, "alerts": {"desktop": False}}
    return starter(tables) + "\n" + tomli_w.dumps(once)


@dataclass(frozen=True, slots=True)
class Part:
    """One client application: its key's name, its program, the aliases it asks for in turn, its pauses in seconds."""

    key: str
    program: str
    aliases: tuple[str, ...]
    pauses_s: tuple[float, ...]
    stream: bool = True
    project: str = ""


CAST = (
    Part("editor", "example-editor/2.1", ("smart", "fast", "smart", "think"), (2.0, 5.0, 3.0, 8.0), project="website"),
    Part("autocomplete", "example-complete/0.9", ("fast",), (1.0, 0.4, 2.5, 0.6, 4.0), project="website"),
    Part(
        "batch", "example-batch/3.0", ("fast", "shaky", "fast", "broken"), (1.5, 2.5), stream=False, project="reports"
    ),
    Part("agent", "example-agent/1.4", ("shaky", "think", "cut", "smart"), (4.0, 6.0, 9.0), project="reports"),
    Part("intern", "example-chat/1.0", ("fast", "smart"), (2.0, 3.0)),
)

PROMPTS = (
    "Why does the test in line forty fail only on Mondays?",
    "Write a function that adds up a column of amounts without losing a cent.",
    "Explain to a new colleague what this service does, in five sentences.",
    "Translate the error messages into plain words, and say what to do about each.",
    "Which of these two designs is easier to change next year, and why?",
)
