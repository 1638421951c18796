"""A request is written so that its route takes it: as little as must be is changed, and all of it is noted."""

import json
from typing import Any

import pytest

from bursar.dialects.lesson import lesson_of
from bursar.dialects.openai_chat_request import ChatRequest, read_request
from bursar.dialects.repair import write_repaired
from bursar.dialects.traits import PLAIN, Traits, traits_of

MESSAGES = [{"role": "user", "content": "hi"}]
TOOLS: list[dict[str, Any]] = [
    *MESSAGES,
    {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
]


def asks(**fields: object) -> ChatRequest:
    return read_request(json.dumps({"model": "x", "messages": MESSAGES, **fields}).encode())


def repaired(
    request: ChatRequest, model: str, limit: int | None = None, traits: Traits | None = None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    body, notes = write_repaired(request, model, limit, traits_of(model) if traits is None else traits)
    return json.loads(body), notes


def test_a_model_of_which_nothing_is_known_gets_what_came() -> None:
    fields = {"max_tokens": 5, "max_completion_tokens": 6, "temperature": 0.3, "x_unknown": {"deep": [1, 2]}}
    body, notes = repaired(asks(**fields), "practice-small")
    assert body == {"model": "practice-small", "messages": MESSAGES, **fields}
    assert notes == ()


@pytest.mark.parametrize(
    ("model", "sent", "got"),
    [
        ("o3-mini", "max_tokens", "max_completion_tokens"),
        ("openai/gpt-5", "max_tokens", "max_completion_tokens"),
        ("claude-sonnet-4-5", "max_completion_tokens", "max_tokens"),
        ("qwen3:8b", "max_completion_tokens", "max_tokens"),
        ("gpt-4o", "max_completion_tokens", "max_completion_tokens"),
        ("gpt-4o", "max_tokens", "max_tokens"),
    ],
)
def test_the_limit_has_the_name_that_the_model_takes(model: str, sent: str, got: str) -> None:
    body, notes = repaired(asks(**{sent: 50}), model)
    assert {name: body[name] for name in body if "tokens" in name} == {got: 50}
    assert notes == (() if sent == got else (f"renamed {sent}",))


def test_a_limit_above_the_models_own_is_lowered() -> None:
    body, notes = repaired(asks(max_tokens=99_999), "gpt-4o")
    assert body["max_tokens"] == 16_384
    assert notes == ("lowered max_tokens to 16384",)
    body, notes = repaired(asks(), "gpt-4-turbo", 5000)
    assert body["max_tokens"] == 4096


def test_a_limit_of_ours_takes_the_place_of_both() -> None:
    body, _ = repaired(asks(max_tokens=50, max_completion_tokens=60), "practice-small", 40)
    assert {name: body[name] for name in body if "tokens" in name} == {"max_completion_tokens": 40}


def test_what_a_family_refuses_is_left_out() -> None:
    request = asks(temperature=0.2, top_p=1, parallel_tool_calls=True, reasoning_effort="low")
    body, notes = repaired(request, "o4-mini")
    assert set(body) == {"model", "messages", "top_p", "reasoning_effort"}
    assert notes == ("dropped parallel_tool_calls", "dropped temperature")
    body, notes = repaired(request, "gpt-4.1-mini")
    assert (set(body) & {"temperature", "reasoning_effort"}, notes) == ({"temperature"}, ("dropped reasoning_effort",))


def test_tool_results_are_flattened_only_where_they_must_be() -> None:
    request = read_request(json.dumps({"model": "x", "messages": TOOLS}).encode())
    assert repaired(request, "x", traits=PLAIN)[0]["messages"] == TOOLS
    body, notes = repaired(request, "x", traits=Traits(flat_results=True))
    assert body["messages"] == [TOOLS[0], {**TOOLS[1], "content": "a\nb"}]
    assert notes == ("flattened tool results",)
    image = [{"role": "tool", "tool_call_id": "1", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    request = read_request(json.dumps({"model": "x", "messages": image}).encode())
    assert repaired(request, "x", traits=Traits(flat_results=True))[0]["messages"] == image


LESSONS: list[tuple[str, dict[str, object], str, str, str | None, Traits | None]] = [
    (
        "openai limit",
        {"max_tokens": 9},
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "unsupported_parameter",
        "max_tokens",
        Traits(limit_field="max_completion_tokens"),
    ),
    (
        "openai value",
        {"temperature": 0.2},
        "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) is supported.",
        "unsupported_value",
        "temperature",
        Traits(refuses=frozenset({"temperature"})),
    ),
    (
        "openai unknown",
        {"reasoning_effort": "low"},
        "Unrecognized request argument supplied: reasoning_effort",
        "invalid_request",
        None,
        Traits(refuses=frozenset({"reasoning_effort"})),
    ),
    (
        "fastapi",
        {"parallel_tool_calls": True},
        "parallel_tool_calls: Extra inputs are not permitted",
        "invalid_request",
        None,
        Traits(refuses=frozenset({"parallel_tool_calls"})),
    ),
    (
        "go",
        {"seed": 1},
        'json: unknown field "seed"',
        "invalid_request",
        None,
        Traits(refuses=frozenset({"seed"})),
    ),
    (
        "our own field",
        {"stream": True},
        "stream_options is not supported",
        "invalid_request",
        None,
        Traits(refuses=frozenset({"stream_options"})),
    ),
    (
        "openai most",
        {"max_tokens": 50_000},
        "max_tokens is too large: 50000. This model supports at most 16384 completion tokens.",
        "invalid_value",
        "max_tokens",
        Traits(output_limit=16_384),
    ),
    (
        "anthropic most",
        {"max_tokens": 50_000},
        "max_tokens: 50000 > 8192, which is the maximum allowed number of output tokens for claude-3-5",
        "invalid_request",
        None,
        Traits(output_limit=8192),
    ),
    (
        "deepseek most",
        {"max_tokens": 50_000},
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        "invalid_request",
        None,
        Traits(output_limit=8192),
    ),
    (
        "both",
        {"temperature": 0.2, "top_p": 0.5},
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        "invalid_request",
        None,
        Traits(refuses=frozenset({"top_p"})),
    ),
    (
        "flat",
        {"messages": TOOLS},
        "messages.1.content: Input should be a valid string",
        "invalid_request",
        None,
        Traits(flat_results=True),
    ),
    ("a field that was not sent", {}, "Unsupported parameter: 'seed'", "unsupported_parameter", "seed", None),
    ("never the tools", {"tools": []}, "tools is not supported", "unsupported_parameter", "tools", None),
    ("something else", {"temperature": 3}, "temperature must be between 0 and 2", "invalid", "temperature", None),
]


@pytest.mark.parametrize(
    ("fields", "message", "code", "param", "lesson"), [each[1:] for each in LESSONS], ids=[each[0] for each in LESSONS]
)
def test_a_no_to_a_parameter_teaches(
    fields: dict[str, object], message: str, code: str, param: str | None, lesson: Traits | None
) -> None:
    assert lesson_of(asks(**fields), message, code, param) == lesson
