"""Inflating an upstream's answer step by step, so that a small answer cannot become a large one in memory."""

import zlib
from collections.abc import Iterator

STEP = 64 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class NotCompressed(Exception):
    """The answer says that it is compressed and is not, or not as it says."""


class Inflater:
    """gzip or zlib bytes in, plain bytes out, at most `STEP` at a time."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The plain bytes of `piece`. Raises NotCompressed."""
        try:
            plain = self._inflate.decompress(piece, STEP)
            while plain:
                yield plain
                plain = self._inflate.decompress(self._inflate.unconsumed_tail, STEP)
        except zlib.error:
            raise NotCompressed("the answer is not compressed as it says") from None
