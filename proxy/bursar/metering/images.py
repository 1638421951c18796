"""What an image costs in tokens, by the rule of each model family: from its size in pixels, never as text.

Vendors state these rules in their documentation, and their bills differ from it here and there; where
two figures are known the higher one is taken. Everything is in whole numbers, rounded up.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Image:
    """An image in a prompt: width and height in pixels, both 0 where they are not known."""

    width: int = 0
    height: int = 0
    low_detail: bool = False


@dataclass(frozen=True, slots=True)
class Tiles:
    """OpenAI's older rule: shrunk into 2048 × 2048, then to a short side of 768, then cut into tiles of 512.

    `base` is for the image, and all there is in low detail.
    """

    base: int
    per_tile: int

    def tokens(self, image: Image) -> int:
        """The tokens of an image; of one that was not seen, what the dearest shape would take."""
        if image.low_detail:
            return self.base
        width, height = _within(image.width, image.height, 2048) if image.width else (2048, 768)
        short = min(width, height)
        if short > 768:
            width, height = _up(width * 768, short), _up(height * 768, short)
        return self.base + self.per_tile * _up(width, 512) * _up(height, 512)


@dataclass(frozen=True, slots=True)
class Patches:
    """A patch of `side` × `side` pixels costs `percent` hundredths of a token, up to `most` patches.

    Larger images are shrunk: to a long side of `edge`, where there is one, and into `most` patches,
    which the result is here taken to fill.
    """

    side: int
    percent: int
    most: int
    edge: int = 0

    def tokens(self, image: Image) -> int:
        """The tokens of an image; of one that was not seen, the most there can be."""
        width, height = _within(image.width, image.height, self.edge) if self.edge else (image.width, image.height)
        patches = min(_up(width, self.side) * _up(height, self.side) or self.most, self.most)
        return _up(patches * self.percent, 100)


@dataclass(frozen=True, slots=True)
class Squares:
    """Gemini's older rule: `each` for every square of `side` pixels, one square up to half its side."""

    side: int
    each: int
    most: int

    def tokens(self, image: Image) -> int:
        """The tokens of an image; of one that was not seen, the most there can be."""
        if image.width and max(image.width, image.height) <= self.side // 2:
            return self.each
        squares = min(_up(image.width, self.side) * _up(image.height, self.side) or self.most, self.most)
        return self.each * squares


@dataclass(frozen=True, slots=True)
class Fixed:
    """Every image costs the same, whatever its size."""

    each: int
    low: int

    def tokens(self, image: Image) -> int:
        """The tokens of an image."""
        return self.low if image.low_detail else self.each


ImageRule = Tiles | Patches | Squares | Fixed


def _within(width: int, height: int, edge: int) -> tuple[int, int]:
    """The size shrunk so that neither side is above `edge`."""
    long = max(width, height)
    return (width, height) if long <= edge else (_up(width * edge, long), _up(height * edge, long))


def _up(amount: int, by: int) -> int:
    return -(-amount // by)
