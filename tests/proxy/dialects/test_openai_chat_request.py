"""A request is read for what matters and written with its own bytes; what is wrong with it is named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects.openai_chat_request import held_to, read_request, write_request
from bursar.domain.refusals import BadRequest, InvalidParameter, MissingParameter

MESSAGES = [{"role": "user", "content": "hi"}]


def body(**fields: object) -> bytes:
    return json.dumps({"model": "fast", "messages": MESSAGES, **fields}).encode()


def test_unknown_fields_pass_as_they_came() -> None:
    raw = b'{"model":"fast","messages":[{"role":"user","content":"\\u00e4 \xc3\xa4"}],"z":{"b":1.50,"a":[1E2]},"s":7}'
    written = write_request(read_request(raw), "small-model")
    assert written == raw.replace(b'"fast"', b'"small-model"')


def test_our_own_fields_are_not_sent_on() -> None:
    request = read_request(body(fallback_models=["x"], fallback_timeout=5000, fallback_enabled=True))
    assert set(json.loads(write_request(request, "m"))) == {"model", "messages"}


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}, {"include_usage": True, "other": 1}])
def test_usage_is_always_asked_for_in_a_stream(options: dict[str, object] | None) -> None:
    request = read_request(body(stream=True, **({} if options is None else {"stream_options": options})))
    assert request.wants_usage is bool(options and options["include_usage"] is True if options else False)
    sent = json.loads(write_request(request, "m"))["stream_options"]
    assert sent == {**(options or {}), "include_usage": True}


def test_a_plain_request_has_no_stream_options() -> None:
    assert "stream_options" not in json.loads(write_request(read_request(body()), "m"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [({}, "max_tokens"), ({"max_tokens": 9}, "max_tokens"), ({"max_completion_tokens": 9}, "max_completion_tokens")],
)
def test_a_limit_is_set_in_the_field_that_the_request_uses(fields: dict[str, int], field: str) -> None:
    request = read_request(body(**fields))
    assert request.limit == (9 if fields else None)
    assert json.loads(write_request(request, "m", 5))[field] == 5


@pytest.mark.parametrize("limits", [(5, 9), (9, 5), (5, 1_000_000_000), (None, 5), (5, None), (5, 5)])
def test_of_two_limits_the_larger_is_reckoned_with_and_neither_is_above_ours(limits: tuple[int | None, ...]) -> None:
    fields = dict(zip(("max_completion_tokens", "max_tokens"), limits, strict=True))
    request = read_request(body(**fields))
    assert request.limit == max(limit for limit in limits if limit is not None)
    assert json.loads(write_request(request, "m")).items() >= fields.items()
    for written in (write_request(request, "m", 4), write_request(held_to(request, 4), "m")):
        sent = json.loads(written)
        assert {sent["max_completion_tokens"], sent["max_tokens"]} - {None} == {4}


@pytest.mark.parametrize(
    ("fields", "answers"), [({}, 1), ({"n": 3}, 3), ({"best_of": 5}, 5), ({"n": 3, "best_of": 1}, 3)]
)
def test_what_multiplies_the_cost_is_known(fields: dict[str, int], answers: int) -> None:
    assert read_request(body(**fields)).answers == answers


@pytest.mark.parametrize("model", ["gpt-5-mini", "o3-mini", "openai/gpt-5"])
def test_a_limit_of_ours_is_set_in_the_field_that_the_model_knows(model: str) -> None:
    sent = json.loads(write_request(read_request(body()), model, 5))
    assert "max_tokens" not in sent
    assert sent["max_completion_tokens"] == 5


BROKEN: list[tuple[bytes, type[BadRequest], str | None]] = [
    (b"", BadRequest, None),
    (b"no json", BadRequest, None),
    (b"[]", BadRequest, None),
    (b'"text"', BadRequest, None),
    (b'{"model":"m","messages":[{"content":"\xff"}]}', BadRequest, None),
    (b'{"messages":[{}]}', MissingParameter, "model"),
    (b'{"model":"","messages":[{}]}', MissingParameter, "model"),
    (b'{"model":5,"messages":[{}]}', InvalidParameter, "model"),
    (b'{"model":"m"}', MissingParameter, "messages"),
    (b'{"model":"m","messages":null}', InvalidParameter, "messages"),
    (b'{"model":"m","messages":"hi"}', InvalidParameter, "messages"),
    (b'{"model":"m","messages":[]}', InvalidParameter, "messages"),
    (body(stream="yes"), InvalidParameter, "stream"),
    (body(n=1_000_000), InvalidParameter, "n"),
    (body(n=0), InvalidParameter, "n"),
    (body(best_of=1_000_000), InvalidParameter, "best_of"),
    (body(max_completion_tokens=5, max_tokens=-1), InvalidParameter, "max_tokens"),
    (body(max_tokens=-1), InvalidParameter, "max_tokens"),
    (body(max_tokens=1.5), InvalidParameter, "max_tokens"),
    (b'{"model":"m","messages":[{}],"max_tokens":1e308}', InvalidParameter, "max_tokens"),
    (body(max_completion_tokens=True), InvalidParameter, "max_completion_tokens"),
    (b'{"model":"m","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}", BadRequest, None),
]


@pytest.mark.parametrize(("raw", "kind", "param"), BROKEN)
def test_what_is_wrong_is_named(raw: bytes, kind: type[BadRequest], param: str | None) -> None:
    with pytest.raises(BadRequest) as caught:
        read_request(raw)
    assert type(caught.value) is kind
    assert caught.value.param == param
    assert caught.value.status == 400


@pytest.mark.parametrize("name", ["org/model:tag", "a b.c", "模型😀", "x\x1b[31m", 'quo"te'])
def test_any_name_of_a_model_is_read(name: str) -> None:
    assert read_request(body(model=name)).model == name


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=10), json_values, max_size=6))
def test_any_json_object_is_read_or_refused(fields: dict[str, object]) -> None:
    raw = json.dumps({"messages": MESSAGES, **fields}).encode()
    try:
        request = read_request(raw)
    except BadRequest:
        return
    sent = json.loads(write_request(request, "m"))
    assert {name: sent[name] for name in fields if name in sent and name not in ("model", "stream_options")} == {
        name: value for name, value in fields.items() if name in sent and name not in ("model", "stream_options")
    }
