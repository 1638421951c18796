"""Counting: the tokens of a call's prompt, exact at once where little of it is new, else bounded and then exact."""

import asyncio
from collections.abc import Callable
from functools import partial

from bursar.assembly import Assembly
from bursar.domain.calibration import ONE, Calibration, plain
from bursar.domain.route import Route
from bursar.metering.count import Prompt
from bursar.pipeline.call import Call

_COUNT_IN_THREAD = 32 * 1024
"""More new text than this, in bytes, is counted off the event loop."""


class PromptCount:
    """Our count of a prompt for a route, in the tokens that are charged there as far as the calibration tells.

    `tokens` is the best that is known now; `bound` what it will hardly be above, to be held; `least` what it surely
    is. All rest on the whole prompt once `is_exact`. Where there is `count`, which takes a while, it is run in a
    thread: not before somebody needs it or the answer has begun, since until then it would only delay the answer.
    """

    __slots__ = ("_count", "_counting", "bound", "calibration", "least", "prompt", "tokens")

    def __init__(
        self,
        prompt: Prompt,
        calibration: Calibration,
        at_most: Prompt | None = None,
        count: Callable[[], Prompt] | None = None,
    ) -> None:
        self.calibration = calibration
        self._count = count
        self._counting: asyncio.Future[Prompt] | None = None
        self._is(prompt, at_most or prompt)

    def _is(self, prompt: Prompt, at_most: Prompt) -> None:
        factor = self.calibration.prompt
        self.prompt = prompt
        self.tokens = self.bound = self.least = prompt.times(factor.counted)
        if at_most is not prompt or factor.held != factor.counted:
            self.bound = at_most.times(factor.held)
        if factor.least != factor.counted:
            self.least = prompt.times(factor.least)

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

    def _take(self, counting: "asyncio.Future[Prompt]") -> None:
        if self._count is not None and not counting.cancelled() and counting.exception() is None:
            self._count = None
            self._is(counting.result(), counting.result())


def stated(tokens: int, calibration: Calibration) -> PromptCount:
    """A prompt of which somebody says how many tokens of the vendor's it has."""
    count = PromptCount(Prompt(0, tokens), calibration)
    # Whoever says so may have counted as we do: only what does not fit by our own tokens is sure not to fit.
    count.least = tokens * ONE // max(ONE, calibration.prompt.counted)
    return count


def noted(calibration: Calibration) -> tuple[str, ...]:
    """The note of a record whose tokens were counted by factors that were learned; none where neither was."""
    prompt, answer = calibration.prompt, calibration.answer
    if not (prompt.is_learned or answer.is_learned):
        return ()
    return (f"counted by {plain(prompt.counted)} in, {plain(answer.counted)} out",)


class Counts:
    """The counts of one call's prompt, one for each route that is tried.

    A stream is not kept waiting for a long count: it goes on with a bound, and holds more if it must. A plain
    answer cannot hold more, so it waits.
    """

    def __init__(self, call: Call, assembly: Assembly) -> None:
        self._call = call
        self._assembly = assembly
        self._counts: dict[Route, PromptCount] = {}

    async def of(self, route: Route) -> PromptCount:
        """The count for a route."""
        count = self._counts.get(route)
        if count is None:
            count = self._counts[route] = await self._begun(route)
        return count

    async def _begun(self, route: Route) -> PromptCount:
        parts, model, assembly = self._call.request.parts, route.model, self._assembly
        counter, calibration = assembly.counter, assembly.calibration(route)
        if counter.fresh_bytes(parts, model) <= _COUNT_IN_THREAD:
            return PromptCount(counter.prompt(parts, model), calibration)
        rough = counter.rough(parts, model) if self._call.request.stream else None
        if rough is None:
            return PromptCount(await asyncio.to_thread(counter.prompt, parts, model), calibration)
        return PromptCount(rough[0], calibration, rough[1], partial(counter.prompt, parts, model))


async def count_prompt(call: Call, route: Route, assembly: Assembly) -> PromptCount:
    """The exact count for a route; in a thread where much of the prompt is new."""
    count = await Counts(call, assembly).of(route)
    await count.exact()
    return count
