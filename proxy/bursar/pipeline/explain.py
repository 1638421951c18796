"""What would become of a call: the routes in order, what each would hold and cost, who would pay, what would refuse it.

It takes the way of a real call up to the point where something would be sent: the hold is placed in a change
that is then undone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from bursar.assembly import Assembly
from bursar.contract.commands import Problem
from bursar.contract.explained import NO_REQUEST, Bearer, Explain, Explained, ExplainedRoute
from bursar.dialects.fallback_fields import read_fallback
from bursar.dialects.openai_chat_request import read_request
from bursar.domain.account import Account
from bursar.domain.client_key import ClientKey
from bursar.domain.clock import Clock
from bursar.domain.exchange import new_exchange_id
from bursar.domain.refusals import InvalidParameter, Refusal
from bursar.domain.route import Route
from bursar.domain.usage import Usage
from bursar.ledger.changes import Placed
from bursar.ledger.ledger import Ledger
from bursar.pipeline.call import Call
from bursar.pipeline.candidates import Candidates
from bursar.pipeline.counting import PromptCount, count_prompt, stated
from bursar.pipeline.holding import Holding, tier_of
from bursar.pipeline.permitted import check_model
from bursar.pipeline.sizing import too_long_for


async def explain(call: Call, assembly: Assembly, ledger: Ledger, prompt_tokens: int | None = None) -> Explained:
    """The explanation of a call; `prompt_tokens` takes the place of our own count. Raises UnknownModel."""
    candidates = Candidates(call, assembly)
    routes = []
    while (route := candidates.next()) is not None:
        if prompt_tokens is None:
            count = await count_prompt(call, route, assembly)
        else:
            count = stated(prompt_tokens, assembly.calibration(route))
        explained = await _explained(call, route, count, candidates, assembly, ledger)
        if prompt_tokens is None:
            explained = msgspec.structs.replace(explained, counted_by=count.calibration.prompt)
        routes.append(explained)
    chosen = next((each for each in routes if each.refusal is None), None)
    return Explained(
        alias=call.alias,
        key=call.key.name,
        project=call.project,
        stream=call.request.stream,
        routes=tuple(routes),
        chosen=f"{chosen.upstream}/{chosen.model}" if chosen is not None else None,
        refusal=routes[-1].refusal if chosen is None else None,
    )


async def _explained(
    call: Call, route: Route, count: PromptCount, candidates: Candidates, assembly: Assembly, ledger: Ledger
) -> ExplainedRoute:
    request, facts, prompt_tokens = call.request, candidates.facts(route), count.tokens
    holding = Holding(call, route, count, assembly, ledger, tier_of(call, facts))
    placed: Placed | None = None
    refusal: Refusal | None = too_long_for(route, facts, request, count.least)
    if refusal is None:
        try:
            placed = await holding.look()
        except Refusal as error:
            refusal = error
    most = _longest_answer(holding, call, facts.traits.output_limit)
    return ExplainedRoute(
        upstream=route.upstream,
        model=route.model,
        health=assembly.health.why_last(route),
        window=facts.window,
        prompt_tokens=prompt_tokens,
        held_tokens=holding.size.completion_tokens,
        most_tokens=most,
        limit_set=holding.size.limit if placed is not None and placed.standings else None,
        price=holding.price,
        held_nano=holding.bound_cost(holding.size.usage),
        least_nano=holding.cost(Usage(prompt_tokens, 0)),
        most_nano=None if most is None else holding.bound_cost(Usage(prompt_tokens, most)),
        bearers=_bearers(placed, assembly.limits.all_accounts) if placed is not None else (),
        refusal=Problem(refusal.code, refusal.message) if refusal is not None else None,
    )


def _longest_answer(holding: Holding, call: Call, output_limit: int | None) -> int | None:
    """The most tokens that all answers together may take; None where nothing limits them but the budget."""
    limits = (call.request.limit, holding.size.limit, output_limit)
    known = [limit for limit in limits if limit is not None]
    return min(known) * call.request.answers if known else None


def _bearers(placed: Placed, accounts: tuple[Account, ...]) -> tuple[Bearer, ...]:
    """The shares of a hold with what each account has before it; those that bear nothing are left out."""
    units = {account.id: account.unit for account in accounts}
    bearers = []
    for share in placed.hold.shares:
        standing = placed.standings[share.account_id]
        available = standing.available + share.amount
        bearers.append(Bearer(share.account_id, units[share.account_id], share.amount, available, standing.granted))
    return tuple(bearers)


@dataclass(frozen=True, slots=True)
class Explainer:
    """Answers POST /explain at the local door with the Assembly in force."""

    current: Callable[[], Assembly]
    ledger: Ledger
    clock: Clock

    async def __call__(self, command: Explain, key: ClientKey) -> Explained:
        """The explanation. Raises what a request may be refused for before it has a route."""
        request = read_request(_body(command))
        fallback = read_fallback(request.fields, request.model)
        for model in (request.model, *(fallback.models if fallback is not None else ())):
            check_model(key, model)
        now_ms = self.clock.now_ms()
        project = command.project or key.project
        call = Call(new_exchange_id(now_ms), now_ms, key, project, "", request, fallback=fallback)
        return await explain(call, self.current(), self.ledger, command.prompt_tokens)


def _body(command: Explain) -> bytes:
    """The request in question; one that is only a size says nothing."""
    fields: dict[str, object] = {"messages": [{"role": "user", "content": ""}]}
    if bytes(command.request) != bytes(NO_REQUEST):
        try:
            fields = dict(msgspec.json.decode(command.request, type=dict[str, msgspec.Raw]))
        except msgspec.ValidationError:
            raise InvalidParameter("`request` must be a JSON object", param="request") from None
    if command.model:
        fields["model"] = command.model
    if command.max_tokens is not None:
        fields.pop("max_completion_tokens", None)
        fields["max_tokens"] = command.max_tokens
    if command.stream:
        fields["stream"] = True
    return msgspec.json.encode(fields)
