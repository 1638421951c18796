"""Prompt counts: what OpenAI's API is known to have charged, and what every odd request must survive."""

import json
import random
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from fakes.counting import prompt_tokens, text_tokens
from fakes.work import calls_made, watched_encoders
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects.canonical import PromptParts
from bursar.dialects.openai_chat_request import read_request
from bursar.dialects.openings import Messages, Openings
from bursar.metering.count import PromptCounter, scaled
from bursar.tokens.text import TextCounter
from bursar.tokens.vocabulary import Vocabularies

MakeParts = Callable[..., PromptParts]

TEXT = {"type": "string"}
HELLO = [{"role": "user", "content": "hello"}]


def function(name: str, properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties or {}}
    if "required" in more:
        parameters["required"] = more.pop("required")
    return {"name": name, "parameters": parameters, **more}


def spoken(system: str, *more: str) -> list[dict[str, str]]:
    systems = [{"role": "system", "content": text} for text in (system, *more)]
    return [*systems, {"role": "user", "content": "Hi there"}]


BING_BONG = {"description": "Do a bing bong"}
WEATHER = function(
    "get_current_weather",
    {
        "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
        "unit": {
            "type": "string",
            "description": "The unit of temperature to return",
            "enum": ["celsius", "fahrenheit"],
        },
    },
    description="Get the current weather in a given location",
    required=["location"],
)
WEATHER_TALK = [
    {
        "role": "system",
        "content": "You are a helpful assistant that can answer to questions about the weather.",
    },
    {"role": "user", "content": "What's the weather like in San Francisco?"},
]
RECIPE = function(
    "get_recipe",
    {
        "ingredients": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "unit", "amount"],
                "properties": {
                    "name": TEXT,
                    "unit": {"enum": ["grams", "ml", "cups", "pieces", "teaspoons"], "type": "string"},
                    "amount": {"type": "number"},
                },
            },
        },
        "instructions": {"type": "array", "items": TEXT, "description": "Steps to prepare the recipe (no numbering)"},
        "time_to_cook": {"type": "number", "description": "Total time to prepare the recipe in minutes"},
    },
    required=["ingredients", "instructions", "time_to_cook"],
)
NESTED = {"type": "object", "properties": {"bar": {**TEXT, "enum": ["a", "b", "c"]}, "baz": {"type": "boolean"}}}
ARGUMENTS = '{"foo": "bar", "baz": 1.5}'

