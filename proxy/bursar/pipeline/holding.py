"""What one attempt holds: the first hold, more as the answer grows, and the price of what was used in the end."""

import asyncio
from contextlib import suppress

from bursar.assembly import Assembly
from bursar.domain.account import Demand, Standing
from bursar.domain.calibration import ONE
from bursar.domain.exchange import Price
from bursar.domain.refusals import OverBudget
from bursar.domain.route import Route
from bursar.domain.usage import Usage
from bursar.ledger.changes import Placed
from bursar.ledger.ledger import Held, Ledger
from bursar.metering.count import scaled
from bursar.metering.meter import Meter
from bursar.metering.prices import CONFIGURATION
from bursar.pipeline.call import Call
from bursar.pipeline.counting import PromptCount
from bursar.pipeline.sizing import affordable, dearest, first_size, smaller_size
from bursar.routing.facts import Facts

LAG_TOKENS = 256
"""How far the meter's running figure may be behind, in tokens."""

_NEAR_TOKENS = 64
"""How near to its limit an answer is counted exactly: a batch of text."""


class Holding:
    """The holds of one attempt, all under one `Held`. `size` is what was held at first.

    `tier` is the service tier that the route is asked for, whose price is held where it is above the usual one.
    """

    def __init__(
        self, call: Call, route: Route, count: PromptCount, assembly: Assembly, ledger: Ledger, tier: str = ""
    ) -> None:
        self._call = call
        self._route = route
        self._assembly = assembly
        self._ledger = ledger
        self._count = count
        self._held_prompt = count.bound
        self._step = assembly.config.limits.first_slice_tokens
        # The meter's running figure lags behind by a batch of text; near the end of what is held it counts exactly.
        self._ahead = max(self._step // 2, LAG_TOKENS)
        self._model = route.model
        self._asked = assembly.limits.asked(call.key.name, call.project, route, call.alias)
        self._tier = tier
        self.price: Price | None = None
        self._priced = 0, tier
        self.size = first_size(call.request, count.bound, assembly.config.limits)
        self._take_price()
        limit = call.request.limit
        self._allowed = None if limit is None else limit * call.request.answers
        self._unheld = 0
        self._costed: tuple[Usage, Price, int] | None = None
        self.refused: OverBudget | None = None
        """The account that could not bear more, once there is one."""

    async def place(self) -> Held:
        """Hold the first size, or the largest smaller one that is worth a call; who gets it ends it.

        Raises OverBudget. Whatever else it is left by, nothing is held then.
        """
        demands = self._demands(self.size.usage)
        try:
            self.held = await self._ledger.hold(self._call.id, self._route, demands).__aenter__()
        except OverBudget:
            smaller = await self._smaller(demands)
            if smaller is None:
                raise
            self.held = await self._ledger.hold(self._call.id, self._route, smaller).__aenter__()
        self._tokens = self.size.completion_tokens
        return self.held

    async def look(self) -> Placed:
        """What `place` would hold; nothing is held. Raises as it does."""
        demands = self._demands(self.size.usage)
        try:
            return await self._ledger.would_place(self._call.id, self._route, demands)
        except OverBudget:
            smaller = await self._smaller(demands)
            if smaller is None:
                raise
            return await self._ledger.would_place(self._call.id, self._route, smaller)

    @property
    def limit(self) -> int | None:
        """The limit to send along; none where no account is asked."""
        return self.size.limit if self.held.standings else None

    def has_room(self, meter: Meter) -> bool:
        """Whether what the meter has seen is held, with enough to spare that nothing need be counted or held."""
        ahead = _NEAR_TOKENS if self._tokens == self._allowed else self._ahead
        return meter.completion_tokens + ahead <= self._tokens and not meter.owed and not self._unheld

    async def room_for(self, meter: Meter) -> bool:
        """Whether what the meter has seen is held, after holding more ahead of need where that can be borne."""
        if self.has_room(meter):
            return True
        if self._unheld and self.refused is None:
            await self._hold_prompt()
        # A long piece, which takes a while to count, is counted off the event loop.
        used = await asyncio.to_thread(meter.to_be_held) if meter.owed else meter.to_be_held()
        if self._may_be_within_limit(used):
            return not self._unheld
        if used + self._ahead > self._tokens and self.refused is None:
            await self._grow(self._next_step(used))
        return used <= self._tokens and not self._unheld

    def asked(self, usage: Usage) -> tuple[Demand, ...]:
        """What a usage asks of every account in the end, at the route's own price."""
        return self._asked.demands(usage, self._cost(usage, self.price))

    def cost(self, usage: Usage) -> int:
        """What a usage costs, in nano-dollars; 0 where nothing has a price."""
        return self._cost(usage, self.price) or 0

    def answered_by(self, model: str, *, said_so: bool) -> None:
        """Another model than the one asked for answers: what it costs counts, where that is known.

        Where only the name in the answer tells (not `said_so` in its headers), a price that the user states
        for the model asked for yields to none but another one that the user states.
        """
        price = self._price_of(model, *self._priced)
        if price is None or (not said_so and _is_users(self.price) and not _is_users(price)):
            return
        self._model = model
        self._take_price()

    def afresh(self) -> "Holding":
        """The same for the prompt as it is counted now."""
        return Holding(self._call, self._route, self._count, self._assembly, self._ledger, self._tier)

    def prompt_counted(self) -> None:
        """The prompt is counted exactly, of which only a bound was held: more is held if that was none."""
        self._unheld = max(0, self._count.bound - self._held_prompt)
        self._held_prompt = self._count.bound
        self._take_price()

    def take_answer(self, usage: Usage, tier: str | None) -> None:
        """What is charged goes by what was used: the length of the prompt, and the tier that answered, if that is told.

        Its price takes the place of the one by our own count and by the tier that was asked for.
        """
        priced = usage.prompt_tokens, self._tier if tier is None else tier
        if priced != self._priced:
            self._priced, self.price = priced, self._price(*priced) or self.price

    def bound_cost(self, usage: Usage) -> int:
        """What a usage may cost at most, in nano-dollars, at the price by which is held."""
        return self._cost(usage, self._bound) or 0

    async def _smaller(self, demands: tuple[Demand, ...]) -> tuple[Demand, ...] | None:
        """What the largest size asks that can be borne in place of these; None where it would not be worth a call."""
        limits, standings = self._assembly.config.limits, await self._standings(demands)
        smaller = smaller_size(self._call.request, self.size, limits, standings, self._demands)
        if smaller is None:
            return None
        self.size = smaller
        return self._demands(smaller.usage)

    @property
    def _holds_all_allowed(self) -> bool:
        """Whether all that the request allows an answer is held, and no more."""
        return self._tokens == self._allowed

    def _may_be_within_limit(self, counted: int) -> bool:
        """Whether an answer that may take no more than what is held is above it, if at all, by our count alone.

        Our count has a margin that the upstream's has not. More is held, and nothing is cut, only where even
        the margin does not explain it: then the upstream does not keep the limit.
        """
        factor = self._count.calibration.answer
        return self._holds_all_allowed and counted <= scaled(self._tokens, factor.held * ONE // factor.least)

    def _next_step(self, used: int) -> int:
        """How many tokens more to hold: a step ahead of what was used, and not beyond what is allowed at all."""
        step = used + self._step - self._tokens
        if self._allowed is None or self._tokens >= self._allowed:
            return step
        return min(step, self._allowed - self._tokens)

    async def _hold_prompt(self) -> None:
        """Hold what the prompt is above its bound."""
        try:
            await self.held.grow(tuple(map(self._still, self._demands(Usage(self._unheld, 0, requests=0)))))
            self._unheld = 0
        except OverBudget as refusal:
            self.refused = refusal

    async def _grow(self, tokens: int) -> None:
        demands = self._growth(tokens)
        try:
            await self.held.grow(demands)
        except OverBudget as refusal:
            self.refused = refusal
            tokens = affordable(await self._standings(demands), self._growth, tokens)
            if tokens <= 0:
                return
            with suppress(OverBudget):
                await self.held.grow(self._growth(tokens))
                self._tokens += tokens
        else:
            self._tokens += tokens

    def _growth(self, tokens: int) -> tuple[Demand, ...]:
        return tuple(map(self._still, self._demands(Usage(0, tokens, requests=0))))

    def _still(self, demand: Demand) -> Demand:
        """The demand of those who bear the call: a plan in requests is asked nothing of an answer that grows,
        and would bear it all for that, where its wallet bears the call."""
        if len(demand) == 1 or not any(self.held.amount(need.account.id) for need in demand[1:]):
            return demand
        return tuple(need for need in demand[:-1] if need.amount) + demand[-1:]

    def _take_price(self) -> None:
        """The price for the prompt as counted, and the one by which is held: for the longest that the prompt may be,
        and for the dearer tier, as a vendor may answer by the usual one all the same."""
        self._fixed = self._assembly.prices.fixed(self._route.upstream, self._model)
        self._priced = self._count.tokens, self._tier
        self.price = self._price(*self._priced)
        longest = max(self._count.bound, self.size.usage.prompt_tokens)
        self._bound = self._dearest(longest, self._tier)
        if self._tier:
            usual = self._dearest(longest, "")
            if usual is not None and (self._bound is None or usual.input > self._bound.input):
                self._bound = usual

    def _dearest(self, prompt_tokens: int, tier: str) -> Price | None:
        price = self._price(prompt_tokens, tier)
        return dearest(price, self._call.request) if price is not None else None

    def _price(self, prompt_tokens: int, tier: str) -> Price | None:
        if self._fixed is not None and not tier:
            return self._fixed
        return self._price_of(self._model, prompt_tokens, tier)

    def _price_of(self, model: str, prompt_tokens: int, tier: str) -> Price | None:
        return self._assembly.prices.price(self._route.upstream, model, self._call.at_ms, prompt_tokens, tier)

    def _demands(self, usage: Usage) -> tuple[Demand, ...]:
        """What a usage asks of every account at the price by which is held."""
        return self._asked.demands(usage, self._cost(usage, self._bound))

    def _cost(self, usage: Usage, price: Price | None) -> int | None:
        """What a usage costs at a price. The last answer is kept: an ending asks for the same one several times."""
        if price is None:
            return None
        if self._costed is None or self._costed[0] is not usage or self._costed[1] is not price:
            self._costed = (usage, price, self._assembly.prices.cost(price, usage))
        return self._costed[2]

    async def _standings(self, demands: tuple[Demand, ...]) -> dict[str, Standing]:
        return await self._ledger.standings(
            [account for demand in demands for need in demand for account in need.accounts]
        )


def tier_of(call: Call, facts: Facts) -> str:
    """The service tier that a route is asked for: none where its model is known to take none and gets none."""
    return "" if "service_tier" in facts.traits.refuses else call.request.tier


def _is_users(price: Price | None) -> bool:
    return price is not None and price.source == CONFIGURATION
