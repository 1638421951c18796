"""Counting: the tokens of a call's prompt, exact at once where little of it is new, else bounded and then exact."""

import asyncio
from collections.abc import Callable
from functools import partial

from bursar.assembly import Assembly
from bursar.domain.route import Route
from bursar.pipeline.call import Call

_COUNT_IN_THREAD = 32 * 1024
"""More new text than this, in bytes, is counted off the event loop."""


class PromptCount:
    """Our count of a prompt, in tokens.

    `tokens` is the best that is known now; `bound` what it will hardly be above, to be held. Both are
    exact once `is_exact`. Where there is `count`, which takes a while, it is run in a thread: not before
    somebody needs it or the answer has begun, since until then it would only delay the answer.
    """

    __slots__ = ("_count", "_counting", "bound", "tokens")

    def __init__(self, tokens: int, bound: int, count: Callable[[], int] | None = None) -> None:
        self.tokens = tokens
        self.bound = bound
        self._count = count
        self._counting: asyncio.Future[int] | None = None

    @property
    def is_exact(self) -> bool:
        """Whether it has been counted."""
        return self._count is None

    def begin(self) -> None:
        """Count from now on, if it is not counted yet."""
        if self._count is not None and self._counting is None:
            self._counting = asyncio.get_running_loop().run_in_executor(None, self._count)
            self._counting.add_done_callback(self._take)

    async def exact(self) -> int:
        """The exact figure, once it is there. Whoever waits may go: the counting goes on."""
        self.begin()
        if self._counting is not None:
            await asyncio.shield(self._counting)
            self._take(self._counting)
        return self.tokens

    def _take(self, counting: "asyncio.Future[int]") -> None:
        if self._count is not None and not counting.cancelled() and counting.exception() is None:
            self._count = None
            self.tokens = self.bound = counting.result()


class Counts:
    """The counts of one call's prompt, one for each model that is tried.

    A stream is not kept waiting for a long count: it goes on with a bound, and holds more if it must. A plain
    answer cannot hold more, so it waits.
    """

    def __init__(self, call: Call, assembly: Assembly) -> None:
        self._call = call
        self._assembly = assembly
        self._counts: dict[str, PromptCount] = {}

    async def of(self, route: Route) -> PromptCount:
        """The count for a route."""
        count = self._counts.get(route.model)
        if count is None:
            count = self._counts[route.model] = await self._begun(route.model)
        return count

    async def _begun(self, model: str) -> PromptCount:
        parts, counter = self._call.request.parts, self._assembly.counter
        if counter.fresh_bytes(parts, model) <= _COUNT_IN_THREAD:
            tokens = counter.prompt_tokens(parts, model)
            return PromptCount(tokens, tokens)
        rough = counter.rough(parts, model) if self._call.request.stream else None
        if rough is None:
            tokens = await asyncio.to_thread(counter.prompt_tokens, parts, model)
            return PromptCount(tokens, tokens)
        return PromptCount(*rough, partial(counter.prompt_tokens, parts, model))


async def count_prompt(call: Call, route: Route, assembly: Assembly) -> int:
    """The exact count for a route; in a thread where much of the prompt is new."""
    return await (await Counts(call, assembly).of(route)).exact()
