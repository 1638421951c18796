"""Embeddings: unit vectors, the same for the same input."""

import base64
import math
import struct
from typing import Any

import pytest

PATH = "/v1/embeddings"


async def test_vectors_have_length_one_and_tell_inputs_apart(ask: Any, count: Any) -> None:
    answer = await ask.post(PATH, model="practice-embedding", input=["hello", "world", "hello"])
    vectors = [entry["embedding"] for entry in answer.json["data"]]
    assert [len(vector) for vector in vectors] == [256] * 3
    assert all(math.isclose(math.hypot(*vector), 1, rel_tol=1e-5) for vector in vectors)
    assert vectors[0] == vectors[2] != vectors[1]
    assert [entry["index"] for entry in answer.json["data"]] == [0, 1, 2]
    assert answer.json["usage"] == {"prompt_tokens": 2 * count("hello") + count("world"), "total_tokens": 3}


async def test_base64_holds_the_same_numbers(ask: Any) -> None:
    body = {"model": "practice-embedding", "input": "hello", "dimensions": 12}
    numbers = (await ask.post(PATH, **body)).json["data"][0]["embedding"]
    coded = (await ask.post(PATH, **body, encoding_format="base64")).json["data"][0]["embedding"]
    assert list(struct.unpack("<12f", base64.b64decode(coded))) == pytest.approx(numbers, abs=1e-7)


async def test_token_ids_are_an_input(ask: Any) -> None:
    answer = await ask.post(PATH, model="practice-embedding-8", input=[[7288], [19674, 5]])
    assert answer.json["usage"]["prompt_tokens"] == 3
    assert [len(entry["embedding"]) for entry in answer.json["data"]] == [8, 8]
    assert (await ask.post(PATH, model="practice-embedding-8", input=[7288, 5])).json["usage"]["prompt_tokens"] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"input": []},
        {"input": [[]]},
        {"input": None},
        {"dimensions": 0},
        {"dimensions": 9999},
        {"encoding_format": "hex"},
    ],
)
async def test_wrong_questions_are_refused(ask: Any, change: dict[str, Any]) -> None:
    body = {"model": "practice-embedding", "input": "x", **change}
    assert (await ask.post(PATH, **body)).status == 400


async def test_only_embedding_models_embed(ask: Any, practice: Any) -> None:
    assert (await ask.post(PATH, model="practice-small", input="x")).status == 404
    assert (await ask.chat("practice-embedding")).status == 404
    assert (await ask.post(PATH, model="practice-embedding", input="hello there")).status == 200
    await practice.tally.idle()
    served = practice.tally.models["practice-embedding"]
    assert (served.prompt_tokens, served.completion_tokens, served.cost_nano) == (2, 0, 40)


async def test_faults_are_played_here_too(ask: Any) -> None:
    assert (await ask.post(PATH, model="fault-429-secs", input="x")).status == 429
    assert (await ask.post(PATH, model="fault-close-before-headers", input="x")).raw == b""
    assert "data" not in (await ask.post(PATH, model="fault-200-no-choices", input="x")).json
    assert (await ask.post(PATH, model="fault-crlf", input="x")).status == 200
