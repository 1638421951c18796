"""Chats, over real sockets: what a healthy answer is made of."""

import hashlib
import json
from typing import Any

import pytest

PATH = "/v1/chat/completions"


async def test_a_plain_answer_is_openai_shaped_and_speaks_of_what_was_asked(ask: Any, count: Any) -> None:
    answer = await ask.chat("practice-small")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    said = answer.json
    assert said["object"] == "chat.completion"
    assert said["model"] == "practice-small"
    assert said["id"].startswith("chatcmpl-")
    assert [choice["finish_reason"] for choice in said["choices"]] == ["stop"]
    assert said["choices"][0]["message"]["role"] == "assistant"
    assert answer.text.startswith("You asked about budgets and proxies. ")
    assert said["usage"]["completion_tokens"] == count(answer.text) >= 60
    assert said["usage"]["total_tokens"] == said["usage"]["prompt_tokens"] + said["usage"]["completion_tokens"]


async def test_a_stream_says_the_same_as_the_plain_answer_and_ends_once(ask: Any) -> None:
    plain, stream = await ask.chat("practice"), await ask.chat("practice", stream=True)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.text == plain.text
    assert stream.payloads.count(b"[DONE]") == 1
    assert stream.payloads[-1] == b"[DONE]"
    assert stream.events[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert [
        event["choices"][0]["finish_reason"] for event in stream.events if event["choices"][0]["finish_reason"]
    ] == ["stop"]
    assert all(event["object"] == "chat.completion.chunk" and "usage" not in event for event in stream.events)
    assert len({event["id"] for event in stream.events}) == 1
    assert stream.body.endswith(b"\r\n0\r\n\r\n")


async def test_each_event_is_a_chunk_of_its_own(ask: Any) -> None:
    stream = await ask.chat("practice-chunks-20", stream=True)
    chunks, rest = stream.chunks
    assert rest == b"0\r\n\r\n"
    assert all(chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") for chunk in chunks)
    assert len(chunks) == len(stream.payloads)


async def test_usage_comes_last_and_only_where_it_was_asked_for(ask: Any, count: Any) -> None:
    stream = await ask.chat("practice", stream=True, stream_options={"include_usage": True})
    *before, last = stream.events
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == count(stream.text)
    assert all(event["usage"] is None for event in before)
    without = await ask.chat("practice", stream=True, stream_options={"include_usage": False})
    assert all("usage" not in event for event in without.events)


async def test_the_same_messages_give_the_same_text_and_others_another(ask: Any) -> None:
    first, again, other = [(await ask.chat("practice-tokens-80", say)).text for say in ("one", "one", "two")]
    assert first == again != other


async def test_the_code_for_a_nonce_is_in_the_answer(ask: Any) -> None:
    nonce = "NONCE-00ffAA12"
    code = "CODE-" + hashlib.sha256(nonce.encode()).hexdigest()[:12]
    assert code in (await ask.chat("practice-small", f"Repeat {nonce} please")).text
    assert code in (await ask.chat("practice-small", f"Repeat {nonce} please", stream=True)).text
    assert code not in (await ask.chat("practice-small", "Repeat NONCE-00ffAA13 please")).text


@pytest.mark.parametrize("limit", [1, 2, 5, 13, 17, 18, 19, 20, 21, 59])
@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
async def test_a_limit_is_kept_to_the_token(ask: Any, count: Any, field: str, limit: int) -> None:
    answer = await ask.chat("practice-small", "Speak of antidisestablishment NONCE-0123456789abcdef", **{field: limit})
    assert count(answer.text) == answer.json["usage"]["completion_tokens"] == limit
    assert answer.json["choices"][0]["finish_reason"] == "length"


async def test_a_limit_that_is_not_reached_changes_nothing(ask: Any) -> None:
    free, limited = await ask.chat("practice-tokens-50"), await ask.chat("practice-tokens-50", max_tokens=50)
    assert free.text == limited.text
    assert limited.json["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("tokens", [1, 2, 7, 8, 9, 10, 64, 200, 3000])
async def test_a_name_states_the_tokens_of_its_answer(ask: Any, count: Any, tokens: int) -> None:
    answer = await ask.chat(f"practice-tokens-{tokens}")
    assert count(answer.text) == answer.json["usage"]["completion_tokens"] == tokens
    assert answer.json["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("name", "chunks", "tokens"), [("chunks-1", 1, 1), ("chunks-200", 200, 200), ("chunks-7-tokens-100", 7, 100)]
)
async def test_a_name_states_the_chunks_of_its_stream(
    ask: Any, count: Any, name: str, chunks: int, tokens: int
) -> None:
    stream = await ask.chat(f"practice-{name}", stream=True)
    said = [event for event in stream.events if event["choices"][0]["delta"].get("content")]
    assert len(said) == chunks
    assert count(stream.text) == tokens


async def test_the_prompt_is_counted_by_the_published_rule(ask: Any, count: Any) -> None:
    messages = [
        {"role": "system", "content": "You are terse."},
        {
            "role": "user",
            "name": "anna",
            "content": [{"type": "text", "text": "Grüße"}, {"type": "text", "text": " an alle"}],
        },
    ]
    answer = await ask.post(PATH, model="practice", messages=messages)
    expected = 3
    expected += 3 + count("system") + count("You are terse.")
    expected += 3 + count("user") + count("Grüße an alle") + count("anna") + 1
    assert answer.json["usage"]["prompt_tokens"] == expected


async def test_a_long_prompt_is_counted_as_well(ask: Any, count: Any, practice: Any) -> None:
    text = "\n".join(f"line {number} of a long story" for number in range(5000))
    answer = await ask.chat("practice-tokens-5", text, stream=True, stream_options={"include_usage": True})
    assert answer.events[-1]["usage"]["prompt_tokens"] == 3 + 3 + count("user") + count(text)
    await practice.tally.idle()
    assert practice.tally.total.prompt_tokens == answer.events[-1]["usage"]["prompt_tokens"]


async def test_several_choices_differ_and_are_billed_together(ask: Any, count: Any) -> None:
    plain = await ask.chat("practice-tokens-40", n=3)
    texts = [choice["message"]["content"] for choice in plain.json["choices"]]
    assert len(set(texts)) == 3
    assert plain.json["usage"]["completion_tokens"] == sum(map(count, texts)) == 120
    stream = await ask.chat("practice-tokens-40", n=3, stream=True)
    spoken = ["", "", ""]
    for event in stream.events:
        choice = event["choices"][0]
        spoken[choice["index"]] += choice["delta"].get("content") or ""
    assert spoken == texts
    assert (await ask.chat("practice-tokens-40")).text == texts[0]


async def test_text_ends_before_a_stop(ask: Any, count: Any) -> None:
    whole = (await ask.chat("practice")).text
    for stop in (["proxies"], "about budg", ["nowhere", ". "]):
        answer = await ask.chat("practice", stop=stop)
        cut = min(whole.find(one) for one in ([stop] if isinstance(stop, str) else stop) if one in whole)
        assert answer.text == whole[:cut]
        assert answer.json["usage"]["completion_tokens"] == count(answer.text)
        assert (await ask.chat("practice", stop=stop, stream=True)).text == whole[:cut]


async def test_a_prefill_is_continued_where_it_ends(ask: Any, count: Any) -> None:
    user = {"role": "user", "content": "Please tell me about budgets and proxies"}
    whole = (await ask.post(PATH, model="practice-small", messages=[user])).text
    for cut in (1, 17, 40, len(whole) - 1):
        messages = [user, {"role": "assistant", "content": whole[:cut]}]
        rest = await ask.post(PATH, model="practice-small", messages=messages)
        assert whole[:cut] + rest.text == whole
        assert rest.json["usage"]["completion_tokens"] == count(rest.text)


async def test_reasoning_comes_first_and_is_counted(ask: Any, count: Any) -> None:
    stream = await ask.chat("practice-reasoning-tokens-20", stream=True, stream_options={"include_usage": True})
    deltas = [event["choices"][0]["delta"] for event in stream.events if event["choices"]]
    kinds = ["reasoning_content" if delta.get("reasoning_content") else "content" for delta in deltas[1:-1]]
    assert kinds == ["reasoning_content"] * 64 + ["content"] * 20
    thought = "".join(delta.get("reasoning_content") or "" for delta in deltas)
    usage = stream.events[-1]["usage"]
    assert usage["completion_tokens_details"]["reasoning_tokens"] == count(thought) == 64
    assert usage["completion_tokens"] == 84
    plain = await ask.chat("practice-reasoning-tokens-20")
    assert plain.json["choices"][0]["message"]["reasoning_content"] == thought
    short = await ask.chat("practice-reasoning", max_completion_tokens=10)
    assert short.json["usage"]["completion_tokens"] == 10
    assert short.json["choices"][0]["finish_reason"] == "length"
    assert short.text == ""


async def test_leading_messages_read_before_are_cached(ask: Any, practice: Any) -> None:
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello there"}]
    first = await ask.post(PATH, model="practice-cached", messages=messages)
    assert first.json["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    longer = [*messages, {"role": "assistant", "content": first.text}, {"role": "user", "content": "Go on"}]
    second = await ask.post(PATH, model="practice-cached", messages=longer)
    usage = second.json["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == first.json["usage"]["prompt_tokens"]
    assert usage["prompt_tokens"] > first.json["usage"]["prompt_tokens"]
    other = await ask.post(PATH, model="practice", messages=longer)
    assert other.json["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    practice.reset()
    again = await ask.post(PATH, model="practice-cached", messages=messages)
    assert again.json["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


async def test_json_mode_answers_json(ask: Any, count: Any) -> None:
    answer = await ask.chat("practice", "Repeat NONCE-ab in JSON", response_format={"type": "json_object"})
    said = json.loads(answer.text)
    assert "CODE-" in said["answer"]
    assert answer.json["usage"]["completion_tokens"] == count(answer.text)
    stream = await ask.chat("practice", "Repeat NONCE-ab in JSON", response_format={"type": "json_object"}, stream=True)
    assert stream.text == answer.text


@pytest.mark.parametrize("limit", [1, 4, 9, 30])
async def test_json_is_cut_to_the_token_too(ask: Any, count: Any, limit: int) -> None:
    answer = await ask.chat("practice", response_format={"type": "json_object"}, max_tokens=limit)
    assert count(answer.text) == answer.json["usage"]["completion_tokens"] == limit
    assert answer.json["choices"][0]["finish_reason"] == "length"


async def test_a_schema_is_kept(ask: Any) -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        },
        "required": ["city", "days"],
    }
    form = {"type": "json_schema", "json_schema": {"name": "trip", "schema": schema}}
    said = json.loads((await ask.chat("practice", response_format=form)).text)
    assert isinstance(said["city"], str)
    assert len(said["days"]) == 2
    assert all(isinstance(day, int) for day in said["days"])


async def test_logprobs_are_given_where_asked_for(ask: Any) -> None:
    answer = await ask.chat("practice-tokens-5", logprobs=True)
    tokens = [entry["token"] for entry in answer.json["choices"][0]["logprobs"]["content"]]
    assert "".join(tokens) == answer.text
    stream = await ask.chat("practice-tokens-5", logprobs=True, stream=True)
    streamed = [
        entry["token"]
        for event in stream.events
        for entry in (event["choices"][0]["logprobs"] or {}).get("content", [])
    ]
    assert streamed == tokens
    assert (await ask.chat("practice-tokens-5")).json["choices"][0]["logprobs"] is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"content": "no role"}]}, "role"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_completion_tokens"),
        ({"n": 0}, "'n'"),
        ({"n": 1000}, "'n'"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"model": 5}, "model"),
    ],
)
async def test_what_openai_refuses_is_refused(ask: Any, practice: Any, change: dict[str, Any], word: str) -> None:
    body = {"model": "practice", "messages": [{"role": "user", "content": "hello"}], **change}
    answer = await ask.post(PATH, **body)
    assert answer.status == 400
    assert answer.json["error"]["type"] == "invalid_request_error"
    assert word in answer.json["error"]["message"]
    await practice.tally.idle()
    assert practice.tally.total.refused == 1
    assert practice.tally.total.cost_nano == 0


async def test_an_unknown_model_is_404(ask: Any) -> None:
    for name in (
        "gpt-4o",
        "practice-",
        "practice-tokens-0",
        "practice-tokens-2-tokens-3",
        "practice-what",
        "fault-what",
    ):
        answer = await ask.chat(name)
        assert (answer.status, answer.json["error"]["code"]) == (404, "model_not_found")


async def test_a_window_is_kept(ask: Any) -> None:
    assert (await ask.chat("practice-tokens-10-window-40", "short")).status == 200
    answer = await ask.chat("practice-tokens-10-window-40", "far too long " * 20)
    assert (answer.status, answer.json["error"]["code"]) == (400, "context_length_exceeded")
