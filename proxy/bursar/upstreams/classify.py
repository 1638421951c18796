"""An upstream's no, read the same way whatever its shape: by status, by code and by words.

One shared table for OpenAI, Apertis, Aporto, one-api, new-api, OpenRouter, Anthropic, FastAPI,
plain pages and empty bodies, since they do not agree on what an empty wallet looks like.
"""

import email.utils
from collections.abc import Mapping
from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON
from bursar.domain.refusals import (
    CallerFault,
    ContextTooLong,
    Refusal,
    UpstreamBlocked,
    UpstreamBroke,
    UpstreamExhausted,
    UpstreamKeyRefused,
    UpstreamOverloaded,
    UpstreamSlowDown,
    UpstreamTimeout,
    UpstreamUnknownModel,
)

LONGEST_RETRY_AFTER_S = 60

_OUT_OF_MONEY_CODES = frozenset(
    {
        "insufficient_quota",
        "insufficient_user_quota",
        "pre_consume_token_quota_failed",
        "insufficient_balance",
        "quota_exceeded",
        "subscription_expired",
        "payment_failed",
    }
)
_OUT_OF_MONEY_WORDS = ("额度", "余额", "quota", "balance", "credit", "billing")
_CONTEXT_CODES = frozenset({"context_length_exceeded", "context_window_exceeded", "prompt_too_long"})
_CONTEXT_WORDS = (
    "context length",
    "context window",
    "maximum context",
    "too many tokens",
    "prompt is too long",
    "input is too long",
    "reduce the length of the messages",
)
_MODEL_CODES = frozenset({"model_not_found", "model_not_exist", "invalid_model"})
_FILTER_CODES = frozenset({"content_filter", "content_policy_violation", "content_policy"})
_EDGE_WORDS = ("error code: 1010", "error 1010", "cloudflare", "<html", "<!doctype")
_SHOWN_LENGTH = 600


class Said(msgspec.Struct, frozen=True):
    """What an error body says, whatever its shape: `page` marks one that is no JSON object."""

    message: str
    code: str
    type: str
    param: str | None
    page: bool = False


