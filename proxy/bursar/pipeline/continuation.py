"""How an answer that was cut while it streamed goes on at the next route, as one answer to the client.

The relay of each attempt writes to a reply that stands before the client's own: it keeps back the end of a
broken answer as long as another route may go on with it, and joins what that one says to what the client has.
Each attempt is held, metered and settled by itself.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from bursar.assembly import Assembly
from bursar.dialects.openai_chat_answer import DONE
from bursar.dialects.openai_chat_joining import DoesNotJoin, Joiner, Said, may_be_joined, prefilled
from bursar.domain.exchange import Outcome
from bursar.domain.refusals import CallerFault, ContextTooLong, NotContinued, Refusal
from bursar.domain.route import Continue, Route
from bursar.pipeline.call import Call
from bursar.pipeline.relay import Ending
from bursar.pipeline.reply import Reply, ReplyState

CONTINUED = "continued"
"""The note of an attempt that went on with another one's answer."""
PREFILLED = "prefilled"
"""The note of one that was given the client's text to write on."""

_DATA = b"data: "


class Continuation:
    """One answer on its way through the routes. `reply` is what the attempts write to.

    Where the alias wants nothing of this, or the request is of another kind, `reply` is the client's own.
    """

    def __init__(self, call: Call, reply: Reply, assembly: Assembly) -> None:
        self._call = call
        self._counter = assembly.counter
        self._how = assembly.router.continued(call.alias) if may_be_joined(call.request) else Continue.OFF
        self._joining = JoiningReply(reply) if self._how is not Continue.OFF else None
        self._cut: Ending | None = None
        self._refuse_prefills: set[Route] = set()
        self._prefilled = False
        self.reply: Reply = self._joining or reply
        self.goes_on = False
        """Whether the client has a part of the answer, with which the next route is to go on."""
        self.spent_nano = 0
        """What the attempts before have cost whose answer the client has a part of."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the record of the attempt in hand says of it."""
        if self._cut is None:
            return ()
        return (CONTINUED, PREFILLED) if self._prefilled else (CONTINUED,)

    async def asked(self, route: Route) -> Call:
        """The call as a route is to get it that goes on with an answer."""
        self._prefilled = False
        if self._joining is None or self._cut is None:
            return self._call
        text = self._joining.said.text
        request = None
        if self._how is Continue.PREFILL and route not in self._refuse_prefills:
            encoding = self._counter.family(route.model).encoding
            tokens = await asyncio.to_thread(self._counter.text.count_once, text, encoding)
            request = prefilled(self._call.request, text, tokens)
        if request is None:
            self._joining.go_on(Joiner(self._joining.said), route)
            return self._call
        self._prefilled = True
        self._joining.go_on(Joiner(self._joining.said, text.rstrip(), tokens), route)
        return replace(self._call, request=request)

    def may_go_on(self, ending: Ending, cost_nano: int) -> bool:
        """Whether an answer that ended so may be continued: it was cut, and the client has text of it alone."""
        if self._joining is None or ending.outcome is not Outcome.BROKEN:
            return False
        self._cut = self._cut or ending
        self.goes_on = True
        self.spent_nano += cost_nano
        return self._joining.said.joinable

    def refused(self, route: Route, refusal: Refusal) -> bool:
        """Whether a refusal is of what we wrote for the route to go on with: it may be asked without."""
        if not self._prefilled or not isinstance(refusal, CallerFault) or isinstance(refusal, ContextTooLong):
            return False
        self._refuse_prefills.add(route)
        return True

    async def give_up(self) -> Ending | None:
        """The honest end of an answer with which no route went on; None where there is none to be ended."""
        if self._joining is None or self._cut is None or not self._joining.unfinished:
            return None
        await self._joining.end_broken()
        return self._cut


class JoiningReply:
    """A reply to one client that several attempts write to, one after the other; see `pipeline.reply.Reply`."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._joiner: Joiner | None = None
        self._route: Route | None = None
        self._state = ReplyState.WAITING
        self.said = Said()
        """What the client has."""
        self._why = b""

    @property
    def state(self) -> ReplyState:
        """How far the attempt in hand has come."""
        return self._state

    @property
    def status(self) -> int:
        """The status that was sent, 0 while none was."""
        return self._reply.status

    def go_on(self, joiner: Joiner, route: Route) -> None:
        """Another attempt begins, whose chunks the joiner turns into those that the client gets."""
        self._joiner, self._route, self._state = joiner, route, ReplyState.WAITING

    async def begin(self, headers: Mapping[str, str]) -> None:
        """Start the stream, which goes on where there is one."""
        if self._reply.state is ReplyState.WAITING:
            await self._reply.begin(headers)
        self._state = ReplyState.BEGUN

    async def write(self, piece: bytes) -> None:
        """More of the stream. Raises NotContinued where it does not go on where the client's text ends."""
        out: list[bytes] = []
        try:
            for block in piece.split(b"\n\n"):
                written = self._joined(block)
                if written:
                    out.append(written)
        except DoesNotJoin as error:
            raise NotContinued(f"{self._route} does not go on with the answer that was cut: {error}.") from None
        finally:
            if out:
                await self._reply.write(b"\n\n".join(out) + b"\n\n")

    def write_at_once(self, piece: bytes) -> bool:
        """More of the first stream. What has to be joined to another one's is joined by `write` alone."""
        if self._joiner is not None or not self._reply.write_at_once(piece):
            return False
        for block in piece.split(b"\n\n"):
            self._joined(block)
        return True

    async def finish(self, last: bytes = b"") -> None:
        """The last of the stream, and its proper end."""
        if last:
            await self.write(last)
        await self._reply.finish()
        self._state = self._reply.state

    async def break_off(self, why: bytes = b"") -> None:
        """Keep the end of a broken answer back; without a reason there is nobody left to go on for."""
        self._state = ReplyState.BROKEN_OFF
        if not why:
            await self._reply.break_off()
        elif not self._why:
            # What cut the answer is said in the end, and not what became of going on.
            self._why = why

    @property
    def unfinished(self) -> bool:
        """Whether the client was promised an answer that has not ended."""
        return self._reply.state is ReplyState.BEGUN

    async def end_broken(self) -> None:
        """End the answer as broken, with which nobody went on."""
        await self._reply.break_off(self._why)

    async def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer at once."""
        await self._reply.send(status, headers, body)
        self._state = self._reply.state

    def _joined(self, block: bytes) -> bytes | None:
        """One event as the client gets it, and noted as said."""
        payload = block.removeprefix(_DATA)
        if payload in (block, DONE):
            return block
        if self._joiner is not None:
            joined = self._joiner.join(payload)
            if joined is None:
                return None
            payload = joined
        self.said.add(payload)
        return _DATA + payload
