"""RawReply: a reply in which calls of custom tools have the plain text that the client expects."""

from collections.abc import Mapping

from bursar.dialects.raw_calls import RawCalls
from bursar.pipeline.reply import Reply, ReplyState


class RawReply:
    """The same reply, see `pipeline.reply.Reply`, rewritten on its way out; `names` are the custom tools declared."""

    def __init__(self, reply: Reply, names: frozenset[str]) -> None:
        self._reply = reply
        self._calls = RawCalls(names)

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def state(self) -> ReplyState:
        return self._reply.state

    async def begin(self, headers: Mapping[str, str]) -> None:
        """As it is."""
        await self._reply.begin(headers)

    async def write(self, piece: bytes) -> None:
        """More of the stream; what belongs to the end of a call waits for it."""
        rewritten = self._calls.stream(piece)
        if rewritten:
            await self._reply.write(rewritten)

    def write_at_once(self, piece: bytes) -> bool:
        """Not at all: what is rewritten may have to wait for what follows."""
        del piece
        return False

    async def finish(self, last: bytes = b"") -> None:
        """The end, with what waited for it."""
        await self._reply.finish(self._calls.stream(last) if last else b"")

    async def break_off(self, why: bytes = b"") -> None:
        """As it is: what waits for its end has none."""
        await self._reply.break_off(why)

    async def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer at once."""
        await self._reply.send(status, headers, self._calls.whole(body))