def read_error(body: bytes) -> Said:
    """The message, code and type in a body of any shape; nothing where there is nothing."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value = msgspec.json.decode(body)
    except NOT_JSON:
        return Said(text, "", "", None, page=bool(text))
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str):
        return Said(value, "", "", None)
    if not isinstance(value, dict):
        return Said(text, "", "", None, page=True)
    error = value.get("error")
    if isinstance(error, str):
        return Said(error, _word(value.get("code")), _word(value.get("type")), None)
    said: dict[str, Any] = error if isinstance(error, dict) else value
    param = said.get("param")
    return Said(
        _message(said),
        _word(said.get("code")) or _word(said.get("reason")),
        _word(said.get("type")),
        param if isinstance(param, str) and param else None,
    )


def classify(status: int, headers: Mapping[str, str], body: bytes, *, upstream: str, now_s: float) -> Refusal:
    """The refusal that an answer with a status other than 2xx means. `now_s` is for dates in Retry-After."""
    said = read_error(body)
    if 300 <= status < 400:
        return UpstreamBroke(f"Upstream {upstream} answered with a redirect ({status}), which is never followed.")
    shown = _shown(said)
    words = said.message.lower()
    if _is_out_of_money(status, said.code, words):
        return UpstreamExhausted(_sentence(upstream, "is out of money or quota", status, shown))
    if status == 403 and (said.page or not said.message) and any(word in words for word in _EDGE_WORDS):
        return UpstreamBlocked(
            f"The edge of upstream {upstream} refused the request (403) before it reached the vendor; "
            f"set another `user_agent` for [upstreams.{upstream}] or ask the vendor."
        )
    if status in (401, 403):
        return UpstreamKeyRefused(_sentence(upstream, "does not accept our credentials or our request", status, shown))
    if status == 429:
        wait = retry_after_s(headers.get("Retry-After"), now_s)
        return UpstreamSlowDown(_sentence(upstream, "asks to slow down", status, shown), retry_after_s=wait)
    if status == 408 or status == 504:
        return UpstreamTimeout(_sentence(upstream, "timed out", status, shown))
    if status >= 500:
        if status == 503 and "channel" in words or "无可用渠道" in words:
            return UpstreamUnknownModel(_sentence(upstream, "has nobody to serve this model", status, shown))
        return UpstreamOverloaded(_sentence(upstream, "is overloaded or broken", status, shown))
    return _caller_fault(status, said, words, shown, upstream)


def hidden_error(body: bytes, *, upstream: str) -> Refusal | None:
    """The refusal inside an answer of status 200 that is none: an error object, `success: false`, a page, nothing."""
    text = body.strip()
    if not text:
        return UpstreamBroke(f"Upstream {upstream} answered 200 with an empty body.")
    try:
        value = msgspec.json.decode(text)
    except NOT_JSON:
        return UpstreamBroke(f"Upstream {upstream} answered 200 with something that is no JSON.")
    if not isinstance(value, dict):
        return UpstreamBroke(f"Upstream {upstream} answered 200 with JSON that is no object.")
    if "choices" in value and not value.get("error"):
        return None
    code = value.get("code")
    failed = value.get("error") or value.get("success") is False or (code is not None and code not in (0, 200, "200"))
    if not failed:
        return UpstreamBroke(f"Upstream {upstream} answered 200 without any choices.")
    return classify(_meant_status(value), {}, body, upstream=upstream, now_s=0)


def _caller_fault(status: int, said: Said, words: str, shown: str, upstream: str) -> Refusal:
    message = shown if not said.page and said.message else f"Upstream {upstream} refused the request ({status})."
    kind = said.type or "invalid_request_error"
    if said.code in _CONTEXT_CODES or any(word in words for word in _CONTEXT_WORDS):
        return ContextTooLong(message, status=status, code="context_length_exceeded", type=kind, param=said.param)
    if said.code not in _FILTER_CODES and (said.code in _MODEL_CODES or status == 404):
        return UpstreamUnknownModel(_sentence(upstream, "does not have the model", status, shown), param="model")
    return CallerFault(message, status=status, code=said.code or "invalid_request", type=kind, param=said.param)


def _is_out_of_money(status: int, code: str, words: str) -> bool:
    if status == 402 or code in _OUT_OF_MONEY_CODES:
        return True
    return status in (401, 403) and any(word in words for word in _OUT_OF_MONEY_WORDS)


def _meant_status(value: dict[str, Any]) -> int:
    """The status that a body within a 200 states: in `code`, or in the code of its error object."""
    error = value.get("error")
    for code in (error.get("code") if isinstance(error, dict) else None, value.get("code"), value.get("status")):
        if (
            isinstance(code, int | str)
            and not isinstance(code, bool)
            and str(code).isdigit()
            and 400 <= int(code) < 600
        ):
            return int(code)
    said = error.get("code") if isinstance(error, dict) else None
    return 404 if said in _MODEL_CODES else 400 if said in _CONTEXT_CODES | _FILTER_CODES else 502


def retry_after_s(value: str | None, now_s: float) -> int | None:
    """Whole seconds of a Retry-After in seconds or as a date, at most a minute; None for nonsense or a longer wait."""
    if value is None:
        return None
    try:
        wait = float(value)
    except ValueError:
        try:
            wait = email.utils.parsedate_to_datetime(value).timestamp() - now_s
        except (ValueError, TypeError, OverflowError):
            return None
    return -(-int(wait * 1000) // 1000) if 0 <= wait <= LONGEST_RETRY_AFTER_S else None


def _message(said: dict[str, Any]) -> str:
    for name in ("message", "msg", "detail", "error_msg", "title"):
        value = said.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list) and value:  # FastAPI lists what it found wrong
            first = value[0]
            if isinstance(first, dict) and isinstance(first.get("msg"), str):
                place = ".".join(str(part) for part in first.get("loc", ()) if part != "body")
                return f"{place}: {first['msg']}" if place else str(first["msg"])
    return ""


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _shown(said: Said) -> str:
    """The vendor's own words, where they are words: a page is dropped, a long text cut."""
    if said.page and any(word in said.message.lower() for word in _EDGE_WORDS):
        return ""
    return said.message if len(said.message) <= _SHOWN_LENGTH else said.message[:_SHOWN_LENGTH] + "…"


def _sentence(upstream: str, what: str, status: int, shown: str) -> str:
    return f"Upstream {upstream} {what} ({status})" + (f": {shown}" if shown else ".")
