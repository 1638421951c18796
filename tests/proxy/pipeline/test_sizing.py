"""What is held at first, and how much less where only less can be borne."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.config.schema import LimitSettings
from bursar.dialects.openai_chat_request import ChatRequest, read_request
from bursar.domain.account import Account, AccountKind, Demand, Need, Standing, Unit, opened
from bursar.domain.cycle import FOREVER, Every
from bursar.domain.exchange import Price
from bursar.domain.usage import Usage
from bursar.pipeline.sizing import affordable, dearest, first_size, smaller_size

LIMITS = LimitSettings(first_slice_tokens=1000, answer_tokens=4096, least_answer_tokens=64)
CAP = Account("cap:c", AccountKind.CAP, "c", Unit.TOKENS, Every.TOTAL, 1000)


def request(**fields: object) -> ChatRequest:
    return read_request(json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}], **fields}).encode())


def demands_of(usage: Usage) -> tuple[Demand, ...]:
    return ((Need(CAP, usage.total_tokens),),)


def standing(left: int) -> dict[str, Standing]:
    return {CAP.id: opened(CAP, FOREVER).granting(left - CAP.limit)}


@pytest.mark.parametrize(
    ("fields", "completion", "limit"),
    [
        ({"stream": True}, 1000, None),
        ({"stream": True, "max_tokens": 50}, 50, None),
        ({"stream": True, "max_tokens": 5000}, 1000, None),
        ({"stream": True, "n": 3}, 3000, None),
        ({}, 4096, 4096),
        ({"max_tokens": 50}, 50, None),
        ({"max_tokens": 50, "n": 2}, 100, None),
    ],
)
def test_the_first_size(fields: dict[str, object], completion: int, limit: int | None) -> None:
    size = first_size(request(**fields), 100, LIMITS)
    assert (size.completion_tokens, size.limit) == (completion, limit)
    assert size.usage.prompt_tokens == 113


@pytest.mark.parametrize(
    ("fields", "left", "completion", "limit"),
    [
        ({}, 613, 500, 500),
        ({}, 176, None, None),
        ({}, 177, 64, 64),
        ({"max_tokens": 900}, 613, 500, 500),
        ({"max_tokens": 10}, 122, None, None),
        ({"max_tokens": 10}, 123, 10, 10),
        ({"stream": True}, 613, 500, None),
        ({"n": 2}, 613, 500, 250),
    ],
)
def test_a_smaller_size(fields: dict[str, object], left: int, completion: int | None, limit: int | None) -> None:
    asked = request(**fields)
    size = smaller_size(asked, first_size(asked, 100, LIMITS), LIMITS, standing(left), demands_of)
    assert (size and size.completion_tokens, size and size.limit) == (completion, limit)


@given(left=st.integers(1, 2000), most=st.integers(0, 3000))
def test_the_most_that_can_be_borne_is_found(left: int, most: int) -> None:
    found = affordable(standing(left), lambda n: demands_of(Usage(0, n)), most)
    assert found == min(left, most)


@pytest.mark.parametrize("left", [0, -50])
def test_nothing_can_be_borne_by_what_grants_nothing(left: int) -> None:
    assert affordable(standing(left), lambda n: demands_of(Usage(0, n)), 10) == -1


def test_the_hold_is_by_the_dearest_kind_of_token() -> None:
    price = Price(input=10, output=20, cached_input=1, cache_write=15, reasoning=40, audio_input=99, audio_output=30)
    held = dearest(price, request())
    assert (held.input, held.output, held.cached_input, held.reasoning) == (15, 40, None, None)


def test_sound_is_held_where_there_is_sound() -> None:
    sound = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": ""}}]}]
    assert dearest(Price(10, 20, audio_input=99), request(messages=sound)).input == 10 + 89