# Inputs and what the API reported as `usage.prompt_tokens` for them, 2023 and 2024: published in the tests of
# hmarr/openai-chat-tokens (gpt-3.5-turbo), and in the OpenAI cookbook's notebook on counting tokens (the weather).
KNOWN = [
    ("gpt-3.5-turbo", 8, HELLO, {}),
    ("gpt-3.5-turbo", 9, [{"role": "user", "content": "hello world"}], {}),
    ("gpt-3.5-turbo", 9, [{"role": "system", "content": "hello:"}], {}),
    (
        "gpt-3.5-turbo",
        15,
        [{"role": "user", "content": "hello world"}, {"role": "function", "name": "do_stuff", "content": "{}"}],
        {},
    ),
    (
        "gpt-3.5-turbo",
        28,
        [{"role": "user", "content": "hello world"}, {"role": "function", "name": "do_stuff", "content": ARGUMENTS}],
        {},
    ),
    (
        "gpt-3.5-turbo",
        26,
        [{"role": "assistant", "content": "", "function_call": {"name": "do_stuff", "arguments": ARGUMENTS}}],
        {},
    ),
    ("gpt-3.5-turbo", 31, HELLO, {"tools": [function("foo")]}),
    ("gpt-3.5-turbo", 32, HELLO, {"tools": [function("foo")], "tool_choice": "none"}),
    ("gpt-3.5-turbo", 31, HELLO, {"tools": [function("foo")], "tool_choice": "auto"}),
    ("gpt-3.5-turbo", 36, HELLO, {"tools": [function("foo")], "tool_choice": {"name": "foo"}}),
    ("gpt-3.5-turbo", 36, HELLO, {"tools": [function("foo", description="Do a foo")]}),
    ("gpt-3.5-turbo", 49, HELLO, {"tools": [function("bing_bong", {"foo": TEXT}, **BING_BONG)]}),
    (
        "gpt-3.5-turbo",
        57,
        HELLO,
        {
            "tools": [
                function("bing_bong", {"foo": TEXT, "bar": {"type": "number", "description": "A number"}}, **BING_BONG)
            ]
        },
    ),
    ("gpt-3.5-turbo", 68, HELLO, {"tools": [function("bing_bong", {"foo": NESTED}, **BING_BONG)]}),
    ("gpt-3.5-turbo", 35, spoken("Hello"), {"tools": [function("do_stuff")]}),
    ("gpt-3.5-turbo", 35, spoken("Hello:"), {"tools": [function("do_stuff")]}),
    ("gpt-3.5-turbo", 40, spoken("Hello:", "Hello"), {"tools": [function("do_stuff")]}),
    ("gpt-3.5-turbo", 49, spoken("Hello:", "Hello"), {"tools": [function("do_stuff"), function("do_other_stuff")]}),
    ("gpt-3.5-turbo", 106, HELLO, {"tools": [RECIPE]}),
    ("gpt-3.5-turbo", 105, WEATHER_TALK, {"tools": [{"type": "function", "function": WEATHER}]}),
    ("gpt-4", 105, WEATHER_TALK, {"tools": [{"type": "function", "function": WEATHER}]}),
    ("gpt-4o", 101, WEATHER_TALK, {"tools": [{"type": "function", "function": WEATHER}]}),
    ("gpt-4o-mini", 101, WEATHER_TALK, {"tools": [{"type": "function", "function": WEATHER}]}),
]


@pytest.mark.parametrize(("model", "charged", "messages", "fields"), KNOWN)
def test_known_prompts_count_as_they_were_charged(
    counter: PromptCounter,
    parts_of: MakeParts,
    model: str,
    charged: int,
    messages: list[Any],
    fields: dict[str, Any],
) -> None:
    parts = parts_of(messages, **fields)
    assert prompt_tokens(counter, parts, model) == charged
    assert prompt_tokens(counter, parts_of(messages, **fields), model) == charged, "the same from memory"


def test_forms_of_the_same_tools_count_alike(counter: PromptCounter, parts_of: MakeParts) -> None:
    anthropic = {"name": "foo", "description": "Do a foo", "input_schema": function("foo")["parameters"]}
    plain = function("foo", description="Do a foo")
    counts = {
        prompt_tokens(counter, parts_of(HELLO, tools=[tool]), "gpt-4o")
        for tool in (anthropic, plain, {"type": "function", **plain}, {"type": "function", "function": plain})
    }
    assert len(counts) == 1


def test_no_tools_cost_nothing(counter: PromptCounter, parts_of: MakeParts) -> None:
    without = prompt_tokens(counter, parts_of(HELLO), "gpt-4o")
    for none in (list[str](), None, dict[str, str]()):
        assert prompt_tokens(counter, parts_of(HELLO, tools=none), "gpt-4o") == without


def test_factors_are_on_the_text(counter: PromptCounter, parts_of: MakeParts) -> None:
    parts = parts_of([{"role": "user", "content": "word " * 995}])
    plain = prompt_tokens(counter, parts, "gpt-4o")
    assert prompt_tokens(counter, parts, "claude-sonnet-4-5") == scaled(plain, 1_200)
    assert prompt_tokens(counter, parts, "claude-opus-4-7") == scaled(plain, 1_500)
    assert prompt_tokens(counter, parts, "some-new-model") == scaled(plain, 1_100)
    assert scaled(1, 1_100) == 2


