"""LogLine: one line of the process's own log: what the proxy says of itself, never what was asked of it."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How much a line matters, in ascending order."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Its place in that order."""
        return _RANKS[self]


_RANKS = {level: place for place, level in enumerate(Level)}


class LogLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line: when (milliseconds since the epoch), how much it matters, which part of the proxy speaks, and what.

    `number` grows from line to line, across restarts too. `fields` are facts for programs. `trace` is where a bug
    was, one line of code a line; where it was left out for its length, `whole` is false. Nothing in it acts on a
    terminal.
    """

    number: int
    at_ms: int
    level: Level
    subject: str
    message: str
    fields: tuple[tuple[str, str | int], ...] = ()
    trace: str = ""
    whole: bool = True

    @property
    def said(self) -> str:
        """The sentence and its fields: `the public door is open address=127.0.0.1:4141`."""
        return " ".join((self.message, *(f"{name}={_plain(value)}" for name, value in self.fields)))

    def has(self, text: str) -> bool:
        """Whether every word of `text` occurs somewhere in the line; capitals do not matter."""
        words = text.lower().split()
        if not words:
            return True
        everything = "\n".join((self.level.value, self.subject, self.said, self.trace)).lower()
        return all(word in everything for word in words)


class LogPage(msgspec.Struct, frozen=True):
    """The answer to `GET /log`: lines, newest first; `next` asks for those before them (`?before=`), or is None."""

    lines: tuple[LogLine, ...]
    next: int | None = None


def _plain(value: str | int) -> str:
    """A value beside its name: in quotes where it would otherwise run into the next."""
    text = str(value)
    return f'"{text}"' if not text or " " in text or '"' in text else text
