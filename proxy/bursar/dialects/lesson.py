"""Lesson: what an upstream's no to a parameter teaches of its model, so that the next try leaves it out.

The sentences are those of OpenAI, Azure, Anthropic, DeepSeek, Groq, vLLM and other FastAPI servers, and of
servers written in Go.
"""

import re

from bursar.dialects.openai_chat_request import ChatRequest
from bursar.dialects.repair import has_result_lists
from bursar.dialects.traits import LIMIT_FIELDS, NEW_LIMIT, OLD_LIMIT, Traits

DROPPABLE = frozenset(
    {
        *("temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty"),
        *("logprobs", "top_logprobs", "logit_bias", "seed", "user", "store", "metadata", "service_tier", "verbosity"),
        *("reasoning_effort", "reasoning", "thinking", "parallel_tool_calls", "stream_options", "prediction"),
        *(
            "safety_identifier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "include_reasoning",
            "chat_template_kwargs",
        ),
    }
)
"""What may be left out without asking for something else: never messages, tools or the form of the answer."""

_CODES = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter", "unrecognized_parameter"})
_NOT_TAKEN = re.compile(
    r"unsupported (?:parameter|value)|unrecognized request argument|unknown (?:parameter|field|name)"
    r"|extra inputs are not permitted|not (?:currently )?supported|does(?: not|n't) support|is unsupported"
    r"|unexpected (?:keyword|property|field|parameter)|not permitted|not allowed|cannot both be specified",
    re.IGNORECASE,
)
_LARGEST = (
    re.compile(r"at most (\d[\d,]*) (?:completion|output) tokens", re.IGNORECASE),
    re.compile(r"max(?:_completion)?_tokens: \d[\d,]* > (\d[\d,]*)", re.IGNORECASE),
    re.compile(r"valid range of max(?:_completion)?_tokens is \[\d+, ?(\d[\d,]*)\]", re.IGNORECASE),
    re.compile(r"max(?:_completion)?_tokens[`'\"]? (?:must|should|cannot|can't|may).{0,60}?(\d[\d,]*)", re.IGNORECASE),
)
_TEXT_WANTED = re.compile(
    r"valid string|must be (?:a )?string|expected (?:a )?string|not of type 'string'|unmarshal array|str type expected",
    re.IGNORECASE,
)


def lesson_of(request: ChatRequest, message: str, code: str, param: str | None) -> Traits | None:
    """What a refusal of this request teaches of the model; None where it is about something else."""
    largest = next((found for pattern in _LARGEST if (found := pattern.search(message))), None)
    if largest is not None and request.limit is not None:
        most = int(largest[1].replace(",", ""))
        if 0 < most < request.limit:
            return Traits(output_limit=most)
    if _TEXT_WANTED.search(message) and "content" in f"{param} {message}" and has_result_lists(request):
        return Traits(flat_results=True)
    if code not in _CODES and not _NOT_TAKEN.search(message):
        return None
    sent = (request.fields.keys() | ({"stream_options"} if request.stream else set())) & (DROPPABLE | LIMIT_FIELDS)
    named = {name for name in sent if param == name or re.search(rf"(?<![\w.]){name}(?![\w])", message)}
    if named & LIMIT_FIELDS:
        field = NEW_LIMIT if request.limit_field == OLD_LIMIT else OLD_LIMIT
        return Traits(limit_field=field)
    if param in named:
        named = {param}
    elif len(named) > 1 and "both" in message:
        named = {max(named)}  # `temperature` and `top_p` exclude each other at some vendors: one of them may stay
    return Traits(refuses=frozenset(named)) if named else None