def test_media_are_counted_by_rule_and_not_scaled(counter: PromptCounter, parts_of: MakeParts) -> None:
    url = "https://example.test/a.png"
    image = {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
    text = {"type": "text", "text": "What is this?"}
    for model, expected in (("gpt-4o", 85), ("gpt-4o-mini", 2833), ("gemini-3-pro", 280)):
        with_it = prompt_tokens(counter, parts_of([{"role": "user", "content": [text, image]}]), model)
        without = prompt_tokens(counter, parts_of([{"role": "user", "content": [text]}]), model)
        assert with_it - without == expected


def test_plain_prompts_and_formats(counter: PromptCounter, parts_of: MakeParts) -> None:
    assert prompt_tokens(counter, parts_of([], text=("hello world", "hello")), "gpt-4o") == 3
    assert prompt_tokens(counter, parts_of([]), "gpt-4o") == 1
    free = prompt_tokens(counter, parts_of(HELLO, response_format={"type": "json_object"}), "gpt-4o")
    schema = {"type": "json_schema", "json_schema": {"name": "answer", "schema": NESTED}}
    assert free == prompt_tokens(counter, parts_of(HELLO), "gpt-4o")
    assert prompt_tokens(counter, parts_of(HELLO, response_format=schema), "gpt-4o") > free + 20


def test_an_answers_text_is_counted_with_the_models_factor(counter: PromptCounter) -> None:
    assert text_tokens(counter, "hello world", "gpt-4o") == 2
    assert text_tokens(counter, "hello world", "claude-opus-5") == 3
    assert text_tokens(counter, "", "gpt-4o") == 0


def conversation(turns: int, size: int) -> list[dict[str, str]]:
    chance = random.Random(turns)
    words = ("alpha", "beta", "return", "value", "the", "async", "Token", "12", "naïve")
    return [
        {"role": "assistant" if turn % 2 else "user", "content": f"{turn} " + " ".join(chance.choices(words, k=size))}
        for turn in range(turns)
    ]


def test_only_what_is_new_is_fresh(counter: PromptCounter, parts_of: MakeParts) -> None:
    turns = conversation(40, 50)
    first = parts_of(turns)
    sizes = [len(bytes(raw)) for raw in first.messages]
    assert counter.fresh_bytes(first, "gpt-4o") == sum(sizes)
    counted = prompt_tokens(counter, first, "gpt-4o")
    assert counter.fresh_bytes(parts_of(turns), "gpt-4o") == 0
    assert counter.fresh_bytes(parts_of(turns), "gpt-4") == sum(sizes), "another encoding, other counts"

    news = {"role": "user", "content": "and then?"}
    grown = parts_of([*turns, news], tools=[WEATHER])
    fresh = counter.fresh_bytes(grown, "gpt-4o")
    assert fresh == len(bytes(grown.messages[-1])) + len(msgspec.json.encode([WEATHER]))
    assert prompt_tokens(counter, grown, "gpt-4o") > counted
    assert counter.fresh_bytes(grown, "gpt-4o") == 0
    assert prompt_tokens(counter, parts_of(turns), "gpt-4o") == counted


ROUGH = {
    "prose": conversation(20, 400),
    "chinese": [{"role": "user", "content": "我们需要在预算之内完成这个任务。" * 500}],
    "code": [{"role": "user", "content": "for (let i = 0; i < n; i++) { a[i] ^= b[i] >>> 3; }\n" * 500}],
    "text parts": [{"role": "user", "content": [{"type": "text", "text": "a word or two " * 500}]}],
    "a tool's result": [{"role": "tool", "tool_call_id": "c1", "content": json.dumps(list(range(4000)))}],
}


@pytest.mark.parametrize("kind", ROUGH)
def test_a_bound_by_a_sample_holds_for_text(kind: str, counter: PromptCounter, parts_of: MakeParts) -> None:
    for model in ("gpt-4o", "gpt-4", "claude-opus-5"):
        parts = parts_of(ROUGH[kind], tools=[WEATHER])
        rough = PromptCounter(counter.text).rough(parts, model)
        assert rough is not None
        exact = PromptCounter(counter.text).prompt(parts, model).text
        assert exact <= rough[1].text
        assert exact * 0.8 < rough[0].text < exact * 1.3


def test_what_is_known_already_is_exact_in_a_bound(counter: PromptCounter, parts_of: MakeParts) -> None:
    turns = conversation(30, 200)
    known = prompt_tokens(counter, parts_of(turns), "gpt-4o")
    rough = counter.rough(parts_of([*turns, {"role": "user", "content": "and " * 300}]), "gpt-4o")
    assert rough is not None
    assert known < rough[0].text <= rough[1].text < known + 700


@pytest.mark.parametrize("place", [0, 1])
def test_nothing_is_bounded_whose_bytes_say_nothing(place: int, counter: PromptCounter, parts_of: MakeParts) -> None:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]
    assert counter.rough(parts_of([{"role": "user", "content": parts[place:]}]), "gpt-4o") is None


