"""Openings: how long conversations began that were read before, so that of the next request only what is new is read.

Of an opening is kept where it ends, how many messages it has, and hashes of its bytes, which Python keys anew in every
process; never its text.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, final, overload

import msgspec

MOST_NEW_BYTES = 64 * 1024
"""More than this behind an opening is read as a whole, and then known as a longer one."""
_LEAST_BYTES = 64 * 1024
"""Shorter openings are read faster than they are found."""
_HEAD_BYTES, _TAIL_BYTES, _EVERY = 1024, 256, 997
_HEADS, _OF_ONE_HEAD = 512, 8

_listed = msgspec.json.Decoder(tuple[msgspec.Raw, ...])


class Opening(NamedTuple):
    """The beginning of a body: at `start` is a list, of which `number` messages end at `end`, each with its comma."""

    start: int
    end: int
    number: int
    gap: int
    """Bytes between two messages."""
    look: int
    digest: int
    """Hashes of a few of its bytes, by which nearly all others are told from it, and of all of them."""


class Openings:
    """Those met most recently."""

    def __init__(self) -> None:
        self._by_head: dict[int, list[Opening]] = {}

    def find(self, body: bytes) -> Opening | None:
        """The longest opening that is known of a body, if not much stands behind it."""
        size = len(body)
        for opening in self._by_head.get(hash(body[:_HEAD_BYTES]), ()):
            end = opening.end
            if not end < size <= end + MOST_NEW_BYTES or _look_of(body, end) != opening.look:
                continue
            if hash(body[:end]) == opening.digest:
                return opening
        return None

    def note(self, body: bytes, start: int, messages: Sequence[bytes], gap: int) -> None:
        """Know all of a body but its last message again; `messages` are what stands in the list at `start`."""
        count = len(messages) - 1
        end = start + 1 + sum(map(len, messages)) - len(messages[-1]) + gap * count
        if end < _LEAST_BYTES:
            return
        head = hash(body[:_HEAD_BYTES])
        # What was used last comes first, and what was longest silent goes.
        known = self._by_head.pop(head, [])
        opening = Opening(start, end, count, gap, _look_of(body, end), hash(body[:end]))
        self._by_head[head] = [opening, *(each for each in known if each.digest != opening.digest)][:_OF_ONE_HEAD]
        if len(self._by_head) > _HEADS:
            del self._by_head[next(iter(self._by_head))]


def _look_of(body: bytes, end: int) -> int:
    return hash(body[end - _TAIL_BYTES : end] + body[:end:_EVERY])


@final
class Messages(Sequence[bytes]):
    """The messages of a body that begins with a known opening: these are cut out where somebody asks for them.

    Whoever wants the new ones alone asks whether the type is this one: every call does, and most have a tuple.
    """

    __slots__ = ("_all", "_body", "new", "opening")

    def __init__(self, body: bytes, opening: Opening, new: tuple[bytes, ...]) -> None:
        self._body = body
        self._all: tuple[bytes, ...] | None = None
        self.opening = opening
        self.new = new
        """Those behind the opening."""

    @property
    def all(self) -> tuple[bytes, ...]:
        """Every one of them."""
        if self._all is None:
            start, end, gap = self.opening.start, self.opening.end, self.opening.gap
            known = _listed.decode(b"[%b]" % self._body[start + 1 : end - gap])
            self._all = (*map(bytes, known), *self.new)
        return self._all

    def __len__(self) -> int:
        return self.opening.number + len(self.new)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.all)

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[bytes, ...]: ...

    def __getitem__(self, index: int | slice) -> bytes | tuple[bytes, ...]:
        return self.all[index]
