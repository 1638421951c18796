"""Reply: what the client gets, and how much of it; the only place that knows."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol


class ReplyState(StrEnum):
    """How far a reply has come."""

    WAITING = "waiting"
    BEGUN = "begun"
    """The client has been promised an answer: the commit point is behind us."""
    FINISHED = "finished"
    """All of it was handed over, its proper end included."""
    BROKEN_OFF = "broken_off"
    """It was ended without its proper end, so that nobody takes it for whole."""


class Reply(Protocol):
    """One reply to one client."""

    @property
    def state(self) -> ReplyState: ...

    @property
    def status(self) -> int:
        """The status that was sent, 0 while none was."""
        ...

    async def begin(self, headers: Mapping[str, str]) -> None:
        """Start a stream of events: from here on no other route can be tried."""
        ...

    async def write(self, piece: bytes) -> None:
        """More of the stream; waits while the client does not read."""
        ...

    def write_at_once(self, piece: bytes) -> bool:
        """More of the stream, whole events, without waiting; False, and nothing is written, where that cannot be.

        Asked only between two calls of `write`, after the first.
        """
        ...

    async def finish(self, last: bytes = b"") -> None:
        """The last of the stream, and its proper end."""
        ...

    async def break_off(self, why: bytes = b"") -> None:
        """End the stream without its proper end, after a last event that says why, if there is one."""
        ...

    async def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer at once."""
        ...