def test_a_lookup_for_one_request_is_not_used_for_another(counter: PromptCounter, parts_of: MakeParts) -> None:
    one, other = parts_of(conversation(5, 10)), parts_of(conversation(7, 30))
    expected = [prompt_tokens(PromptCounter(counter.text), parts, "gpt-4o") for parts in (one, other)]
    counter.fresh_bytes(one, "gpt-4o")
    assert prompt_tokens(counter, other, "gpt-4o") == expected[1]
    assert prompt_tokens(counter, one, "gpt-4o") == expected[0]
    counter.fresh_bytes(one, "gpt-4")
    assert prompt_tokens(counter, one, "gpt-4o") == expected[0]


def test_of_a_huge_request_only_so_much_is_looked_up_at_once(counter: PromptCounter, parts_of: MakeParts) -> None:
    parts = parts_of([{"role": "user", "content": "word " * 300_000} for _ in range(4)])
    whole = sum(len(bytes(raw)) for raw in parts.messages)
    counted = prompt_tokens(counter, parts, "gpt-4o")
    assert 0 < counter.fresh_bytes(parts, "gpt-4o") < whole, "what lies beyond is taken for new"
    assert prompt_tokens(counter, parts, "gpt-4o") == counted


def test_a_vocabulary_that_is_not_loaded_counts_as_work(parts_of: MakeParts) -> None:
    counter = PromptCounter(TextCounter(Vocabularies()))
    assert counter.fresh_bytes(parts_of(HELLO), "gpt-4o") > 500_000
    counter.warm()
    assert counter.fresh_bytes(parts_of(HELLO), "gpt-4o") < 100


def test_the_loops_thread_and_a_worker_may_count_at_once(text_counter: TextCounter, parts_of: MakeParts) -> None:
    counter = PromptCounter(text_counter, remembered=50)
    requests = [parts_of(conversation(turns, 5)) for turns in range(1, 60)]
    expected = [prompt_tokens(PromptCounter(text_counter), parts, "gpt-4o") for parts in requests]

    def count(offset: int) -> bool:
        right = True
        for step in range(len(requests)):
            at = (step * 7 + offset) % len(requests)
            counter.fresh_bytes(requests[at - 1], "gpt-4o")
            right = right and prompt_tokens(counter, requests[at], "gpt-4o") == expected[at]
        return right

    with ThreadPoolExecutor(3) as threads:
        assert all(threads.map(count, (0, 20, 40)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "name", "tool_calls", "function", "arguments", "type", "image_url", "url", "data"]
                + ["source", "input_audio", "file", "file_data", "text", "input", "output", "function_call", "detail"]
                + [
                    "parameters",
                    "properties",
                    "enum",
                    "anyOf",
                    "$ref",
                    "items",
                    "required",
                    "description",
                    "encrypted_content",
                ]
            ),
            inner
            | st.sampled_from(
                ["image", "file", "document", "data:image/png;base64,iVBORw0KGgo=", "data:,x", "tool_use", "low"]
            ),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(messages=st.lists(JSON, max_size=4), tools=JSON, tool_choice=JSON, response_format=JSON)
