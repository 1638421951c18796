"""The older completions."""

from typing import Any

PATH = "/v1/completions"


async def test_a_completion_takes_sixteen_tokens_unless_told(ask: Any, count: Any) -> None:
    answer = await ask.post(PATH, model="practice", prompt="def budget(", suffix="return total")
    said = answer.json
    assert said["object"] == "text_completion"
    assert said["choices"][0]["finish_reason"] == "length"
    assert said["usage"]["completion_tokens"] == count(answer.text) == 16
    assert said["usage"]["prompt_tokens"] == count("def budget(") + count("return total")


async def test_a_stream_says_the_same(ask: Any) -> None:
    body = {"model": "practice-tokens-30", "prompt": "Once upon a time", "max_tokens": 100}
    plain = await ask.post(PATH, **body)
    stream = await ask.post(PATH, **body, stream=True, stream_options={"include_usage": True})
    assert stream.text == plain.text
    assert stream.payloads[-1] == b"[DONE]"
    *events, finish, last = stream.events
    assert len(events) == 30
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert last["choices"] == []
    assert last["usage"] == plain.json["usage"]
    assert all(event["usage"] is None for event in events)


async def test_what_is_filled_in_depends_on_both_sides(ask: Any) -> None:
    texts = [
        (await ask.post(PATH, model="practice", prompt="a", suffix=suffix, max_tokens=60)).text
        for suffix in ("b", "c", "b")
    ]
    assert texts[0] == texts[2] != texts[1]


async def test_several_prompts_are_each_completed(ask: Any, count: Any) -> None:
    answer = await ask.post(PATH, model="practice", prompt=["one", "two"], n=2, max_tokens=30)
    texts = [choice["text"] for choice in answer.json["choices"]]
    assert len(set(texts)) == 4
    assert [choice["index"] for choice in answer.json["choices"]] == [0, 1, 2, 3]
    assert answer.json["usage"]["completion_tokens"] == sum(map(count, texts)) == 120


async def test_token_ids_count_as_they_are(ask: Any) -> None:
    answer = await ask.post(PATH, model="practice", prompt=[1, 2, 3, 4])
    assert answer.json["usage"]["prompt_tokens"] == 4
    answer = await ask.post(PATH, model="practice", prompt=[[1, 2, 3], [4]])
    assert answer.json["usage"]["prompt_tokens"] == 4
    assert len(answer.json["choices"]) == 2


async def test_a_prompt_is_repeated_where_asked(ask: Any) -> None:
    body = {"model": "practice", "prompt": "Repeat me:", "echo": True}
    assert (await ask.post(PATH, **body)).text.startswith("Repeat me:You asked about Repeat")
    assert (await ask.post(PATH, **body, stream=True)).text.startswith("Repeat me:You asked about Repeat")


async def test_a_wrong_prompt_is_refused(ask: Any) -> None:
    wrong: tuple[Any, ...] = ([], [[]], [{}], ["a", 1.5], [1, -2, "x"], 5)
    for prompt in wrong:
        assert (await ask.post(PATH, model="practice", prompt=prompt)).status == 400
    assert (await ask.post(PATH, model="practice", prompt="x", max_tokens=0)).status == 400


async def test_faults_are_played_here_too(ask: Any) -> None:
    assert (await ask.post(PATH, model="fault-500", prompt="x")).status == 500
    cut = await ask.post(PATH, model="fault-close-midstream", prompt="x", stream=True)
    assert cut.events
    assert b"[DONE]" not in cut.raw
