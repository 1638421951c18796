"""An upstream's no, read the same way whatever its shape: by status, by code and by words.

One shared table for OpenAI, Apertis, Aporto, one-api, new-api, OpenRouter, Anthropic, Ollama, llama.cpp,
FastAPI, plain pages and empty bodies, since they do not agree on what an empty wallet looks like. A kind
of upstream may put rows of its own before it.
"""

import email.utils
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bursar.dialects.canonical import NOT_JSON
from bursar.domain.refusals import (
    CallerFault,
    ContentRefused,
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
from bursar.upstreams.said import Said, read_error

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
        "billing_error",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)
_OUT_OF_MONEY_WORDS = ("额度", "余额", "quota", "balance", "credit", "billing")
_SURELY_OUT_OF_MONEY = ("额度已用尽", "额度不足", "余额不足", "insufficient balance", "credit balance is too low")
_CONTEXT_CODES = frozenset(
    {"context_length_exceeded", "context_window_exceeded", "prompt_too_long", "exceed_context_size_error"}
)
_CONTEXT_WORDS = (
    "context length",
    "context window",
    "context size",
    "maximum context",
    "too many tokens",
    "prompt is too long",
    "input is too long",
    "reduce the length of the messages",
    "when context the overflows",
)
_MODEL_CODES = frozenset({"model_not_found", "model_not_exist", "invalid_model", "model_access_denied"})
_MODEL_WORDS = ("is not a valid model id", "no models loaded", "does not have access to model", "无可用渠道")
_FILTER_CODES = frozenset({"content_filter", "content_policy_violation", "content_policy", "moderation_blocked"})
_FILTER_WORDS = ("content management policy", "requires moderation", "content_policy_violation")
_STATUS_OF_WORD = {
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "billing_error": 402,
    "insufficient_quota": 429,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "not_found_error": 404,
    "request_too_large": 413,
    "invalid_request_error": 400,
    "overloaded_error": 529,
    "timeout_error": 504,
}
"""Where a body within a 200 names no status: the one that its code or type goes with."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a kind's own: what answers like this mean there. An empty condition holds for all.

    `header` is the name of a header that says `true`; of `words`, in small letters, one must be in the message.
    """

    meaning: type[Refusal]
    what: str
    statuses: frozenset[int] = frozenset()
    words: tuple[str, ...] = ()
    header: str = ""

    def fits(self, status: int, headers: Mapping[str, str], said: Said) -> bool:
        """Whether an answer is one of these."""
        return (
            (not self.statuses or status in self.statuses)
            and (not self.words or any(word in said.words for word in self.words))
            and (not self.header or headers.get(self.header, "").lower() == "true")
        )


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    upstream: str,
    now_s: float,
    rows: tuple[Row, ...] = (),
    pause_s: int | None = None,
) -> Refusal:
    """The refusal that an answer with a status other than 2xx means.

    `now_s` is for dates in Retry-After; `pause_s` how long to leave the upstream alone after a 429 that does
    not say.
    """
    said = read_error(body)
    if 300 <= status < 400:
        return UpstreamBroke(f"Upstream {upstream} answered with a redirect ({status}), which is never followed.")
    own = next((row for row in rows if row.fits(status, headers, said)), None)
    if own is not None:
        return _of_row(own, status, said, upstream)
    if status in (403, 503) and said.is_edge_page and (status == 403 or "1010" in said.words):
        return UpstreamBlocked(
            f"The edge of upstream {upstream} refused the request ({status}) before it reached the vendor; "
            f"set another `user_agent` for [upstreams.{upstream}] or ask the vendor."
        )
    if _is_out_of_money(status, said):
        return UpstreamExhausted(_sentence(upstream, "is out of money or quota", status, said))
    if status in (401, 403):
        return _not_let_in(status, said, upstream)
    if status == 429:
        asked_s = retry_after_s(headers.get("Retry-After"), now_s)
        return _waiting(UpstreamSlowDown(_sentence(upstream, "asks to slow down", status, said)), asked_s or pause_s)
    if status in (408, 504):
        return _stated(UpstreamTimeout(_sentence(upstream, "timed out", status, said)))
    if status >= 500:
        if any(word in said.words for word in _MODEL_WORDS) or (status == 503 and "channel" in said.words):
            return UpstreamUnknownModel(_sentence(upstream, "has nobody to serve this model", status, said))
        if _is_too_long(said):
            return _too_long(400, said, upstream)
        refusal = UpstreamOverloaded(_sentence(upstream, "is overloaded or broken", status, said))
        return _waiting(refusal, retry_after_s(headers.get("Retry-After"), now_s))
    return _caller_fault(status, said, upstream)


def hidden_error(body: bytes, *, upstream: str, rows: tuple[Row, ...] = ()) -> Refusal | None:
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
    return classify(_meant_status(value), {}, body, upstream=upstream, now_s=0, rows=rows)


