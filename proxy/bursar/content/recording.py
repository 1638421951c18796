"""Recording: what a client was sent of one answer, packed while it is sent, so that it takes little memory."""

import zlib
from collections.abc import Callable

from bursar.content.making import WINDOW_BITS, Given
from bursar.contract.content import AnswerEnd

MOST_PACKED = 4 * 1024 * 1024
"""How much one stream may take while it runs, packed: what streams repeat in each event packs to almost nothing."""

TOO_MUCH = "too much was on its way to the disk at once"

_LEVEL, _MEMORY = 1, 5


class Recording:
    """Of one call. `reserve` says whether there is room for so many bytes more; `done` takes what was recorded.

    Nothing here waits, and nothing fails: what finds no room is left out, and said to be.
    """

    def __init__(self, given: Given, reserve: Callable[[int], bool], done: Callable[[Given], None]) -> None:
        self._given = given
        self._reserve = reserve
        self._done = done
        self._packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, -WINDOW_BITS, _MEMORY)

    def add(self, piece: bytes) -> None:
        """More of a stream."""
        if not self._given.shortened:
            self._given.streamed = True
            packed = self._packing.compress(piece)
            if packed:
                self._take(packed)

    def whole(self, body: bytes) -> None:
        """A whole answer."""
        self._take(body)

    def close(self, ended: AnswerEnd, asked_bytes: int) -> None:
        """All that there will be; of the request, the call itself has held so many bytes until now."""
        given = self._given
        given.ended = ended
        if given.streamed and not given.shortened:
            self._take(self._packing.flush())
        if self._reserve(asked_bytes):
            given.size += asked_bytes
        else:
            given.fields, given.messages, given.answer, given.missed = {}, (), [], TOO_MUCH
        self._done(given)

    def _take(self, packed: bytes) -> None:
        given = self._given
        if (given.streamed and given.size + len(packed) > MOST_PACKED) or not self._reserve(len(packed)):
            given.shortened = True
            return
        given.size += len(packed)
        given.answer.append(packed)
