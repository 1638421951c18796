"""KeptReply: a reply of which a copy is kept, since its key says so: what the client is sent, as it is sent."""

from collections.abc import Mapping

from bursar.content.keeper import Keeper
from bursar.contract.content import AnswerEnd
from bursar.pipeline.call import Call
from bursar.pipeline.reply import Reply, ReplyState

_ENDS = {
    ReplyState.WAITING: AnswerEnd.NONE,
    ReplyState.BEGUN: AnswerEnd.LEFT,
    ReplyState.FINISHED: AnswerEnd.WHOLE,
    ReplyState.BROKEN_OFF: AnswerEnd.BROKEN,
}


class KeptReply:
    """The same reply, see `pipeline.reply.Reply`; `close` once nothing more will be sent."""

    def __init__(self, reply: Reply, call: Call, keeper: Keeper) -> None:
        self._reply = reply
        self._asked_bytes = sum(len(memoryview(raw)) for raw in call.request.fields.values())
        self._recording = keeper.record(call.id, call.key.name, call.at_ms, call.request)

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
        """More of the stream. It counts as sent once it is handed to the connection, as it does for the client."""
        self._recording.add(piece)
        await self._reply.write(piece)

    def write_at_once(self, piece: bytes) -> bool:
        """The same, where the connection takes it at once."""
        if not self._reply.write_at_once(piece):
            return False
        self._recording.add(piece)
        return True

    async def finish(self, last: bytes = b"") -> None:
        """As it is."""
        if last:
            self._recording.add(last)
        await self._reply.finish(last)

    async def break_off(self, why: bytes = b"") -> None:
        """As it is, with the event that says why."""
        if why:
            self._recording.add(why)
        await self._reply.break_off(why)

    async def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer at once."""
        self._recording.whole(body)
        await self._reply.send(status, headers, body)

    def close(self) -> None:
        """Have it kept, without waiting for that."""
        self._recording.close(_ENDS[self._reply.state], self._asked_bytes)
