"""Tools: what is called, when, and with what."""

import json
from typing import Any

PATH = "/v1/chat/completions"


def tool(name: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": "does it", "parameters": parameters}}


WEATHER = tool("get_weather", city={"type": "string"}, days={"type": "integer", "minimum": 2})
TIME = tool("get_time", zone={"enum": ["UTC", "CET"]})
TOOLS = [WEATHER, TIME]


async def test_a_tool_that_is_named_is_called_with_fitting_arguments(ask: Any, count: Any) -> None:
    answer = await ask.chat("practice", "Use get_weather for Lisbon", tools=TOOLS)
    choice = answer.json["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    (call,) = choice["message"]["tool_calls"]
    assert (call["type"], call["function"]["name"]) == ("function", "get_weather")
    assert json.loads(call["function"]["arguments"]) == {"city": "Lisbon", "days": 2}
    expected = count("get_weather") + count(call["function"]["arguments"])
    assert answer.json["usage"]["completion_tokens"] == expected


async def test_a_streamed_call_adds_up_to_the_plain_one(ask: Any) -> None:
    say = "Use get_weather and get_time for Lisbon"
    plain = await ask.chat("practice", say, tools=TOOLS)
    stream = await ask.chat("practice", say, tools=TOOLS, stream=True, stream_options={"include_usage": True})
    calls: dict[int, dict[str, str]] = {}
    for event in stream.events:
        for choice in event["choices"]:
            for part in choice["delta"].get("tool_calls", ()):
                call = calls.setdefault(part["index"], {"id": "", "name": "", "arguments": ""})
                call["id"] += part.get("id", "")
                call["name"] += part["function"].get("name", "")
                call["arguments"] += part["function"]["arguments"]
    whole = plain.json["choices"][0]["message"]["tool_calls"]
    assert [calls[0], calls[1]] == [{"id": call["id"], **call["function"]} for call in whole]
    assert len({call["id"] for call in whole}) == 2
    assert stream.events[-2]["choices"][0]["finish_reason"] == "tool_calls"
    assert stream.events[-1]["usage"]["completion_tokens"] == plain.json["usage"]["completion_tokens"]


async def test_a_choice_decides(ask: Any) -> None:
    def called(answer: Any) -> list[str]:
        return [call["function"]["name"] for call in answer.json["choices"][0]["message"].get("tool_calls", ())]

    chosen = {"type": "function", "function": {"name": "get_time"}}
    assert called(await ask.chat("practice", "hello", tools=TOOLS, tool_choice=chosen)) == ["get_time"]
    assert called(await ask.chat("practice", "hello", tools=TOOLS, tool_choice="required")) == ["get_weather"]
    assert called(await ask.chat("practice", "hello", tools=TOOLS)) == []
    assert called(await ask.chat("practice", "call get_weather", tools=TOOLS, tool_choice="none")) == []
    assert called(await ask.chat("practice", "call get_weather2", tools=TOOLS)) == []
    both = "get_weather, get_time"
    assert called(await ask.chat("practice", both, tools=TOOLS, parallel_tool_calls=False)) == ["get_weather"]
    unknown = {"type": "function", "function": {"name": "nowhere"}}
    assert (await ask.chat("practice", "hello", tools=TOOLS, tool_choice=unknown)).status == 400


async def test_a_result_is_answered_in_text(ask: Any, count: Any) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "get_time", "arguments": '{"zone":"UTC"}'}}
    messages = [
        {"role": "user", "content": "call get_time"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "12:00"},
    ]
    answer = await ask.post(PATH, model="practice", messages=messages, tools=[TIME])
    assert answer.json["choices"][0]["finish_reason"] == "stop"
    assert answer.text.startswith("You asked about call")
    expected = 3 + count(json.dumps([TIME]))
    expected += 3 + count("user") + count("call get_time")
    expected += 3 + count("assistant") + count("get_time") + count('{"zone":"UTC"}') + 3
    expected += 3 + count("tool") + count("12:00")
    assert answer.json["usage"]["prompt_tokens"] == expected


async def test_arguments_are_cut_at_the_limit(ask: Any, count: Any) -> None:
    whole = await ask.chat("practice", "Use get_weather for Lisbon", tools=TOOLS)
    total = whole.json["usage"]["completion_tokens"]
    for limit in range(1, total):
        answer = await ask.chat("practice", "Use get_weather for Lisbon", tools=TOOLS, max_tokens=limit)
        calls = answer.json["choices"][0]["message"].get("tool_calls", ())
        used = sum(count(call["function"]["name"]) + count(call["function"]["arguments"]) for call in calls)
        assert answer.json["usage"]["completion_tokens"] == used <= limit
        assert answer.json["choices"][0]["finish_reason"] == "length"


async def test_other_tools_are_let_be(ask: Any) -> None:
    answer = await ask.chat("practice", "hello", tools=[{"type": "web_search"}, {"type": "custom", "custom": {}}])
    assert answer.status == 200
    assert (await ask.chat("practice", "hello", tools=None)).status == 200
    assert (await ask.chat("practice", "hello", tools="all of them")).status == 400