def retry_after_s(value: str | None, now_s: float) -> int | None:
    """Whole seconds of a Retry-After in seconds or as a date, however long; None for nonsense or the past."""
    if value is None:
        return None
    try:
        wait = float(value)
    except ValueError:
        try:
            wait = email.utils.parsedate_to_datetime(value).timestamp() - now_s
        except (ValueError, TypeError, OverflowError):
            return None
    return -(-int(wait * 1000) // 1000) if 0 <= wait < 2**31 else None


def _of_row(row: Row, status: int, said: Said, upstream: str) -> Refusal:
    if issubclass(row.meaning, CallerFault):
        return row.meaning(
            said.shown or f"Upstream {upstream} {row.what} ({status}).",
            status=400 if status >= 500 else status,
            code=said.code if said.code and not said.code.isdigit() else row.meaning.code,
            type=said.type or "invalid_request_error",
            param=said.param,
        )
    return row.meaning(_sentence(upstream, row.what, status, said))


def _not_let_in(status: int, said: Said, upstream: str) -> Refusal:
    if said.code in _FILTER_CODES or any(word in said.words for word in _FILTER_WORDS):
        return _caller_fault(status, said, upstream)
    if said.code in _MODEL_CODES or any(word in said.words for word in _MODEL_WORDS):
        return UpstreamUnknownModel(_sentence(upstream, "does not let us use the model", status, said), param="model")
    return UpstreamKeyRefused(_sentence(upstream, "does not accept our credentials or our request", status, said))


def _caller_fault(status: int, said: Said, upstream: str) -> Refusal:
    message = said.shown if not said.page and said.message else f"Upstream {upstream} refused the request ({status})."
    kind = said.type or "invalid_request_error"
    if _is_too_long(said):
        return _too_long(status, said, upstream)
    if said.code in _FILTER_CODES or any(word in said.words for word in _FILTER_WORDS):
        code = said.code if said.code in _FILTER_CODES else "content_filter"
        return ContentRefused(message, status=status, code=code, type=kind, param=said.param)
    if said.code in _MODEL_CODES or status == 404 or any(word in said.words for word in _MODEL_WORDS):
        return UpstreamUnknownModel(_sentence(upstream, "does not have the model", status, said), param="model")
    code = said.code if said.code and not said.code.isdigit() else "invalid_request"
    return CallerFault(message, status=status, code=code, type=kind, param=said.param)


def _too_long(status: int, said: Said, upstream: str) -> Refusal:
    message = said.shown or f"The request is too long for upstream {upstream} ({status})."
    kind = said.type or "invalid_request_error"
    refusal = ContextTooLong(message, status=status, code="context_length_exceeded", type=kind, param=said.param)
    refusal.window = said.window
    return refusal


def _is_too_long(said: Said) -> bool:
    if said.code in _CONTEXT_CODES or said.type in _CONTEXT_CODES:
        return True
    return not said.is_edge_page and any(word in said.words for word in _CONTEXT_WORDS)


def _is_out_of_money(status: int, said: Said) -> bool:
    if status == 402 or said.code in _OUT_OF_MONEY_CODES or said.type in _OUT_OF_MONEY_CODES:
        return True
    if any(word in said.words for word in _SURELY_OUT_OF_MONEY):
        return True
    return status in (401, 403) and any(word in said.words for word in _OUT_OF_MONEY_WORDS)


def _meant_status(value: dict[str, Any]) -> int:
    """The status that a body within a 200 states: in `code`, or in the code or type of its error object."""
    error = value.get("error")
    inner = error if isinstance(error, dict) else {}
    for code in (inner.get("code"), value.get("code"), value.get("status")):
        if (
            isinstance(code, int | str)
            and not isinstance(code, bool)
            and str(code).isdigit()
            and 400 <= int(code) < 600
        ):
            return int(code)
    said = inner.get("code")
    if isinstance(said, str) and said in _MODEL_CODES:
        return 404
    if isinstance(said, str) and said in _CONTEXT_CODES | _FILTER_CODES:
        return 400
    words = (each for each in (said, inner.get("type")) if isinstance(each, str))
    return next((_STATUS_OF_WORD[word] for word in words if word in _STATUS_OF_WORD), 502)


def _waiting(refusal: UpstreamSlowDown | UpstreamOverloaded, asked_s: int | None) -> Refusal:
    """The refusal with how long the upstream asks to be left alone; what the client is told of it is bounded."""
    refusal.asked_s = asked_s
    refusal.retry_after_s = min(asked_s, LONGEST_RETRY_AFTER_S) if asked_s is not None else None
    return refusal


def _stated(refusal: UpstreamTimeout) -> Refusal:
    """A timeout that the upstream states itself is a no, not silence: it is not charged."""
    refusal.charged = False
    return refusal


def _sentence(upstream: str, what: str, status: int, said: Said) -> str:
    return f"Upstream {upstream} {what} ({status})" + (f": {said.shown}" if said.shown else ".")
