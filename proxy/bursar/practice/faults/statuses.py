"""Faults that are statuses: every way in which vendors say no, in their own shapes."""

import gzip
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache

import msgspec

from bursar.practice.faults.fault import Fault, Mark, Play, Stage
from bursar.practice.refuse import error_body
from bursar.practice.tally import Ending
from bursar.practice.wire import JSON_TYPE

WHERE = "statuses"
BOMB_BYTES = 30 * 1024 * 1024
RETRY_AFTER_S = 3
_HTML = b"text/html; charset=utf-8"
_TEXT = b"text/plain; charset=utf-8"
_BLOCKED = (
    b"<!DOCTYPE html><html><head><title>Access denied</title></head><body><h1>Sorry, you have been blocked</h1>"
    b"<p>error code: 1010</p></body></html>"
)
_BAD_GATEWAY = (
    b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
)
_TOO_LONG = (
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens. "
    "Please reduce the length of the messages."
)


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _saying(status: int, body: bytes, content_type: bytes = JSON_TYPE, headers: bytes = b"") -> Play:
    """Plays one fixed answer."""

    async def play(stage: Stage) -> None:
        stage.refuse(status, body, content_type, headers)

    return play


def _error(name: str, status: int, message: str, kind: str, code: str | None, does: str, headers: bytes = b"") -> Fault:
    """A no in OpenAI's shape."""
    return _fault(name, does, _saying(status, error_body(message, kind, code), headers=headers))


def _fault(name: str, does: str, play: Callable[[Stage], Awaitable[None]]) -> Fault:
    return Fault(f"fault-{name}", WHERE, Mark.CLEAN, Mark.CLEAN, does, play)


def _slow_down(name: str, retry_after: str, does: str) -> Fault:
    headers = f"Retry-After: {retry_after}\r\nX-RateLimit-Limit: 3000\r\nX-RateLimit-Remaining: 0\r\n".encode()
    message, kind = "Rate limit reached. Please slow down.", "rate_limit_error"
    return _error(name, 429, message, kind, "rate_limit_exceeded", does, headers)


async def echo_key(stage: Stage) -> None:
    message = f"Incorrect API key provided: {stage.visit.key or '(none)'}. You can find your key in your account."
    stage.refuse(401, error_body(message, "authentication_error", "invalid_api_key"))


async def retry_at_date(stage: Stage) -> None:
    at = datetime.fromtimestamp(stage.state.seconds(), UTC) + timedelta(seconds=RETRY_AFTER_S)
    headers = f"Retry-After: {format_datetime(at, usegmt=True)}\r\n".encode()
    stage.refuse(429, error_body("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"), headers=headers)


@cache
def bomb() -> bytes:
    """An error body of 30 MB, in 30 KB of gzip."""
    filler = b'{"error":{"message":"' + b"a" * BOMB_BYTES + b'","type":"server_error","param":null,"code":null}}'
    return gzip.compress(filler, mtime=0)


async def error_bomb(stage: Stage) -> None:
    stage.refuse(500, bomb(), headers=b"Content-Encoding: gzip\r\n")


async def no_content(stage: Stage) -> None:
    stage.wire.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    stage.ended(Ending.REFUSED)


def _one_api(message: str, code: str | None, kind: str = "one_api_error") -> bytes:
    text = f"{message} (request id: 20260131120000practice)"
    return _json({"error": {"message": text, "type": kind, "param": "", "code": code}})


_ONE_API_ID = b"X-Oneapi-Request-Id: 20260131120000practice\r\n"
_NEW_API = b"x-oneapi-request-id: 20260131120000practice\r\nx-new-api-version: v0.0.0\r\n"
_APORTO = b"X-Aporto-Balance-Low: true\r\n"
_DETAIL = {
    "detail": [{"type": "missing", "loc": ["body", "messages", 0, "role"], "msg": "Field required", "input": {}}]
}

