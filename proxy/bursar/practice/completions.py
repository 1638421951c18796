"""`POST /v1/completions`: the older form, with which editors still fill in the middle."""

import msgspec

from bursar.practice import completion_grammar
from bursar.practice.asks import CompletionRequest, check, read
from bursar.practice.inputs import inputs_of
from bursar.practice.prompt import Prompt, plain_prompt
from bursar.practice.reply import Choice, Reply, nth_digest, written
from bursar.practice.talk import Talk, answer, asked_model
from bursar.practice.visit import Visit

DEFAULT_LIMIT = 16
"""The `max_tokens` of OpenAI's completions where none is given."""

_decoder = msgspec.json.Decoder(CompletionRequest)


async def complete(visit: Visit) -> None:
    """Complete a prompt, or each of several. Raises Declined."""
    request = read(_decoder, await visit.body())
    check(request, request.max_tokens)
    model, fault = asked_model(request.model)
    visit.serving.asks_for(request.model, model.price)
    state = visit.state
    limit = DEFAULT_LIMIT if request.max_tokens is None else request.max_tokens
    bound = limit if fault is None or fault.keeps_limit else None
    prompts = [plain_prompt(one, request.suffix or "", state.memo) for one in inputs_of(request.prompt, "prompt")]
    choices = []
    for one in prompts:
        for index in range(request.n or 1):
            digest = nth_digest(one.digest, index)
            choices.append(Choice(*written(digest, one, model, request.stops, bound, state.memo)))
    prompt = Prompt([section for one in prompts for section in one.sections], prompts[0].digest, state.memo)
    prompt.start(state.aside)
    reply = Reply(
        f"cmpl-{prompt.digest.hex()}{state.next_number():06x}",
        state.seconds(),
        request.model,
        choices,
        echo=request.prompt if request.echo and isinstance(request.prompt, str) else "",
    )
    await answer(visit, Talk(request, model, fault, prompt, reply, completion_grammar, opening=0))
