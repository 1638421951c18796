"""Bodies in the shape of Responses and of Messages, as Cursor sends them to the chat endpoint, and chats left alone."""

import json
from typing import Any

import pytest

from bursar.dialects.chat_shapes import as_chat
from bursar.dialects.openai_chat_request import read_request
from bursar.domain.refusals import InvalidParameter, MissingParameter

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def chat(body: dict[str, Any]) -> dict[str, Any]:
    """The fields that a body is read into, as plain values."""
    return {name: json.loads(bytes(each)) for name, each in read_request(json.dumps(body).encode()).fields.items()}


AGENT = {
    "model": "px-coder",
    "input": [
        {"role": "developer", "content": "You are an agent."},
        {"role": "user", "content": [{"type": "input_text", "text": "Fix"}, {"type": "input_text", "text": "it."}]},
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAA", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
        {"type": "function_call", "call_id": "call_1", "name": "read", "arguments": '{"path":"a.py"}'},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "ApplyPatch", "input": '*** Begin "Patch"'},
        {"type": "function_call_output", "call_id": "call_1", "output": "print(1)"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "done"}]},
    ],
    "tools": [
        {"type": "function", "name": "read", "description": "Reads.", "parameters": WEATHER, "strict": False},
        {
            "type": "custom",
            "name": "ApplyPatch",
            "description": "Edits files.",
            "format": {"type": "grammar", "syntax": "lark", "definition": "start: begin_patch"},
        },
        {"type": "web_search"},
    ],
    "tool_choice": "auto",
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "reasoning": {"effort": "high", "summary": "auto"},
    "text": {"verbosity": "low"},
    "prompt_cache_retention": "24h",
    "previous_response_id": None,
    "truncation": "auto",
    "user": "u1",
    "metadata": {},
    "max_output_tokens": 500,
    "stream": True,
    "stream_options": {"include_usage": True},
}
"""What an agent sends for a GPT-named model, every field of which is in the reports."""


def test_an_agents_body_in_the_shape_of_responses_is_a_chat() -> None:
    fields = chat(AGENT)
    patch = fields["tools"][1]["function"]
    assert "lark grammar:\nstart: begin_patch" in patch["description"]
    assert patch["parameters"]["required"] == ["input"]
    assert fields["tools"][0] == {
        "type": "function",
        "function": {"name": "read", "description": "Reads.", "parameters": WEATHER, "strict": False},
    }
    assert [each["function"]["name"] for each in fields["tools"]] == ["read", "ApplyPatch"]
    assert fields["messages"] == [
        {"role": "system", "content": "You are an agent."},
        {"role": "user", "content": "Fix\nit."},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "read", "arguments": '{"path":"a.py"}'}},
                {
                    "id": "call_2",
                    "type": "function",
                    "function": {"name": "ApplyPatch", "arguments": '{"input":"*** Begin \\"Patch\\""}'},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "print(1)"},
        {"role": "tool", "tool_call_id": "call_2", "content": "done"},
    ]
    rest = {name: each for name, each in fields.items() if name not in ("messages", "tools")}
    assert rest == {
        "model": "px-coder",
        "user": "u1",
        "stream": True,
        "stream_options": {"include_usage": True},
        "tool_choice": "auto",
        "max_tokens": 500,
        "reasoning_effort": "high",
        "verbosity": "low",
    }


def test_what_a_body_in_the_shape_of_responses_asks_is_read_as_of_any_chat() -> None:
    request = read_request(json.dumps(AGENT).encode())
    assert (request.model, request.stream, request.wants_usage, request.limit) == ("px-coder", True, True, 500)
    assert len(request.parts.messages) == 5
    assert request.parts.tools is not None


def test_the_small_forms_of_responses() -> None:
    assert chat({"model": "m", "input": "Hello", "instructions": "Be kind."})["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
    ]
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"}
    seen = chat({"model": "m", "input": [{"role": "user", "content": [picture]}]})["messages"][0]["content"]
    assert seen == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}}]
    schema = {"type": "json_schema", "name": "city", "schema": WEATHER, "strict": True}
    assert chat({"model": "m", "input": "x", "text": {"format": schema}})["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "city", "schema": WEATHER, "strict": True},
    }
    shown = {"type": "function_call_output", "call_id": "c", "output": [picture]}
    assert [each["role"] for each in chat({"model": "m", "input": [shown]})["messages"]] == ["tool", "user"]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"type": "function", "name": "read"}, {"type": "function", "function": {"name": "read"}}),
        ({"type": "custom", "name": "ApplyPatch"}, {"type": "function", "function": {"name": "ApplyPatch"}}),
        ({"type": "allowed_tools", "mode": "required", "tools": []}, "required"),
        ({"type": "web_search_preview"}, None),
    ],
)
def test_the_choice_of_a_tool_in_responses(choice: object, said: object) -> None:
    assert chat({**AGENT, "tool_choice": choice}).get("tool_choice") == said


@pytest.mark.parametrize("given", [5, {"role": "user"}, [5]])
def test_an_input_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(InvalidParameter) as no:
        chat({"model": "m", "input": given})
    assert no.value.param == "input"


