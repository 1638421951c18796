"""Letting a call in: within the rates of its key, and with no more calls at once than the key may run."""

from bursar.assembly import Assembly
from bursar.domain.rates import RateUnit
from bursar.domain.refusals import AboveRate, RateLimited
from bursar.endpoints.context import Context
from bursar.pipeline.call import Call
from bursar.pipeline.candidates import Candidates
from bursar.pipeline.counting import count_prompt
from bursar.traffic import Place


async def enter(call: Call, assembly: Assembly, context: Context) -> Place:
    """The call's place, to be used as `with`. Raises RateLimited, AboveRate or UnknownModel.

    The prompt is counted here only where a rate of tokens asks for it; the pipeline's count then finds it counted.
    """
    tokens = 0
    rates = call.key.limits.rates
    if rates and any(rate.unit is RateUnit.TOKENS for rate in rates):
        tokens = (await count_prompt(call, Candidates(call, assembly).first, assembly)).tokens
    try:
        return context.traffic.enter(call.key, tokens)
    except (RateLimited, AboveRate) as refusal:
        context.turned_away.note(call, refusal)
        raise
