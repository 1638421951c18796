"""LineReply: the reply of a call of the playground: what is said and what happens to it, as lines in order.

The line that a call takes writes to it, and is held up while nobody takes what is written; the handler takes it.
"""

import asyncio
from collections.abc import Mapping

from bursar.contract.codec import encode
from bursar.contract.events import AttemptFailed, AttemptStarted, Event, ExchangeClosed, ExchangeOpened
from bursar.contract.events import ExchangeProgressed as Progressed
from bursar.contract.playground import Began, GaveWay, Holding, Opened, PlaygroundLine, Reasoning, SoFar, Text
from bursar.dialects.openai_chat_spoken import spoken
from bursar.dialects.sse import SseReader
from bursar.pipeline.reply import ReplyState

_LONGEST_EVENT = 64 * 1024 * 1024
_MOST_WAITING_BYTES = 256 * 1024
"""How much may wait to be written before the line has to wait too."""


class LineReply:
    """One reply; see `pipeline.reply.Reply`. `closed` is the event that ended the call, once it has."""

    def __init__(self) -> None:
        self._state = ReplyState.WAITING
        self._status = 0
        self._reader = SseReader(_LONGEST_EVENT)
        self._waiting: list[bytes] = []
        self._size = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._ended = False
        self.closed: ExchangeClosed | None = None
        self.spoke = False
        """Whether anything of an answer has come."""
        self.began_at: float | None = None
        """When the answer began, by the event loop's clock."""
        self.cut = ""
        """Why a budget ended the answer, where one did."""

    @property
    def state(self) -> ReplyState:
        """How far it has come."""
        return self._state

    @property
    def status(self) -> int:
        """The status that any other client would have been sent."""
        return self._status

    def tell(self, event: Event) -> None:
        """What happens to the call, as far as there is a line for it."""
        match event:
            case ExchangeOpened():
                self._put(Opened(event.exchange_id, event.prompt_tokens))
            case AttemptStarted():
                self._put(Holding(event.upstream, event.model, event.held_nano))
            case AttemptFailed():
                self._put(GaveWay(event.upstream, event.model, event.code, event.message))
            case Progressed():
                self._put(SoFar(event.completion_tokens, event.cost_nano, event.held_nano))
            case ExchangeClosed():
                self.closed = event
            case _:
                pass

    async def begin(self, headers: Mapping[str, str]) -> None:
        """Who answers is known."""
        self._state, self._status = ReplyState.BEGUN, 200
        self.began_at = asyncio.get_running_loop().time()
        fallback = headers.get("X-Fallback-Used") == "true"
        self._put(
            Began(
                headers.get("x-bursar-upstream", ""),
                headers.get("x-bursar-model", ""),
                headers.get("X-Fallback-From", "") if fallback else "",
                headers.get("X-Fallback-Reason", "") if fallback else "",
            )
        )

    async def write(self, piece: bytes) -> None:
        """More of the answer; waits while too much waits to be taken."""
        text, reasoning = [], []
        for frame in self._reader.feed(piece):
            said = spoken(frame.data)
            if said.reasoning:
                reasoning.append(said.reasoning)
            if said.text:
                text.append(said.text)
            self.cut = said.cut or self.cut
        # What is read at once is told at once: who thinks has not answered yet.
        if reasoning:
            self._put(Reasoning("".join(reasoning)))
        if text:
            self._put(Text("".join(text)))
        await self._room.wait()

    def write_at_once(self, piece: bytes) -> bool:
        """Not at all: what is told is read first, and may have to wait."""
        del piece
        return False

    async def finish(self, last: bytes = b"") -> None:
        """All of it was handed over."""
        if last:
            await self.write(last)
        self._state = ReplyState.FINISHED

    async def break_off(self, why: bytes = b"") -> None:
        """It has no proper end; what broke it is in the event that closes the call."""
        del why
        self._state = ReplyState.BROKEN_OFF

    async def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A whole answer at once."""
        await self.begin(headers)
        said = spoken(body)
        for line in (Reasoning(said.reasoning) if said.reasoning else None, Text(said.text) if said.text else None):
            if line is not None:
                self._put(line)
        self._state, self._status = ReplyState.FINISHED, status

    def end(self) -> None:
        """Nothing more is written."""
        self._ended = True
        self._news.set()

    async def taken(self, time_s: float) -> bytes:
        """The next lines, one or more; an empty line, which says `still here`, where none come for a time.

        Nothing at all once everything has been taken.
        """
        if not self._waiting and not self._ended:
            self._news.clear()
            try:
                async with asyncio.timeout(time_s):
                    await self._news.wait()
            except TimeoutError:
                return b"\n"
        lines, self._waiting, self._size = b"".join(self._waiting), [], 0
        self._room.set()
        return lines

    def _put(self, line: PlaygroundLine) -> None:
        encoded = encode(line) + b"\n"
        self._waiting.append(encoded)
        self._size += len(encoded)
        self.spoke = self.spoke or isinstance(line, Text | Reasoning)
        self._news.set()
        if self._size > _MOST_WAITING_BYTES:
            self._room.clear()