CLAUDE = {
    "model": "px-other",
    "messages": [
        {"role": "system", "content": "You are an agent."},
        {"role": "user", "content": [{"type": "text", "text": "Fix it.", "cache_control": {"type": "ephemeral"}}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "x"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a.py"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "print(1)"}]},
                {"type": "text", "text": "Go on."},
            ],
        },
    ],
    "tools": [{"name": "read", "description": "Reads.", "input_schema": WEATHER}],
    "tool_choice": {"type": "auto"},
    "stream": True,
}
"""What an agent sends for a Claude-named model."""


def test_an_agents_body_in_the_shape_of_messages_is_a_chat() -> None:
    assert chat(CLAUDE) == {
        "model": "px-other",
        "stream": True,
        "messages": [
            {"role": "system", "content": "You are an agent."},
            {"role": "user", "content": "Fix it."},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {"id": "toolu_1", "type": "function", "function": {"name": "read", "arguments": '{"path":"a.py"}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "toolu_1", "content": "print(1)"},
            {"role": "user", "content": "Go on."},
        ],
        "tools": [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": WEATHER}}],
        "tool_choice": "auto",
    }


def test_a_first_turn_with_tools_of_messages_keeps_its_messages_as_they_came() -> None:
    message = '{"role": "user",   "content": "Hello"}'
    body = (
        f'{{"model":"m","messages":[{message}],"tools":{json.dumps(CLAUDE["tools"])},"tool_choice":{{"type":"any"}}}}'
    )
    request = read_request(body.encode())
    assert bytes(request.parts.messages[0]).decode() == message
    assert json.loads(bytes(request.fields["tool_choice"])) == "required"
    assert json.loads(bytes(request.fields["tools"]))[0]["function"]["name"] == "read"


def test_pictures_documents_errors_and_stops_of_messages() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "AA=="}
    result = {
        "type": "tool_result",
        "tool_use_id": "t",
        "is_error": True,
        "content": [{"type": "text", "text": "no"}, {"type": "image", "source": source}],
    }
    fields = chat(
        {
            "model": "m",
            "system": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}],
            "messages": [
                {"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": "See."}]},
                {"role": "user", "content": [result]},
            ],
            "max_tokens": 9,
            "stop_sequences": ["END"],
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "tool_choice": {"type": "tool", "name": "read", "disable_parallel_tool_use": True},
            "tools": CLAUDE["tools"],
        }
    )
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    assert fields["messages"] == [
        {"role": "system", "content": "A\n\nB"},
        {"role": "user", "content": [picture, {"type": "text", "text": "See."}]},
        {"role": "tool", "tool_call_id": "t", "content": "Error: no"},
        {"role": "user", "content": [picture]},
    ]
    assert fields["tool_choice"] == {"type": "function", "function": {"name": "read"}}
    assert (fields["parallel_tool_calls"], fields["stop"], fields["max_tokens"]) == (False, ["END"], 9)
    assert "thinking" not in fields


def test_a_picture_of_messages_makes_a_chat_without_tools_one_of_theirs() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "AA=="}
    said = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]
    shown = {"content": [{"type": "text", "text": "See."}, {"type": "image", "source": source}], "role": "user"}
    fields = chat({"model": "m", "messages": [*said, shown], "tools": None})
    assert fields["messages"][:2] == said
    assert fields["messages"][2]["content"][1] == {
        "type": "image_url",
        "image_url": {"url": "data:image/png;base64,AA=="},
    }


def test_a_custom_tool_beside_functions_of_a_chat() -> None:
    nested = {"type": "function", "function": {"name": "read", "parameters": WEATHER}}
    call = {"id": "c", "type": "function", "function": {"name": "ApplyPatch", "arguments": "*** Begin Patch"}}
    fields = chat(
        {
            "model": "m",
            "messages": [{"role": "assistant", "content": None, "tool_calls": [call]}],
            "tools": [nested, {"type": "custom", "name": "ApplyPatch"}],
        }
    )
    assert fields["tools"][0] == nested
    assert fields["tools"][1]["function"]["name"] == "ApplyPatch"
    arguments = fields["messages"][0]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"input": "*** Begin Patch"}


def test_a_chat_passes_untouched() -> None:
    body = {
        "model": "m",
        # A text that quotes the words of another shape, and a field that a vendor takes beside its messages.
        "messages": [{"role": "user", "content": 'What is "tool_use", or {"source": 1}?'}],
        "tools": [
            {"type": "function", "function": {"name": "read", "parameters": WEATHER}},
            {"type": "custom", "custom": {"name": "free"}},
        ],
        "tool_choice": {"type": "function", "function": {"name": "read"}},
        "thinking": {"type": "enabled"},
        "input": None,
    }
    raw = read_request(json.dumps(body).encode()).fields
    assert as_chat(raw, ()).fields is raw
    assert {name: json.loads(bytes(each)) for name, each in raw.items()} == body


def test_neither_messages_nor_input_is_still_refused() -> None:
    with pytest.raises(MissingParameter) as no:
        chat({"model": "m"})
    assert no.value.param == "messages"
