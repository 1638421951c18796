"""How much an attempt holds: a bound on what the answer may cost, and the limit that makes it one.

A stream is held slice by slice and holds more as it grows. A plain answer comes all at once, so its
hold must be a bound: a limit is sent along, less where only less can be borne.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bursar.config.schema import LimitSettings
from bursar.dialects.openai_chat_request import ChatRequest
from bursar.domain.account import Demand, Shortfall, Standing, bear
from bursar.domain.exchange import Price
from bursar.domain.quick import quick
from bursar.domain.refusals import ContextTooLong
from bursar.domain.route import Route
from bursar.domain.usage import Usage
from bursar.routing.facts import Facts

DemandsOf = Callable[[Usage], tuple[Demand, ...]]

_MARGIN_DIVISOR = 20
_MARGIN_TOKENS = 8
_AUDIO_PART = b'"input_audio"'


@quick
@dataclass(frozen=True, slots=True)
class Size:
    """What is held at first: `usage` of the prompt and of `completion_tokens`, for all answers together.

    `limit` is the most tokens that one answer may take, where the request must say so; None leaves
    the request as it came.
    """

    usage: Usage
    limit: int | None

    @property
    def completion_tokens(self) -> int:
        """The completion that is held."""
        return self.usage.completion_tokens


def first_size(request: ChatRequest, prompt_tokens: int, limits: LimitSettings) -> Size:
    """What to hold if it can be borne, for a prompt that will hardly be above so many tokens."""
    prompt = prompt_tokens + prompt_tokens // _MARGIN_DIVISOR + _MARGIN_TOKENS
    if request.stream:
        first = limits.first_slice_tokens if request.limit is None else min(limits.first_slice_tokens, request.limit)
        return Size(Usage(prompt, first * request.answers), None)
    bound = limits.answer_tokens if request.limit is None else request.limit
    return Size(Usage(prompt, bound * request.answers), bound if request.limit is None else None)


def too_long_for(route: Route, facts: Facts, request: ChatRequest, least: int) -> ContextTooLong | None:
    """The refusal of a request that cannot fit a route's window: prompt and the answer's limit together.

    `least` is what the prompt surely takes: all else is for the upstream to judge.
    """
    if facts.window is None:
        return None
    most = request.limit or 0
    if facts.traits.output_limit is not None:
        most = min(most, facts.traits.output_limit)
    needed = least + most
    if needed <= facts.window:
        return None
    refusal = ContextTooLong(
        f"The request takes about {needed:,} tokens with its answer, and the context window of {route} "
        f"is {facts.window:,}. Shorten it, or ask for a model with a larger window.",
        status=400,
        code="context_length_exceeded",
        type="invalid_request_error",
        param="messages",
    )
    refusal.window = facts.window
    return refusal


def smaller_size(
    request: ChatRequest,
    wanted: Size,
    limits: LimitSettings,
    standings: Mapping[str, Standing],
    demands_of: DemandsOf,
) -> Size | None:
    """The largest size below `wanted` that can be borne; None where it would be no answer worth a call."""
    answers = request.answers
    least = limits.least_answer_tokens if request.limit is None else min(limits.least_answer_tokens, request.limit)
    each = affordable(
        standings, lambda n: demands_of(wanted.usage.with_completion(n * answers)), wanted.completion_tokens // answers
    )
    if each < least:
        return None
    return Size(wanted.usage.with_completion(each * answers), None if request.stream else each)


def affordable(standings: Mapping[str, Standing], demands_of: Callable[[int], tuple[Demand, ...]], most: int) -> int:
    """The largest number up to `most` whose demands can be borne; -1 where not even none can."""
    low, high = -1, most
    while low < high:
        middle = (low + high + 1) // 2
        try:
            bear(standings, demands_of(middle))
        except Shortfall:
            high = middle - 1
        else:
            low = middle
    return low


def dearest(price: Price, request: ChatRequest) -> Price:
    """The price by which is held: of each side the dearest kind of token that may come."""
    sound = price.audio_input is not None and any(_AUDIO_PART in part for part in request.parts.messages)
    return _dearest(price, sound)


@lru_cache(256)
def _dearest(price: Price, sound: bool) -> Price:
    outputs = (price.output, price.reasoning, price.audio_output, price.image_output)
    inputs = (
        price.input,
        price.cache_write,
        price.cache_write_1h,
        price.image_input,
        price.audio_input if sound else None,
    )
    return Price(
        input=max(each for each in inputs if each is not None),
        output=max(each for each in outputs if each is not None),
        request=price.request,
        factor=price.factor,
        source=price.source,
    )
