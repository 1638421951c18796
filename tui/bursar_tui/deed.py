"""Deed: one thing to be done by a command of its own, and what is shown or asked before it is."""

from dataclasses import dataclass, field
from pathlib import Path

_SAFE = frozenset("=-_./:@+,~%")


@dataclass(frozen=True, slots=True)
class Deed:
    """`words` is the command, without `bursar`.

    `first` is one that only shows what would be done, `asks` are sentences of what would be lost: where there is
    either, `y` does it. `goes_on` says that it is not ended by leaving its page, `is_read` that what it says is read
    from its beginning; `held`, `typed` and `into` are those of a `Run`. `unshown` are words at the end of the command
    that nobody would type.
    """

    title: str
    words: tuple[str, ...]
    about: str = ""
    first: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    differs: bool = False
    goes_on: bool = False
    held: bool = False
    is_read: bool = False
    typed: str = field(default="", repr=False)
    into: Path | None = None
    unshown: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What somebody would type in a shell."""
        into = f" > {quoted(str(self.into))}" if self.into is not None else ""
        return " ".join(["bursar", *map(quoted, self.words)]) + into

    @property
    def is_asked(self) -> bool:
        """Whether it is done only once that is confirmed."""
        return bool(self.first or self.asks)


def quoted(word: str) -> str:
    """A word for a shell."""
    if word and all(each.isalnum() or each in _SAFE for each in word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"
