"""Tally: what the practice upstream really served, the judge of what a proxy booked."""

import asyncio
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Self

from bursar.domain.money import charge
from bursar.practice.models import SMALL_PRICE, Price


class Ending(StrEnum):
    """How a request ended; each is a count of `Served`."""

    ANSWERED = "answered"
    """Sent to the last byte, with an honest ending."""
    REFUSED = "refused"
    """Answered with a no: a status outside 2xx, or a no in disguise."""
    BROKEN = "broken"
    """Ended by the fault that was asked for."""
    ABORTED = "aborted"
    """The client had gone before the end."""


@dataclass(slots=True)
class Served:
    """The counts of one model, or of all. Every request begun ends in one of the four ways above.

    Tokens of an answer are counted when their bytes are handed to the socket; those of a prompt when
    an answer to it begins. `cost_nano` is that usage at the practice price list, rounded up once a
    request.
    """

    begun: int = 0
    answered: int = 0
    refused: int = 0
    broken: int = 0
    aborted: int = 0
    authorized: int = 0
    """With a key, of any form."""
    bodies: int = 0
    """Whose body arrived whole."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nano: int = 0


@dataclass(slots=True)
class Visits:
    """What reached the other origin, where a redirect points and where nobody should go."""

    requests: int = 0
    authorized: int = 0


class Serving:
    """One request while it is served: what is told here is counted, at the latest when it ends.

    A block: left by cancellation or a lost connection, the client has gone; left quietly without an
    ending, it was the fault's.
    """

    def __init__(self, tally: "Tally", *, authorized: bool) -> None:
        self._tally = tally
        self._models = tally.models
        self._counts = [tally.total]
        self._authorized = authorized
        self._body = False
        self.price = SMALL_PRICE
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.completion_tokens = 0
        self.reasoning_tokens = 0
        self.ending: Ending | None = None

    def __enter__(self) -> Self:
        self._counts[0].begun += 1
        self._counts[0].authorized += self._authorized
        self._tally.arrived()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        self.ended(Ending.BROKEN if kind is None else Ending.ABORTED)
        self._add_up()
        self._tally.left()

    def has_body(self) -> None:
        """Its body arrived whole. To be told before the model is."""
        self._body = True
        self._counts[0].bodies += 1

    def asks_for(self, model: str, price: Price) -> None:
        """It asks for this model: count there, too, and at its price."""
        served = self._models.setdefault(model, Served())
        served.begun += 1
        served.bodies += self._body
        served.authorized += self._authorized
        self._counts.append(served)
        self.price = price

    def accepted(self, prompt_tokens: int, cached_tokens: int = 0) -> None:
        """The answer begins: its prompt has been read."""
        self.prompt_tokens, self.cached_tokens = prompt_tokens, cached_tokens

    def sent(self, tokens: int, reasoning: int = 0) -> None:
        """So many more tokens of the answer are with the socket; `reasoning` is a part of them."""
        self.completion_tokens += tokens
        self.reasoning_tokens += reasoning

    def ended(self, ending: Ending) -> None:
        """It ends so; what was said first stands."""
        if self.ending is None:
            self.ending = ending

    def _add_up(self) -> None:
        fresh = self.prompt_tokens - self.cached_tokens
        price = self.price
        cost = charge(
            [(fresh, price.prompt), (self.cached_tokens, price.cached), (self.completion_tokens, price.completion)]
        )
        for count in self._counts:
            count.prompt_tokens += self.prompt_tokens
            count.cached_tokens += self.cached_tokens
            count.completion_tokens += self.completion_tokens
            count.reasoning_tokens += self.reasoning_tokens
            count.cost_nano += cost
            match self.ending:
                case Ending.ANSWERED:
                    count.answered += 1
                case Ending.REFUSED:
                    count.refused += 1
                case Ending.BROKEN:
                    count.broken += 1
                case Ending.ABORTED | None:
                    count.aborted += 1


@dataclass(slots=True)
class Tally:
    """All counts since the start or the last reset."""

    total: Served = field(default_factory=Served)
    models: dict[str, Served] = field(default_factory=dict)
    other_origin: Visits = field(default_factory=Visits)
    in_flight: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._idle.set()

    def serving(self, *, authorized: bool) -> Serving:
        """A request that is to be counted."""
        return Serving(self, authorized=authorized)

    def arrived(self) -> None:
        """One more is in flight."""
        self.in_flight += 1
        self._idle.clear()
        self._arrival.set()

    def left(self) -> None:
        """One less is in flight."""
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()

    async def idle(self) -> None:
        """Wait till nothing is in flight."""
        await self._idle.wait()

    async def busy(self, requests: int = 1) -> None:
        """Wait till so many requests are in flight."""
        while self.in_flight < requests:
            self._arrival.clear()
            await self._arrival.wait()

    def reset(self) -> None:
        """Count from nothing. What is in flight now is counted no more."""
        self.total = Served()
        self.models = {}
        self.other_origin = Visits()

    def as_json(self) -> dict[str, object]:
        """What `GET /practice/tally` answers."""
        return {
            "in_flight": self.in_flight,
            "total": asdict(self.total),
            "models": {model: asdict(served) for model, served in sorted(self.models.items())},
            "other_origin": asdict(self.other_origin),
        }