def test_no_request_is_too_odd(
    text_counter: TextCounter,
    parts_of: MakeParts,
    messages: list[Any],
    tools: Any,
    tool_choice: Any,
    response_format: Any,
) -> None:
    fields = {"tools": tools, "tool_choice": tool_choice, "response_format": response_format}
    counter = PromptCounter(text_counter)
    for model in ("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro"):
        counted = prompt_tokens(counter, parts_of(messages, **fields), model)
        assert counted == prompt_tokens(counter, parts_of(messages, **fields), model) > 0


@pytest.mark.parametrize(
    "content",
    [b"", b"nul", b"\xff\xfe", b'{"role": "user"', b'"\\ud800"', b"1" * 5000, b"[" * 5000 + b"]" * 5000],
    ids=["nothing", "a half word", "no text", "a half object", "half a character", "a huge number", "a deep nest"],
)
def test_what_cannot_be_decoded_is_counted_as_its_text(counter: PromptCounter, content: bytes) -> None:
    raw = msgspec.Raw(content)
    parts = PromptParts((content,), tools=raw, tool_choice=raw, response_format=raw)
    assert prompt_tokens(counter, parts, "gpt-4o") >= 6


def test_deep_nesting_is_survived_close_to_the_end_of_the_stack(counter: PromptCounter) -> None:
    content = b'{"content":' * 900 + b'"x"' + b"}" * 900
    raw = msgspec.Raw(content)

    def descend(depth: int) -> int:
        if depth:
            return descend(depth - 1)
        return prompt_tokens(counter, PromptParts((content,), tools=raw, response_format=raw), "gpt-4o")

    for left in (60, 120, 250):
        used = len(list(_frames()))
        assert descend(max(0, sys.getrecursionlimit() - used - left)) > 0


def _frames() -> Any:
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]


def test_a_growing_conversation_costs_little_beside_reading_it(
    counter: PromptCounter, text_counter: TextCounter, parts_of: MakeParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = watched_encoders(text_counter.vocabularies, monkeypatch)
    turns = conversation(631, 130)

    def count(new: str) -> int:
        parts = parts_of([*turns, {"role": "user", "content": new}])

        def work() -> None:
            counter.fresh_bytes(parts, "gpt-4o")
            prompt_tokens(counter, parts, "gpt-4o")

        return calls_made(work)

    first = count("first")
    assert sum(encoded) > 131 * len(turns)
    encoded.clear()
    for turn in range(15):
        # Looked up, each of them, and none of them read or counted.
        assert count(f"turn {turn}") < 20 * len(turns) < first
    assert sum(encoded) < 15 * 100


def test_a_known_opening_counts_as_its_messages_do(counter: PromptCounter) -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
    turns: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]},
        *conversation(200, 100),
    ]
    openings, tools = Openings(), [{"type": "function", "function": WEATHER}]
    for model in ("gpt-4o", "gpt-4", "claude-opus-5"):
        for more in range(4):
            body = json.dumps({"model": "m", "messages": [*turns, *turns[:more]], "tools": tools}).encode()
            known, plain = read_request(body, openings=openings).parts, read_request(body).parts
            assert isinstance(known.messages, Messages) is (more > 0 or model != "gpt-4o")
            expected = PromptCounter(counter.text).prompt(plain, model)
            fresh = counter.fresh_bytes(known, model)
            rough = counter.rough(known, model)
            assert counter.prompt(known, model) == expected
            assert counter.prompt(known, model) == expected, "once more, without looking before"
            if more > 1:
                assert fresh == 0
                assert rough is not None
                assert (rough[0].media, rough[0].text >= expected.text) == (expected.media, True)
