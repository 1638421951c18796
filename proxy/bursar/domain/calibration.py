"""Calibration: how many of a vendor's tokens one of ours is, for a model family at an upstream, and how surely."""

from dataclasses import dataclass

ONE = 1_000
"""A factor of 1: factors are in thousandths."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor on our own count of a text, in thousandths, as three figures, since a count serves three ends.

    `counted` is the best that is known: what is shown, and settled where the vendor reports nothing. `held` is
    for what is set aside beforehand, so it is on the high side, and never below the count that was begun with.
    `least` is what a text surely takes: nothing is refused for more than that.

    `error_permille` is how far off `counted` is at most for nineteen calls in twenty, in thousandths of itself; None
    where nothing was learned, and `counted` is what counting begins with. `calls` is how many reports it rests on.
    """

    counted: int
    held: int
    least: int
    error_permille: int | None = None
    calls: int = 0

    @property
    def is_learned(self) -> bool:
        """Whether reports decide on it."""
        return self.error_permille is not None

    def __str__(self) -> str:
        """`1.183 ± 2.4 %`, or `1.1` where nothing was learned."""
        if self.error_permille is None:
            return plain(self.counted)
        return f"{plain(self.counted)} ± {self.error_permille // 10}.{self.error_permille % 10} %"


def plain(factor: int) -> str:
    """A factor as people write it: `1.183`, `1.1`, `1.0`."""
    places = f"{factor % ONE:03}".rstrip("0") or "0"
    return f"{factor // ONE}.{places}"


def beginning(factor: int, held: int | None = None) -> Factor:
    """What counting begins with, before anything is learned; where that is a guess, more is held than counted."""
    return Factor(factor, held or factor, min(factor, ONE))


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the prompts and the answers of a model family are counted at an upstream.

    `left_out` is how many reports were not believed.
    """

    upstream: str
    family: str
    prompt: Factor
    answer: Factor
    left_out: int = 0

    @property
    def key(self) -> str:
        """By which a snapshot knows it; no upstream's name has a slash."""
        return f"{self.upstream}/{self.family}"
