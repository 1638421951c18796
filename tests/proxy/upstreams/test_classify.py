"""What every vendor's no means, by the shapes that they send."""

import json

import pytest

from bursar.domain import refusals as r
from bursar.upstreams.classify import classify, hidden_error, retry_after_s


def openai(message: str, code: str | None = None, type_: str = "invalid_request_error") -> bytes:
    return json.dumps({"error": {"message": message, "type": type_, "param": None, "code": code}}).encode()


CASES: list[tuple[str, int, bytes, type[r.Refusal]]] = [
    ("apertis empty wallet", 402, openai("x", "insufficient_balance", "billing_error"), r.UpstreamExhausted),
    (
        "one-api wallet",
        403,
        openai("user quota is not enough", "insufficient_user_quota", "one_api_error"),
        r.UpstreamExhausted,
    ),
    ("one-api key quota", 403, openai("x", "pre_consume_token_quota_failed"), r.UpstreamExhausted),
    (
        "one-api key used up, in Chinese",
        401,
        json.dumps({"error": {"message": "该令牌额度已用尽"}}).encode(),
        r.UpstreamExhausted,
    ),
    ("openai quota", 429, openai("You exceeded your current quota", "insufficient_quota"), r.UpstreamExhausted),
    ("aporto empty balance", 402, b'{"success":false,"message":"Insufficient balance"}', r.UpstreamExhausted),
    ("bad key", 401, openai("Incorrect API key provided", "invalid_api_key"), r.UpstreamKeyRefused),
    ("account suspended", 403, openai("x", "account_suspended", "permission_error"), r.UpstreamKeyRefused),
    ("edge page", 403, b"<html>Sorry, you have been blocked</html>", r.UpstreamBlocked),
    ("edge code", 403, b"error code: 1010", r.UpstreamBlocked),
    ("slow down", 429, openai("Rate limit reached", "rate_limit_exceeded"), r.UpstreamSlowDown),
    ("slow down, empty", 429, b"", r.UpstreamSlowDown),
    ("overloaded", 503, openai("overloaded", "model_overloaded", "server_error"), r.UpstreamOverloaded),
    ("a bare string", 500, b'"oops"', r.UpstreamOverloaded),
    ("a page", 502, b"<html><body>Bad gateway</body></html>", r.UpstreamOverloaded),
    (
        "anthropic overloaded",
        529,
        b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
        r.UpstreamOverloaded,
    ),
    ("gateway timeout", 504, b"", r.UpstreamTimeout),
    (
        "context",
        400,
        openai("This model's maximum context length is 8192 tokens", "context_length_exceeded"),
        r.ContextTooLong,
    ),
    ("context by words", 400, b'{"error":"prompt is too long: 300000 tokens > 200000 maximum"}', r.ContextTooLong),
    ("model", 404, openai("The model `x` does not exist", "model_not_found"), r.UpstreamUnknownModel),
    ("one-api no channel", 503, openai("当前分组 default 下对于模型 x 无可用渠道"), r.UpstreamUnknownModel),
    ("fastapi", 422, b'{"detail":[{"loc":["body","messages"],"msg":"field required"}]}', r.CallerFault),
    ("text", 413, b"Request too large", r.CallerFault),
    ("content filter", 400, openai("filtered", "content_filter"), r.ContentRefused),
    ("redirect", 307, b"", r.UpstreamBroke),
]


@pytest.mark.parametrize(("status", "body", "kind"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_no_is_read_by_status_code_and_words(status: int, body: bytes, kind: type[r.Refusal]) -> None:
    refusal = classify(status, {}, body, upstream="main", now_s=0)
    assert type(refusal) is kind
    assert refusal.message


def test_the_callers_fault_keeps_its_status_and_code() -> None:
    refusal = classify(400, {}, openai("filtered", "content_filter"), upstream="main", now_s=0)
    assert (refusal.status, refusal.code, refusal.next_route) == (400, "content_filter", False)


def test_only_a_larger_window_may_take_what_is_too_long() -> None:
    refusal = classify(413, {}, openai("too many tokens"), upstream="main", now_s=0)
    assert (refusal.status, refusal.code, refusal.next_route) == (413, "context_length_exceeded", True)


def test_a_page_is_not_shown_to_the_client() -> None:
    refusal = classify(502, {}, b"<html><script>alert(1)</script></html>", upstream="main", now_s=0)
    assert "<" not in refusal.message


def test_what_is_at_fault_is_told() -> None:
    refusal = classify(
        422, {}, b'{"detail":[{"loc":["body","messages"],"msg":"field required"}]}', upstream="m", now_s=0
    )
    assert refusal.message == "messages: field required"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3),
        ("0.2", 1),
        ("60", 60),
        ("86400", 86_400),
        ("-1", None),
        ("soon", None),
        (None, None),
        ("nan", None),
        ("Thu, 01 Jan 1970 00:00:20 GMT", 20),
        ("Fri, 02 Jan 1970 00:00:20 GMT", 86_420),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(value: str | None, seconds: int | None) -> None:
    assert retry_after_s(value, 0) == seconds


def test_a_client_is_told_to_wait_a_minute_at_most() -> None:
    refusal = classify(429, {"Retry-After": "86400"}, b"", upstream="main", now_s=0)
    assert isinstance(refusal, r.UpstreamSlowDown)
    assert (refusal.retry_after_s, refusal.asked_s) == (60, 86_400)


HIDDEN: list[tuple[str, bytes, type[r.Refusal] | None]] = [
    ("an answer", b'{"choices":[]}', None),
    ("an answer with a null error", b'{"choices":[{}],"error":null}', None),
    ("a page", b"<html></html>", r.UpstreamBroke),
    ("nothing", b"  ", r.UpstreamBroke),
    ("cut short", b'{"choices":[{"mess', r.UpstreamBroke),
    ("no choices", b'{"id":"x"}', r.UpstreamBroke),
    ("an error", openai("overloaded", "500"), r.UpstreamOverloaded),
    ("success false", b'{"success":false,"message":"Insufficient balance","code":402}', r.UpstreamExhausted),
    ("aporto key", b'{"code":401,"msg":"You do not have access permissions"}', r.UpstreamKeyRefused),
    ("one-api model", openai("no such model", "model_not_found"), r.UpstreamUnknownModel),
    (
        "openrouter after the first token",
        b'{"choices":[{}],"error":{"code":502,"message":"bad"}}',
        r.UpstreamOverloaded,
    ),
]


@pytest.mark.parametrize(("body", "kind"), [case[1:] for case in HIDDEN], ids=[case[0] for case in HIDDEN])
def test_a_no_inside_a_yes_is_found(body: bytes, kind: type[r.Refusal] | None) -> None:
    refusal = hidden_error(body, upstream="main")
    assert (type(refusal) if refusal is not None else None) is kind