FAULTS = (
    _error(
        "400-context",
        400,
        _TOO_LONG,
        "invalid_request_error",
        "context_length_exceeded",
        "says 400: the prompt is longer than its context",
    ),
    _error(
        "400-content-filter",
        400,
        "The response was filtered due to the prompt triggering our content management policy.",
        "invalid_request_error",
        "content_filter",
        "says 400: a content filter refuses the prompt",
    ),
    _fault("401-echo-key", "says 401 and repeats the key in its message", echo_key),
    _error("402", 402, "Insufficient balance.", "billing_error", "insufficient_balance", "says 402: no balance left"),
    _fault("403-html", "says 403 with the block page of an edge", _saying(403, _BLOCKED, _HTML)),
    _error(
        "404-model",
        404,
        "The model does not exist.",
        "invalid_request_error",
        "model_not_found",
        "says 404: unknown model",
    ),
    _error("408", 408, "Request timed out.", "server_error", None, "says 408"),
    _fault("413", "says 413 in plain text", _saying(413, b"Payload Too Large", _TEXT)),
    _fault("422-detail", "says 422 in the shape of FastAPI", _saying(422, _json(_DETAIL))),
    _slow_down("429-secs", str(RETRY_AFTER_S), "says 429 with Retry-After: 3"),
    _fault("429-date", "says 429 with a Retry-After that is a date, 3 seconds from now", retry_at_date),
    _slow_down("429-day", "86400", "says 429 with a Retry-After of a whole day"),
    _slow_down("429-junk", "soon, we promise", "says 429 with a Retry-After that is nonsense"),
    _fault("429-empty", "says 429 with an empty body and no Retry-After", _saying(429, b"", b"")),
    _error(
        "429-quota",
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        "insufficient_quota",
        "says 429, but means that the money is used up",
    ),
    _error("500", 500, "The server had an error.", "server_error", "internal_error", "says 500"),
    _fault("500-string", "says 500 with a bare JSON string", _saying(500, _json("something went wrong"))),
    _fault("500-error-string", "says 500 with an `error` that is a string", _saying(500, _json({"error": "it broke"}))),
    _fault("502-html", "says 502 with an HTML page", _saying(502, _BAD_GATEWAY, _HTML)),
    _fault("503-empty", "says 503 with an empty body", _saying(503, b"", b"")),
    _error("504", 504, "Upstream timed out.", "server_error", "upstream_error", "says 504"),
    _fault(
        "529",
        "says 529 in the shape of Anthropic",
        _saying(529, _json({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})),
    ),
    _fault("500-bomb", "says 500 with a body of 30 MB, in 30 KB of gzip", error_bomb),
    _fault("204", "says 204 and nothing else", no_content),
    _fault(
        "oneapi-wallet",
        "says 403 as one-api: the wallet is too small",
        _saying(403, _one_api("insufficient user quota", "insufficient_user_quota"), headers=_ONE_API_ID),
    ),
    _fault(
        "oneapi-token-quota",
        "says 403 as one-api: the quota of the key is too small",
        _saying(403, _one_api("pre consume token quota failed", "pre_consume_token_quota_failed"), headers=_ONE_API_ID),
    ),
    _fault(
        "oneapi-used-up",
        "says 401 as one-api, in Chinese and without a code: the quota of the key is used up",
        _saying(401, _one_api("该令牌额度已用尽", None), headers=_ONE_API_ID),
    ),
    _fault(
        "oneapi-no-channel",
        "says 503 as one-api, without a code: it has no channel for the model",
        _saying(503, _one_api("当前分组下对于模型无可用渠道", None), headers=_ONE_API_ID),
    ),
    _fault(
        "newapi-wallet",
        "says 403 as new-api: the wallet is too small",
        _saying(
            403, _one_api("user quota is not enough", "insufficient_user_quota", "new_api_error"), headers=_NEW_API
        ),
    ),
    _fault(
        "aporto-balance",
        "says 402 as Aporto: `success: false`, and a header that the balance is low",
        _saying(402, _json({"success": False, "message": "Insufficient balance"}), headers=_APORTO),
    ),
)
