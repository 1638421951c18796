"""`POST /v1/chat/completions`."""

import msgspec

from bursar.practice import chat_grammar
from bursar.practice.asks import ChatRequest, check_chat, read
from bursar.practice.prompt import chat_prompt
from bursar.practice.reply import Reply, chat_choices
from bursar.practice.talk import Talk, answer, asked_model
from bursar.practice.visit import Visit

_decoder = msgspec.json.Decoder(ChatRequest)


async def chat(visit: Visit) -> None:
    """Answer a chat. Raises Declined."""
    request = read(_decoder, await visit.body())
    check_chat(request)
    model, fault = asked_model(request.model)
    visit.serving.asks_for(request.model, model.price)
    if fault is not None and not fault.keeps_limit:
        request.max_tokens = request.max_completion_tokens = None
    state = visit.state
    prompt = chat_prompt(request.messages, bytes(request.tools).decode("utf-8", "replace"), state.memo)
    prompt.start(state.aside)
    reply = Reply(
        f"chatcmpl-{prompt.digest.hex()}{state.next_number():06x}",
        state.seconds(),
        request.model,
        chat_choices(request, model, prompt, state.memo),
        logprobs=bool(request.logprobs),
    )
    await answer(visit, Talk(request, model, fault, prompt, reply, chat_grammar, len(reply.choices)))
